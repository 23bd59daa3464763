"""What the report says of H3: sentences, the table of spikes, the figure; and what its reader refuses."""

from xml.etree import ElementTree

import matplotlib.style
import msgspec
import pytest
from synthetic.places import place
from synthetic.singular_law import example

from netaudit.analyses.layer.singular_law.figure import draw
from netaudit.analyses.layer.singular_law.payload import (
    NO_RANK,
    SINGLE_WEIGHTS,
    SingularLaw,
    SpectrumCurve,
    SpectrumUsed,
)
from netaudit.analyses.layer.singular_law.present import method, note, present
from netaudit.report.document.model import Equation
from netaudit.report.document.prose import prose
from netaudit.report.figures.style import THEME, canvas
from netaudit.report.figures.svg import to_svg

PLACE = place()


def explained(finding):
    [spans] = present(finding, PLACE).explanation
    return "".join(span.text for span in spans)


def changed(finding, **metrics):
    return msgspec.structs.replace(finding, metrics=dict(finding.metrics) | metrics)


def test_a_finding_is_explained_in_full():
    text = explained(changed(example("fails"), spikes_uncentred=0))
    for piece in (
        "Singular value law × fails. The singular values follow the law within 0.13; 3 singular values lie beyond the "
        "edge of the noise (largest ",
        " of the variance is in the bulk, which follows its own law within 0.0045.",
        "Rule “equivalence of the bulk”: holds if KS distance to the law with its interval is at most 0.05 and share "
        "of variance in the bulk with its own at least 0.95; fails if all of one interval lies beyond; undecided "
        "otherwise.",
        "Origin of the tolerance: netaudit convention: 5 percentage points of probability, and 5% of the variance.",
        "Gaussian null: 40 draws (Gaussian matrix, from the bidiagonal ensemble), median 0.0033.",
    ):
        assert piece in text
    assert "mean of the weights" not in text
    assert "widened" not in text


@pytest.mark.parametrize(("spikes", "words"), [(0, "no singular value lies"), (1, "1 singular value lies")])
def test_spikes_are_counted_in_words(spikes, words):
    assert f"; {words} beyond the edge" in note(changed(example(), spikes=spikes))


def test_a_mean_that_adds_a_spike_is_named():
    assert "The mean of the weights adds a spike, which is left out here" in note(example())


def test_a_bulk_without_a_law_of_its_own():
    assert "of the variance is in the bulk." in note(changed(example(), ks_bulk=None))


def test_a_widened_tolerance_is_stated_as_it_was_used():
    finding = example()
    near = msgspec.structs.replace(finding.conditions[0], limits=(None, 0.123))
    rule = msgspec.structs.replace(finding.rule, widened=True)
    text = explained(msgspec.structs.replace(finding, conditions=(near, finding.conditions[1]), rule=rule))
    assert "is at most 0.123" in text
    assert "widened to twice the range of Gaussian layers of this shape" in text


@pytest.mark.parametrize(
    ("used", "words"),
    [
        (SpectrumUsed("exact", 0.0, 200), ""),
        (
            SpectrumUsed("one_decomposition", 2 / 4096, 8),
            "Without the mean the 8 largest singular values are exact, and the distribution function of the others is "
            "right up to 0.00049, which is two ranks",
        ),
        (
            SpectrumUsed("lanczos", 0.0171, 31, probes=8, steps=256),
            "stochastic Lanczos quadrature (8 probes, 256 steps): the 31 largest are exact, and the distribution "
            "function of the others is right up to 0.017.",
        ),
    ],
)
def test_how_the_singular_values_were_computed_is_said(used, words):
    text = note(msgspec.structs.replace(example(), spectrum=used))
    assert words in text
    assert bool(words) is ("distribution function" in text)


def test_warnings_are_sentences():
    finding = changed(example(), largest_entry_over_limit=1.234)
    single, rank = present(msgspec.structs.replace(finding, warnings=(SINGLE_WEIGHTS, NO_RANK)), PLACE).warnings
    assert "The largest weight is 1.2 times the size at which a single weight makes a spike" in single
    assert "their number is no rank" in rank


def test_a_layer_that_is_too_small_says_so_and_shows_nothing():
    shown = present(example("not_applicable"), PLACE)
    assert (shown.figures, shown.tables, shown.warnings) == ((), (), ())
    assert explained(example("not_applicable")) == (
        "Singular value law – not applicable. The smaller side is below 32."
    )


def test_the_table_of_spikes():
    [table] = present(example("fails"), PLACE).tables
    assert [column.title for column in table.columns] == ["Spike", "u", "Strength", "p", "Variance", "Top 1%"]
    cells = [[span.text for span in row] for row in table.rows]
    assert len(cells) == 3
    assert cells[0][0] == "1"
    assert [row[3] for row in cells] == ["≤ 1 × 10⁻¹²" if float(row[1]) > 2.5 else "0.00031" for row in cells]
    assert {tuple(row[4:]) for row in cells} == {("3.1%", "12%")}
    assert "Spikes of layer fc: place u" in table.caption
    assert "in the top 1% of the outputs (8.5% if spread evenly)" in table.caption
    many = changed(example("fails", spikes=example("fails").spikes * 4), spikes=1234)
    [table] = present(many, PLACE).tables
    assert len(table.rows) == 8
    assert "Spikes of layer fc (8 of 1,234):" in table.caption
    assert present(example(spikes=()), PLACE).tables == ()


