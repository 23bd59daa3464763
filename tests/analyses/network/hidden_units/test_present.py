"""The words on hidden units, their table, their figures; and payloads that come from anywhere."""

import re
from math import atanh, tanh

import msgspec
import pytest
from synthetic.drawing import svg
from synthetic.hidden_units import example, trained, unjudged

from netaudit.analyses.network.hidden_units import present as words
from netaudit.analyses.network.hidden_units.balance import verdict_on
from netaudit.analyses.network.hidden_units.figure import draw
from netaudit.analyses.network.hidden_units.payload import THRESHOLD, ZERO, HiddenUnits, Training, UnitPair, UnitsCurve
from netaudit.network.layers import SkippedLayer
from netaudit.report.document.formulas import formulas
from netaudit.report.document.model import Items, Paragraph, Table
from netaudit.report.document.prose import prose
from netaudit.report.figures import style

replace = msgspec.structs.replace


def only(blocks, kind):
    [found] = [block for block in blocks if isinstance(block, kind)]
    return found


def texts(blocks):
    spans = [block.spans for block in blocks if isinstance(block, Paragraph)]
    return ["".join(span.text for span in each) for each in spans]


def present(*pairs, place):
    return words.present(HiddenUnits(pairs), place("a", "b"))


def test_one_row_and_one_sentence_a_pair(place):
    skipped = [SkippedLayer("classifier.6", (10, 400), "left out by --exclude")]
    blocks = words.present(example(), place("classifier.1", skipped=skipped)).blocks
    rows = [[span.text for span in row] for row in only(blocks, Table).rows]
    assert rows == [
        ["classifier.1", "400", "2", "11", "1", "0.923", "[0.907, 0.937]", "trained"],
        ["classifier.4", "400", "0", "–", "0", "–", "–", "– not applicable"],
    ]
    sentences = ["".join(span.text for span in item) for item in only(blocks, Items).items]
    assert sentences == [
        "classifier.1 and classifier.4 (relu): trained; Spearman's correlation 0.911. The norms of a unit's incoming "
        "and outgoing weights go together, as gradient descent leaves them. Those of independent weights do not. "
        "13 dead or unused units are left out of r.",
        "classifier.4 and classifier.6 (relu): – not applicable. The upper layer was not audited (left out by "
        "--exclude).",
    ]


def test_the_rule_is_said_once_and_where_something_is_judged(place):
    said = texts(present(*(trained(str(i), str(i + 1)) for i in range(5)), place=place).blocks)
    [rule] = [text for text in said if "balance of norms" in text]
    assert f"trained if the 95% interval of r lies above {THRESHOLD}, " in rule
    assert "the two norms share 9% of their variance" in rule
    assert not [text for text in texts(present(unjudged("a", "b"), place=place).blocks) if "balance of norms" in text]


def test_the_section_leads_to_the_method(place):
    what = only(present(unjudged("a", "b"), place=place).blocks, Paragraph)
    assert [(span.text, span.link) for span in what.spans if span.link] == [
        ("section {section}", "method-hidden-units")
    ]


def test_every_word_of_a_result_has_one_in_the_report():
    assert set(words.TRAINING) == set(Training.__args__)


@pytest.mark.parametrize(
    ("activation", "said"), [("relu", False), ("leaky_relu", False), ("linear", False), ("gelu", True)]
)
def test_an_activation_that_does_not_keep_the_balance_is_said(place, activation, said):
    note = words.note(replace(trained("a", "b"), activation=activation), place())
    assert (f"With {activation} between the layers" in note) is said


@pytest.mark.parametrize(
    ("left", "says"),
    [(0, "do not."), (1, "1 dead or unused unit is left out of r."), (3, "3 dead or unused units are left out of r.")],
)
def test_units_left_out_are_counted(place, left, says):
    assert words.note(replace(trained("a", "b"), n=400 - left), place()).endswith(says)


