"""The picture of page one and the figures over depth."""

import pytest
from matplotlib.figure import Figure as Canvas
from msgspec.structs import replace
from synthetic.audits import document_of, layer, many, report, with_payloads, without_curves
from synthetic.documents import figures, section

from netaudit.analyses.table import BUILT_IN
from netaudit.audit_page.folding import behind, opened, split_tables
from netaudit.audit_page.pictures import graded, over_depth, over_tolerance, picture
from netaudit.audit_page.presented import present
from netaudit.report.document.model import Column, Details, Pair, Paragraph, Span
from netaudit.report.document.numbering import table
from netaudit.report.figures.draw import draw_figure
from netaudit.report.figures.over_depth import Line, OverDepth, draw_over_depth
from netaudit.report.renderers.text import Layout, text_lines, to_text
from netaudit.results import Condition


@pytest.mark.parametrize(
    ("value", "limits", "ratio"),
    [
        (0.1, (None, 0.05), 2.0),
        (0.8, (0.9, None), 1.125),
        (1.5, (0.5, 2.0), 0.75),
        (0.4, (0.5, 2.0), 1.25),
        (0.0, (None, 0.05), 0.0),
        (0.0, (0.9, None), None),
        (-1.0, (None, 0.05), None),
        (1.0, (None, None), None),
    ],
)
def test_a_value_over_its_tolerance(value, limits, ratio):
    found = over_tolerance(Condition("x", value, (value, value), limits, "holds"), value)
    assert found == (None if ratio is None else pytest.approx(ratio))


def test_a_graded_verdict_has_its_interval_over_the_tolerance():
    finding = layer("fc").finding("gaussian_weights")
    condition = Condition("ks_gaussian", 0.03, (0.01, 0.04), (None, 0.02), "undecided")
    found = graded(replace(finding, verdict="undecided", conditions=(condition,)))
    assert (found.ratio, found.low, found.high) == pytest.approx((1.5, 0.5, 2.0))
    assert graded(replace(finding, conditions=())).ratio is None
    assert graded(None) is None


def test_the_picture_has_every_verdict_in_words(typical):
    shown = picture(present(typical, BUILT_IN))
    assert shown.wide
    drawn = draw_figure(shown)
    assert "Of 3 layers: Gaussian weights (H1) holds in 1, fails in 2; " in shown.alt
    assert drawn.startswith("<svg")


def test_of_many_layers_the_picture_has_kinds_and_blocks():
    made = present(many(60), BUILT_IN)
    shown = picture(made)
    assert "by kind of layer and block" in shown.caption
    draw_figure(shown)
    panels = over_depth(made)
    assert panels[0].stem == "claim_gaussian_weights"
    assert all(" a line a kind of layer." in panel.caption for panel in panels)
    draw_figure(panels[0])


def test_the_picture_of_many_layers_holds_no_pixels():
    """A dark page turns the colours of shapes over, and cannot turn those of pixels."""
    drawn = draw_figure(picture(present(many(60), BUILT_IN)))
    assert "<image" not in drawn
    assert drawn.count("<path") > 60


def test_names_that_begin_and_end_alike_are_told_apart_in_the_picture(typical):
    names = ["rnn.weight_ih_l0[reset]", "rnn.weight_hh_l0[reset]", "readout"]
    layers = tuple(replace(each, name=name) for name, each in zip(names, typical.layers, strict=True))
    canvas = Canvas()
    picture(present(replace(typical, layers=layers), BUILT_IN)).draw(canvas)
    shown = [label.get_text() for label in canvas.axes[0].get_yticklabels()]
    assert shown == names


def test_of_few_layers_the_axis_has_their_numbers(typical):
    panel = over_depth(present(typical, BUILT_IN))[0]
    assert "over the layers, numbered as they are listed." in panel.caption
    assert ticks_of(panel) == ["1", "2", "3"]
    layers = [replace(each, name=f"fc{place}") for place, each in enumerate([*typical.layers] * 6)]
    twelve = over_depth(present(replace(typical, layers=tuple(layers)), BUILT_IN))[0]
    assert ticks_of(twelve) == [str(place) for place in range(1, 19, 2)]


def ticks_of(panel):
    canvas = Canvas()
    panel.draw(canvas)
    return [tick.get_text() for tick in canvas.axes[0].get_xticklabels()]