def test_the_caption_counts_the_spikes_and_the_alternative_text_says_the_numbers():
    [figure] = present(example("fails", (400, 640)), PLACE).figures
    assert figure.stem == "singular_values"
    assert "the edge of the noise (Tracy-Widom, 99.9%). 4 spikes above it, the largest at" in figure.caption
    assert figure.alt.startswith(figure.caption)
    assert "the law ends at 1.791, the edge of the noise is" in figure.alt
    [figure] = present(changed(example("fails"), spikes=900), PLACE).figures
    assert "900 spikes (3 drawn) above it" in figure.caption
    [figure] = present(changed(example("fails", curve=curve()), spikes=3), PLACE).figures
    assert "3 spikes above it." in figure.caption
    [figure] = present(changed(example(curve=curve()), spikes=0), PLACE).figures
    assert "No singular value lies above the edge." in figure.caption
    assert present(example(curve=None), PLACE).figures == ()


def curve(**changes):
    base = {
        "edges": (0.0, 0.5, 1.0, 1.5, 2.0),
        "density": (0.4, 0.6, 0.5, 0.1),
        "u": (0.0, 1.0, 2.0),
        "law": (0.6, 0.5, 0.0),
        "law_edge": 2.0,
        "tracy_widom_edge": 2.05,
        "spikes": (),
    }
    return SpectrumCurve(**(base | changes))


def drawn(stored):
    """The figure, and its SVG."""
    with matplotlib.style.context(["default", THEME]):
        figure = canvas()
        draw(stored, figure)
        return figure, to_svg(figure, "singular_values", "alt")


def test_far_spikes_get_a_strip_and_the_bulk_stays_readable():
    for spikes, panels in (((21.0, 2.2), 2), ((2.2,), 1)):
        figure, _ = drawn(curve(spikes=spikes))
        assert len(figure.axes) == panels
        assert figure.axes[0].get_xlim()[1] < 3
    assert figure.axes[0].get_legend_handles_labels()[1][-1] == "spikes"


@pytest.mark.parametrize(
    "stored",
    [
        curve(density=(0, 0, 0, 0), law=(0, 0, 0)),
        curve(edges=(5.0, 6.0), density=(1.0,)),
        curve(spikes=(1e90, 2.1)),
    ],
)
def test_odd_but_valid_curves_are_drawn(stored):
    _, svg = drawn(stored)
    assert ElementTree.fromstring(svg).tag.endswith("svg")


def test_the_longest_curve_that_is_read_fits_the_byte_budget():
    n = 599
    longest = curve(
        edges=tuple(i / n * 2 for i in range(n + 1)),
        density=tuple(float(i % 2) for i in range(n)),
        u=tuple(i / n for i in range(n)),
        law=tuple(float(i % 2) for i in range(n)),
        law_edge=1.0,
        tracy_widom_edge=1.1,
        spikes=tuple(201.2 - i for i in range(200)),
    )
    assert msgspec.convert(msgspec.to_builtins(longest), SpectrumCurve) == longest
    _, svg = drawn(longest)
    assert 30_000 < len(svg) < 100_000


def test_what_is_stored_is_read_again():
    for verdict in ("holds", "fails", "not_applicable"):
        assert msgspec.convert(msgspec.to_builtins(example(verdict)), SingularLaw) == example(verdict)


def test_a_stored_finding_without_its_metrics_is_shown_all_the_same():
    bare = msgspec.structs.replace(example("fails"), metrics={}, conditions=(), warnings=("odd_code", SINGLE_WEIGHTS))
    shown = present(msgspec.convert(msgspec.to_builtins(bare), SingularLaw), PLACE)
    assert "follow the law within –; 3 singular values lie" in explained(bare)
    assert shown.warnings[0] == "odd code"
    assert len(shown.figures) == len(shown.tables) == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"law_edge": 0}, "law_edge"),
        ({"law_edge": None}, "law_edge"),
        ({"tracy_widom_edge": -1.0}, "tracy_widom_edge"),
        ({"edges": [2.0, 1.5, 1.0, 0.5, 0.0]}, "edges does not increase"),
        ({"edges": [0, 1]}, "lengths differ"),
        ({"law": [1.0]}, "lengths differ"),
        ({"density": [], "edges": []}, "length"),
        ({"u": [], "law": []}, "length"),
        ({"spikes": [1.0, 2.0]}, "descending"),
        ({"spikes": [1.0] * 201}, "length"),
        ({"spikes": [1e101]}, "spikes"),
        ({"spikes": "many"}, "spikes"),
        ({"u": [0.0] * 601, "law": [0.0] * 601}, "length"),
        ({"odd": 1}, "odd"),
    ],
)
def test_a_curve_that_does_not_fit_is_refused(change, why):
    with pytest.raises(msgspec.ValidationError, match=why):
        msgspec.convert(msgspec.to_builtins(curve()) | change, SpectrumCurve)


@pytest.mark.parametrize(
    "change",
    [{"u": "<b>"}, {"score": 1e300}, {"p": True}, {"p": 1.5}, {"variance_share": -0.1}, {"name": "x"}, {"u": None}],
)
def test_a_spike_that_does_not_fit_is_refused(change):
    stored = msgspec.to_builtins(example("fails"))
    first, *others = stored["spikes"]
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(stored | {"spikes": [first | change, *others]}, SingularLaw)


def test_too_many_spikes_are_refused():
    stored = msgspec.to_builtins(example("fails"))
    with pytest.raises(msgspec.ValidationError, match="length"):
        msgspec.convert(stored | {"spikes": stored["spikes"] * 40}, SingularLaw)


def test_the_method_cites_what_it_names_and_its_formulas_exist():
    parts = method()
    text = " ".join(block for block in parts.blocks if isinstance(block, str))
    for block in parts.blocks:
        prose("{" + block.formula + "}" if isinstance(block, Equation) else block)
    for entry in parts.references:
        author, year = entry.split(" (")[0].split(",")[0].split(" and ")[0].split(". ")[-1], entry.split(" (")[1][:4]
        assert author in text
        assert year in text