@pytest.mark.parametrize(
    ("reasons", "note"),
    [
        (("few_units",), "Fewer than 10 units are neither dead nor unused."),
        (("equal_incoming_norms",), "The incoming weights of all units have the same norm up to rounding."),
        (("equal_outgoing_norms",), "The outgoing weights of all units have the same norm up to rounding."),
        (("lower_not_finite",), "The lower layer holds NaN or infinite values."),
        (("lower_empty", "upper_empty"), "The lower layer is empty and the upper layer is empty."),
        (("upper_not_audited",), "The upper layer was not audited (too large)."),
        (
            ("lower_not_audited", "upper_not_audited"),
            "The lower layer was not audited and the upper layer was not audited (too large).",
        ),
    ],
)
def test_what_could_not_be_judged_says_why(place, reasons, note):
    here = place(skipped=[SkippedLayer("b", (3, 4), "too large")])
    assert words.note(replace(unjudged("a", "b"), reasons=reasons), here) == note


def pair(verdict, r, dead=0, unused=0, duplicates=0):
    interval = None if r is None else (r, r)
    return UnitPair("a", "b", "relu", 9, dead, unused, duplicates, verdict, n=9, r=r, interval=interval)


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ([pair("trained", 0.961)], "trained (r = 0.96). None was found dead, unused or a duplicate."),
        (
            [pair("trained", 0.961), pair("trained", 0.894)],
            "trained in 2 of 2 pairs of layers (r = 0.96, 0.89). None was found dead, unused or a duplicate.",
        ),
        (
            [pair("undecided", 0.3), pair("trained", 0.8, 1, 2), pair("untrained_like", 0.01, 3, 4, 1)],
            "undecided in 1 of 3 pairs of layers (r = 0.3); trained in 1 (r = 0.8); no sign of training in 1 "
            "(r = 0.01). Found: 4 dead, 6 unused, 1 duplicate.",
        ),
        ([pair("opposed", -0.5)] * 5, "opposed in 5 of 5 pairs of layers (r = −0.5, −0.5, −0.5 and 2 more). None"),
        ([pair("not_applicable", None, 0, None, 0)], "not judged. None was found"),
        ([pair("not_applicable", None, None, 7, None)], "not judged. Found: 0 dead, 7 unused, 0 duplicates."),
        ([pair("not_applicable", None, None, None, None)] * 2, "not judged in 2 of 2 pairs of layers."),
    ],
)
def test_the_line_on_page_one(place, pairs, says):
    line = present(*pairs, place=place).line
    start = "Hidden units, by the correlation r of their incoming with their outgoing norms: "
    assert line.startswith(start + says)
    assert ("found" in line.lower()) is ("ound" in says or says.endswith("None"))


def test_many_pairs_are_cut_on_paper_only(place, monkeypatch):
    monkeypatch.setattr(words, "ON_PAPER", 3)
    blocks = present(*(unjudged(str(i), str(i + 1)) for i in range(5)), place=place).blocks
    table = only(blocks, Table)
    assert len(only(blocks, Items).items) == 3
    assert "The reasons of 2 other pairs are in audit.json." in str(blocks)
    assert len(table.rows) == 5
    assert table.printed == (0, 1, 2)
    assert table.printed_note.startswith("The first 3 of 5")
    assert only(present(unjudged("a", "b"), place=place).blocks, Table).printed is None


def test_the_first_pairs_that_can_be_drawn_are(place):
    drawable = [trained(str(i), str(i + 1)) for i in range(words.PAIRS_DRAWN + 2)]
    figures = present(unjudged("a", "b"), *drawable, place=place).figures
    assert [figure.stem for figure in figures] == [f"hidden_units_{i:03}" for i in range(2, words.PAIRS_DRAWN + 2)]


def test_caption_and_alternative_text(place):
    planned = trained("fc6", "fc7")
    [figure] = present(planned, place=place).figures
    assert "between layers fc6 and fc7" in figure.caption
    assert "r = 0.923; 200 of 387 units drawn." in figure.caption
    low, high = min(planned.curve.log_in), max(planned.curve.log_in)
    assert f"The incoming ones run from {low:.3g} to {high:.3g},".replace("-", "−") in figure.alt
    [whole] = present(replace(planned, n=200), place=place).figures
    assert "drawn" not in whole.caption


