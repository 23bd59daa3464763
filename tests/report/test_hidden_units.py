"""The section on hidden units: its words, its table, its figures."""

import re
from dataclasses import asdict, replace

import numpy as np
import pytest
from synthetic_units import trained, unjudged

from netaudit.report.curves import UnitsCurve, read_units
from netaudit.report.document.build import build_document
from netaudit.report.document.formulas import formulas
from netaudit.report.document.method import method
from netaudit.report.document.model import Items, Pair, Table
from netaudit.report.document.units import TRAINING, alt, caption
from netaudit.report.figures import style
from netaudit.report.figures.draw import draw_figures
from netaudit.report.figures.units import draw_units
from netaudit.report.plan import PAIRS_DRAWN, plan
from netaudit.results import TRAINING as WORDS


def section_of(report):
    document = build_document(report, plan(report), "0" * 64)
    [found] = [section for section in document.sections if section.identifier == "hidden-units"]
    return found


def only(section, kind):
    [found] = [block for block in section.blocks if isinstance(block, kind)]
    return found


def words(section):
    return str(asdict(section))


@pytest.fixture
def pairs(build):
    """A report of nothing but pairs of one's choice: quick to draw."""
    return lambda *units: build([], units=units)


def test_it_follows_the_stack(typical):
    names = [section.identifier for section in build_document(typical, plan(typical), "0" * 64).sections]
    assert names[names.index("stack") + 1] == "hidden-units"


def test_one_row_and_one_sentence_a_pair(typical):
    section = section_of(typical)
    rows = [[run.text for run in row] for row in only(section, Table).rows]
    assert rows == [
        ["classifier.1", "400", "2", "11", "1", "0.923", "[0.907, 0.937]", "trained"],
        ["classifier.4", "400", "0", "–", "0", "–", "–", "– not applicable"],
    ]
    sentences = ["".join(run.text for run in item) for item in only(section, Items).items]
    assert sentences == [
        "classifier.1 and classifier.4 (relu): trained; Spearman's correlation 0.911. The norms go together. 13 dead "
        "or unused units are left out of r.",
        "classifier.4 and classifier.6 (relu): – not applicable. The upper layer was not audited.",
    ]
    assert "Rule “balance of norms”: trained if the 95% interval of r lies above 0.3." in words(section)
    assert "Origin of the tolerance: a convention of these tests." in words(section)


def test_every_word_of_a_result_has_one_in_the_report():
    assert tuple(TRAINING) == WORDS


def test_the_rule_is_said_once(pairs):
    section = section_of(pairs(*(trained(str(i), str(i + 1)) for i in range(5))))
    assert words(section).count("balance of norms") == 1


def test_without_pairs(build, build_layer):
    assert "there are no hidden units to look at" in words(section_of(build([build_layer("fc")])))


def test_a_long_stack_is_cut_on_paper_only(pairs, monkeypatch):
    monkeypatch.setattr("netaudit.report.document.units.ON_PAPER", 3)
    table = only(section_of(pairs(*(unjudged(str(i), str(i + 1)) for i in range(5)))), Table)
    assert len(table.rows) == 5
    assert tuple(table.printed) == (0, 1, 2)
    assert table.printed_note.startswith("The first 3 of 5")
    assert only(section_of(pairs(unjudged("a", "b"))), Table).printed is None


def test_the_first_pairs_that_can_be_drawn_are(pairs):
    units = [unjudged("a", "b"), *(trained(str(i), str(i + 1)) for i in range(PAIRS_DRAWN + 2))]
    report = pairs(*units)
    figures = only(section_of(report), Pair).items
    assert [figure.stem for figure in figures] == [f"hidden_units_{i:03}" for i in range(2, PAIRS_DRAWN + 2)]
    assert {figure.stem for figure in figures} == {stem for stem in draw_figures(plan(report)) if "hidden" in stem}


def test_caption_and_alternative_text(pairs):
    [planned] = plan(pairs(trained("fc6", "fc7"))).units
    assert "between layers fc6 and fc7" in caption(planned)
    assert "r = 0.923; 200 of 387 units drawn." in caption(planned)
    low, high = min(planned.pair.curve["log_in"]), max(planned.pair.curve["log_in"])
    assert f"The incoming ones run from {low:.3g} to {high:.3g},".replace("-", "−") in alt(planned)
    whole = replace(planned, pair=replace(planned.pair, n=200))
    assert "drawn" not in caption(whole)


def test_reads_what_an_audit_stores():
    assert isinstance(read_units(trained("a", "b")), UnitsCurve)


@pytest.mark.parametrize(
    ("curve", "reason"),
    [
        (None, "there is no curve to draw"),
        ({"log_in": [1.0]}, "the curve has no log_out"),
        ({"log_in": [1.0], "log_out": [1.0, 2.0]}, "lengths"),
        ({"log_in": [], "log_out": []}, "not a list"),
        ({"log_in": [None], "log_out": [1.0]}, "not a number"),
        ({"log_in": [0.0] * 601, "log_out": [0.0] * 601}, "more than 600 values"),
    ],
)
def test_points_that_do_not_fit_are_refused_with_a_reason(pairs, curve, reason):
    pair = replace(trained("a", "b"), curve=curve)
    assert reason in read_units(pair)
    assert plan(pairs(pair)).units == ()
    assert not [block for block in section_of(pairs(pair)).blocks if isinstance(block, Pair)]


@pytest.mark.parametrize(("log_out", "crosses"), [([0.5, 1.5], True), ([5.0, 9.0], False), ([-9.0, -5.0], False)])
def test_equal_norms_are_a_line_where_it_crosses_the_picture(log_out, crosses):
    figure = style.canvas()
    draw_units(figure, UnitsCurve(np.array([0.0, 2.0]), np.array(log_out)))
    [axes] = figure.axes
    assert ("equal norms" in axes.get_legend_handles_labels()[1]) is crosses
    assert axes.get_xlim()[0] < 0 < 2 < axes.get_xlim()[1]
    if crosses:
        line = axes.get_lines()[1]
        assert line.get_xdata().tolist() == line.get_ydata().tolist()


@pytest.mark.parametrize("values", [[0.0], [3.0, 3.0], [-1e90, 1e90]])
def test_odd_points_are_drawn(pairs, values):
    pair = replace(trained("a", "b"), curve={"log_in": values, "log_out": values})
    svg = draw_figures(plan(pairs(pair)))["hidden_units_001"]
    assert svg.startswith("<svg")
    assert "nan" not in re.sub(r"<title.*?</title>", "", svg)


def test_the_printed_numbers_are_those_of_the_audit():
    from netaudit.analyses.network.hidden_units.balance import THRESHOLD, verdict_on
    from netaudit.analyses.network.hidden_units.norms import ZERO

    [section] = [each for each in method() if each.identifier == "method-hidden-units"]
    assert section.title.startswith("5.6 ")  # where the section on the results points
    assert f"if it lies above {THRESHOLD}" in words(section)
    assert f"within ±{THRESHOLD}, which takes at least 44" in words(section)
    assert formulas()["tiny"].typst == "10^(-6)"
    assert ZERO == 1e-6
    for units, verdict in ((43, "undecided"), (44, "as_at_initialisation")):
        end = float(np.tanh(1.96 / np.sqrt(units - 3)))  # the printed formula at r = 0
        assert verdict_on((-end, end)) == verdict
