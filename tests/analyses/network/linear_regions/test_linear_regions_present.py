"""Pieces and flips in words, tables and figures; and payloads that come from anywhere."""

import msgspec
import pytest
from synthetic.drawing import svg
from synthetic.linear_regions import example

from netaudit.analyses.network.linear_regions import present as words
from netaudit.analyses.network.linear_regions.figure import draw_flips, draw_segment
from netaudit.analyses.network.linear_regions.method import method
from netaudit.analyses.network.linear_regions.payload import LinearRegions, WholeNetwork
from netaudit.report.document.prose import prose
from netaudit.report.figures import style

replace = msgspec.structs.replace


def test_the_line_on_page_one(place):
    found = words.present(example(), place("fc6", "fc7", "fc8"))
    assert found.line == (
        "Between real inputs of two classes the head is a function of 600 to 620 linear pieces (3 segments); 5 pieces "
        "would follow it to within 1% of its range, in the median."
    )
    assert found.facts == (
        ("Neurons flip as in a random layer", "● holds in 1 hidden layer, × fails in 1"),
        ("Linear pieces, inputs of two classes", "610, the median of 3 segments"),
    )


def test_without_exact_segments_there_is_no_line(place):
    found = words.present(example(walked=False), place("fc6", "fc7", "fc8"))
    assert (found.line, len(found.facts), len(found.blocks), len(found.figures)) == ("", 1, 3, 1)
    assert "too large to be walked exactly" in found.blocks[0].spans[0].text


def test_the_tables(place):
    paragraph, verdicts, pieces, flips = words.present(example(), place("a")).blocks
    rows = [[span.text for span in row] for row in pieces.rows]
    assert rows[0] == ["inputs of one class", "3", "310 (300 to 320)", "2", "5", "15", "50", "62", "0.02"]
    assert [row[0] for row in rows] == ["inputs of one class", "inputs of two classes", "random directions"]
    assert [column.title for column in pieces.columns][3:7] == ["K at 0.1", "K at 0.01", "K at 0.001", "K at 0.0001"]
    rows = [[span.text for span in row] for row in flips.rows]
    assert rows[0] == ["fc6", "inputs of two classes", "30%", "15%", "14.6%", "80.5", "1.02", "31.6%"]
    assert len(rows) == 6
    rows = [[span.text for span in row] for row in verdicts.rows]
    assert rows[0] == ["fc6", "× fails", "80.5", "1.6", "62%", "3%"]
    assert [row[0].style for row in verdicts.rows] == ["name", "name"]
    assert "5% is tolerated" in verdicts.caption
    assert "on the exact segments alone" in flips.caption  # or fewer neurons crossed than flipped were impossible
    said = paragraph.spans[0].text
    assert "Neurons flip as in a random layer: ● holds in 1 hidden layer, × fails in 1." in said
    assert said.endswith(
        "on the first 2% of the way between two real inputs, exactly: 14,500 on the whole way at this density."
    )


def test_why_the_whole_network_is_not_walked_is_said(place):
    found = replace(example(), whole=WholeNetwork(note="It is too large."))
    assert words.present(found, place("a")).blocks[0].spans[0].text.endswith("It is too large.")


def test_captions_and_alternative_texts(place):
    segment, plane, flips = words.present(example(), place("a")).figures
    assert segment.alt.endswith("Knots by layer: layer 1: 3, layer 2: 11.")
    assert "layer 2, random directions: 5%, random layer 2.5%" in flips.alt
    assert "The 2 linear regions of the head" in plane.caption
    assert plane.alt.endswith("Edges by layer: layer 1: 0; layer 2: 1.")
    for figure in (segment, plane, flips):
        assert svg(figure) == svg(figure)


def test_the_figures_draw_what_was_found():
    figure = style.canvas()
    draw_flips(example(), words.ENDS, figure)
    [axes] = figure.axes
    assert axes.get_legend_handles_labels()[1] == [
        "inputs of one class", "inputs of two classes", "random directions", "random layer (hollow)"
    ]  # fmt: skip
    own, law = axes.get_lines()[:2]
    assert (own.get_ydata().tolist(), law.get_ydata().tolist()) == ([0.15, 0.15], [0.075, 0.075])
    figure = style.canvas()
    draw_segment(example().drawn[0], figure)
    above, below = figure.axes
    assert above.get_lines()[0].get_ydata().tolist() == [9.0, 2.0, 3.0]
    bars = [(bar.get_y(), bar.get_height()) for bar in below.patches]
    assert bars == [(0, 1), (0, 2), (1, 5), (2, 6)]


def test_the_method_is_prose():
    for block in method().blocks:
        assert prose(block)


def read(change):
    stored = msgspec.to_builtins(example())
    change(stored)
    return msgspec.convert(stored, LinearRegions)


def test_what_is_stored_is_read_back():
    assert read(lambda stored: None) == example()


def changed(part, **fields):
    def change(stored):
        rows = list(stored[part])
        rows[0] = rows[0] | fields
        stored[part] = rows

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (changed("flips", ends="<script>"), "Invalid enum value"),
        (changed("flips", flipped=1.5), "<= 1"),
        (changed("flips", layer="other"), "not among the hidden layers"),
        (changed("segments", pieces=0), ">= 1"),
        (changed("segments", fewest=[1, 2]), "length"),
        (changed("behaviour", layer="other"), "not among the hidden layers"),
        (changed("behaviour", verdict="perhaps"), "Invalid enum value"),
        (lambda stored: stored["plane"].update(edges=[0.0] * 4), "not those of 4 edges"),
        (lambda stored: stored["plane"].update(edges=[1e200] * 16), "<= 1e"),
        (changed("drawn", t=[0.0]), "lengths differ"),
        (changed("drawn", knots=[[1, 2], [1]]), "lengths differ"),
        (changed("drawn", knots=[[10**13, 2], [1, 2]]), "<= 10"),
    ],
)
def test_hostile_payloads_are_refused(change, reason):
    with pytest.raises(msgspec.ValidationError, match=reason):
        read(change)


def test_hostile_names_are_made_safe(place):
    hostile = replace(
        example(),
        layers=("a\x1b[31m",),
        flips=tuple(replace(row, layer="a\x1b[31m") for row in example().flips),
        behaviour=tuple(replace(row, layer="a\x1b[31m") for row in example().behaviour),
    )
    for table in words.present(hostile, place("a")).blocks[1::2]:
        assert table.rows[0][0].text == r"a\x1b[31m"