def test_hostile_names_are_made_safe(place):
    name = "a\x1b[31m" + "b" * 400
    shown = present(replace(trained(name, name), activation=name), place=place)
    everything = "".join(texts(shown.blocks)) + str(shown.blocks) + str(shown.figures) + shown.line
    assert "\x1b" not in everything
    assert "b" * 301 not in everything


@pytest.mark.parametrize(("log_out", "crosses"), [((0.5, 1.5), True), ((5.0, 9.0), False), ((-9.0, -5.0), False)])
def test_equal_norms_are_a_line_where_it_crosses_the_picture(log_out, crosses):
    figure = style.canvas()
    draw(UnitsCurve((0.0, 2.0), log_out), figure)
    [axes] = figure.axes
    assert ("equal norms" in axes.get_legend_handles_labels()[1]) is crosses
    assert axes.get_xlim()[0] < 0 < 2 < axes.get_xlim()[1]
    if crosses:
        line = axes.get_lines()[1]
        assert line.get_xdata().tolist() == line.get_ydata().tolist()


@pytest.mark.parametrize("values", [(0.0,), (3.0, 3.0), (-1e90, 1e90)])
def test_odd_points_are_drawn(place, values):
    [figure] = present(replace(trained("a", "b"), curve=UnitsCurve(values, values)), place=place).figures
    drawn = svg(figure)
    assert drawn.startswith("<svg")
    assert "nan" not in re.sub(r"<title.*?</title>", "", drawn)


def read(change):
    stored = msgspec.to_builtins(example())
    change(stored)
    return msgspec.convert(stored, HiddenUnits)


def test_what_is_stored_is_read_back():
    assert read(lambda stored: None) == example()


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("curve", {"log_in": [1.0]}, "log_out"),
        ("curve", {"log_in": [1.0], "log_out": [1.0, 2.0]}, "lengths differ"),
        ("curve", {"log_in": [], "log_out": []}, "no points"),
        ("curve", {"log_in": [None], "log_out": [1.0]}, "Expected `float`"),
        ("curve", {"log_in": [0.0] * 601, "log_out": [0.0] * 601}, "length <= 600"),
        ("curve", {"log_in": [1e101], "log_out": [1.0]}, "<= 1e\\+100"),
        ("r", None, "judged where it has r"),
        ("interval", None, "judged where it has r"),
        ("verdict", "not_applicable", "judged where it has r"),
        ("verdict", "as_at_initialisation", "Invalid enum value"),
        ("reasons", ["because"], "Invalid enum value"),
        ("units", -1, ">= 0"),
        ("note", "<script>", "unknown field"),
    ],
)
def test_hostile_values_are_refused(field, value, reason):
    def change(stored):
        stored["pairs"][0][field] = value

    with pytest.raises(msgspec.ValidationError, match=reason):
        read(change)


def test_no_pairs_are_no_hidden_units():
    with pytest.raises(msgspec.ValidationError, match="length >= 1"):
        read(lambda stored: stored.update(pairs=[]))


def test_the_printed_numbers_are_those_of_the_audit():
    text = " ".join(block for block in words.method().blocks if isinstance(block, str))
    assert f"if it lies above {THRESHOLD};" in text
    assert f"within ±{THRESHOLD}, which takes at least 44 units" in text
    assert formulas()["tiny"].typst == "10^(-6)"
    assert ZERO == 1e-6
    for units, verdict in ((43, "undecided"), (44, "untrained_like")):
        end = tanh(atanh(0.0) + 1.96 / (units - 3) ** 0.5)  # the printed formula at r = 0
        assert verdict_on((-end, end)) == verdict


def test_the_method_is_prose_with_known_formulas():
    for block in words.method().blocks:
        assert not isinstance(block, str) or prose(block)
