"""The one family of p-values: which tests it has, how they are corrected, and what the report says."""

from types import SimpleNamespace

import msgspec
import pytest
from synthetic.edge_tests import example
from synthetic.singular_law import example as singular_law

from netaudit.analyses.analysis import Place
from netaudit.analyses.network.edge_tests.measure import measure
from netaudit.analyses.network.edge_tests.payload import EdgeTests
from netaudit.analyses.network.edge_tests.present import method, present
from netaudit.report.document.prose import prose
from netaudit.results.payload import NotApplicable
from netaudit.results.report import LayerResult


def layers(*p_values):
    """One layer a p-value; None for one that is too small to be judged, "left out" for one without H3."""
    found = []
    for index, p in enumerate(p_values):
        law = singular_law("not_applicable") if p is None else singular_law()
        if p is not None:
            law = msgspec.structs.replace(law, metrics=dict(law.metrics) | {"tracy_widom_p": p})
        analyses = {} if p == "left out" else {"singular_law": law}
        found.append(LayerResult(str(index), (200, 320), "float32", None, "Linear", analyses))
    return SimpleNamespace(layers=tuple(found))


def test_the_family_is_one_test_a_layer_corrected_by_holm():
    family = measure(layers(0.02, 1e-12, None, "left out", 0.6))
    assert family.method == "holm"
    assert [(test.layer, test.p_value) for test in family.tests] == [("0", 0.02), ("1", 1e-12), ("4", 0.6)]
    assert [test.adjusted for test in family.tests] == pytest.approx([0.04, 3e-12, 0.6])


@pytest.mark.parametrize("found", [(), (None,), ("left out",)])
def test_without_a_test_there_is_a_reason(found):
    assert measure(layers(*found)) == NotApplicable("No layer's singular values were tested.")


def shown(payload):
    words, table = present(payload, Place(None)).blocks
    return "".join(span.text for span in words.spans), table


def test_what_is_tested_and_the_table():
    words, table = shown(example(("fc1", "", "\x1b[31m")))
    assert "The Tracy-Widom test of the largest singular value of A − mean(A)" in words
    assert "The family is these tests and no others" in words
    assert table.caption == "Is there a spike at all? P-values, corrected for 3 tests by Holm's method."
    assert [column.title for column in table.columns] == ["Layer", "p", "p, Holm"]
    assert [[span.text for span in row] for row in table.rows] == [
        ["fc1", "≤ 1 × 10⁻¹²", "3 × 10⁻¹²"],
        ["(no name)", "0.0004", "0.0012"],
        ["\\x1b[31m", "0.0004", "0.0012"],
    ]
    assert table.rows[0][0].style == "name"
    assert (table.printed, table.printed_note) == (None, "")


def test_a_long_family_is_cut_on_paper_only():
    _, table = shown(example([f"layer {index}" for index in range(201)]))
    assert len(table.rows) == 201
    assert table.printed == tuple(range(200))
    assert table.printed_note.startswith("The first 200 of 201")


def test_what_the_reader_takes_and_refuses():
    stored = msgspec.to_builtins(example())
    assert msgspec.convert(stored, EdgeTests) == example()
    for hostile in ({"method": "<b>"}, {"tests": [{"layer": "a", "p_value": 2, "adjusted": 1}]}, {"tests": 3}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(stored | hostile, EdgeTests)


def test_the_method_names_its_source():
    [text], [reference] = method().blocks, method().references
    assert prose(text)
    assert "(Holm 1979)" in text
    assert "S. Holm (1979)" in reference