def test_no_line_runs_between_layers_of_one_block():
    ends = {"y": (1.0, 2.0), "low": (0.9, 1.9), "high": (1.1, 2.1)}
    canvas = Canvas()
    lines = (Line("one a block", (0.0, 1.0), **ends), Line("experts", (0.0, 0.0), **ends))
    draw_over_depth(OverDepth("x", (None, 3.0), lines), canvas)
    assert [line.get_linestyle() for line in canvas.axes[0].get_lines()[-2:]] == ["-", "None"]


def test_more_blocks_than_columns_share_one():
    made = many(6 * 130)
    assert "Neighbouring blocks share a column" in picture(present(made, BUILT_IN)).caption


def test_a_claim_without_any_verdict_is_in_a_sentence_and_not_in_the_picture():
    none = [layer(name, verdicts=("holds", "not_applicable", "not_applicable", "holds")) for name in "ab"]
    document = document_of(report([without_curves(each) for each in none]))
    [shown] = [figure for figure in figures(document) if figure.stem == "verdicts"]
    assert "Constant bias" not in shown.alt
    assert to_text(document).count("could not be judged in any layer") == 2


def test_numbers_beyond_all_measure_are_left_out_of_the_figures():
    made = many(21)
    finding = made.layers[0].finding("gaussian_weights")
    huge = replace(finding.conditions[0], value=1e308, interval=(1e308, 1e308))
    odd = with_payloads(made.layers[0], gaussian_weights=replace(finding, conditions=(huge,)))
    panels = over_depth(present(replace(made, layers=(odd, *made.layers[1:])), BUILT_IN))
    assert not any("10³⁰⁸" in panel.alt for panel in panels)


def test_what_stands_back_is_folded():
    item = (Span("Claim ", "strong"), Span("x fails", "fails"), Span(". Found."), Span(" Rule.", "soft"))
    assert opened(item) == item[:3]
    assert [span.text for span in behind(item)] == ["Claim ", "Rule."]
    assert behind(item[:3]) == ()
    assert opened((Span("all soft", "soft"),)) == (Span("all soft", "soft"),)


def test_long_tables_are_folded_and_short_ones_stay():
    long, short = (table("t", [Column("a")], [(Span(str(i)),) for i in range(n)]) for n in (9, 2))
    words = Paragraph((Span("p"),))
    assert split_tables([words, Pair((long, short)), long], 4) == ([words, short], [long, long])


def test_the_terminal_has_every_layer_where_it_is_asked():
    document = document_of(many(30))
    names = [line[0].text for line in text_lines(document, Layout(80, 80, all=True)) if line]
    cut = [name.strip() for name in names if name.startswith("transformer.e…")]
    assert len(cut) == 60  # verdicts and statistics
    assert {len(name) for name in cut} == {28}
    assert not any(line[0].text.startswith("transformer.e") for line in text_lines(document, Layout(80, 80)) if line)
    assert max(sum(len(span.text) for span in line) for line in text_lines(document, Layout(80, 80))) <= 80


def test_details_have_no_numbers_and_are_not_on_paper(typical_document):
    for each in typical_document.sections:
        for block in each.blocks:
            if isinstance(block, Details):
                assert not any(getattr(part, "caption", "").startswith("Table ") for part in block.blocks)
    assert [block for block in section(typical_document, "summary").blocks if isinstance(block, Details)]


def test_a_cell_of_several_layers_or_blocks_shows_the_worst():
    found = {each.title: each for each in picture(present(many(6 * 130), BUILT_IN)).draw.args[0]}
    law = found["Singular value law (H3)"]
    assert law.depths[:3] == ("0", "3", "6")
    assert {cell.verdict for cell in law.cells[law.kinds.index("down")]} == {"fails"}  # each block has one that holds


def test_of_several_limits_the_strictest_is_drawn(typical):
    layers = []
    for each, low in zip(typical.layers, (0.5, 0.7, 0.6), strict=True):
        finding = each.finding("gaussian_weights")
        condition = replace(finding.conditions[0], limits=(low, 9.0 - low))
        layers.append(with_payloads(each, gaussian_weights=replace(finding, conditions=(condition,))))
    panel = over_depth(present(replace(typical, layers=tuple(layers)), BUILT_IN))[0]
    assert panel.draw.args[0].tolerated == (0.7, 8.3)


def test_one_value_is_no_figure_over_depth(typical):
    assert over_depth(present(replace(typical, layers=typical.layers[:1]), BUILT_IN)) == []
