"""What the report says of recurrent cells: every code in words, names as names, figures that draw."""

import pytest
from matplotlib.figure import Figure
from msgspec.structs import replace
from synthetic import rnn_fixed_points
from synthetic_documents import HOSTILE

from netaudit.analyses.network.rnn_fixed_points.method import method
from netaudit.analyses.network.rnn_fixed_points.payload import RnnFixedPoints
from netaudit.analyses.network.rnn_fixed_points.present import line, present, words
from netaudit.analyses.network.rnn_fixed_points.words import against
from netaudit.recurrent.line_verdict import GAP, LASTS, NEVER, SHARE
from netaudit.recurrent.nulls import NULLS
from netaudit.report.document.model import Pair, Table


def test_the_line_of_page_one():
    assert line(rnn_fixed_points.example()) == (
        "Recurrent cells (on real sequences; the input then held at zero): rnn.l0 has a line attractor."
    )
    left_out = RnnFixedPoints((), rnn_fixed_points.example().left_out)
    assert line(left_out) == "No recurrent cell was looked at: it is a projected LSTM."


def test_page_one_says_why_the_inputs_given_did_not_drive_a_cell():
    """Numbers of tokens beyond the embedding, say; with no inputs at all there is nothing to explain."""
    real = rnn_fixed_points.cell("a")
    noise = replace(rnn_fixed_points.cell("b"), inputs="noise", unused="token_numbers")
    why = "since the real inputs are no numbers of tokens in the embedding"
    assert line(RnnFixedPoints((noise,), ())).startswith(
        f"Recurrent cells (driven by noise, not by real sequences, {why}; the input"
    )
    assert line(RnnFixedPoints((real, noise), ())).startswith(
        f"Recurrent cells (on real sequences, but b on noise, {why}; the input"
    )
    without = replace(noise, unused="no_data")
    assert line(RnnFixedPoints((without,), ())).startswith(
        "Recurrent cells (driven by noise, not by real sequences; the input"
    )


def test_words_of_a_cell():
    found = words(rnn_fixed_points.cell("a\nb", "point_attractors", ("gap?", "slowest", "share_of_shuffled")))
    assert found == (
        "a\\nb, a GRU of 64 units, was driven by 64 sequences of 60 steps of real tokens. With the input held at zero, "
        "it has point attractors, and no line attractor by the rule: 3 slow points and 1 fixed point (1 stable) were "
        "found from 100 starts. 1 more end of the search lay far from all states of the sequences, and was dropped. "
        "Against a line attractor: the next mode is more than half as slow (the interval leaves it open); the slowest "
        "mode fades, or grows, within half a sequence; the cell with its recurrent weights shuffled reaches its share. "
        "The readout is that of fc."
    )


def test_every_code_has_words():
    figures = ("share", "slowest", "gap")
    beyond = [f"{figure}_of_{null}" for figure in figures for null in NULLS]
    for code in (*figures, "second", "forgets", "no_points", *beyond):
        assert against([code]) != code
        assert "_" not in against([code])


def test_tables_and_figures():
    of_name = rnn_fixed_points.example(HOSTILE[0])
    blocks = present(of_name, None).blocks
    for table in (block for block in blocks if isinstance(block, Table)):
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert {row[0].style for row in table.rows} == {"name"}
    [pair] = [block for block in blocks if isinstance(block, Pair)]
    assert [figure.stem for figure in pair.items] == [
        "rnn_states_001",
        "rnn_eigenvalues_001",
        "rnn_constants_001",
        "rnn_speed_001",
    ]
    for figure in pair.items:
        canvas = Figure()
        figure.draw(canvas)
        assert canvas.axes
        assert figure.alt.startswith(figure.caption)


@pytest.mark.parametrize("threshold", [SHARE, NEVER])
def test_the_method_states_the_rule(threshold):
    text = " ".join(method().blocks)
    assert {SHARE: "at least 0.9 of", NEVER: "Below a tenth"}[threshold] in text
    assert (LASTS, GAP) == (0.5, 2.0)
    assert "at least half the length of a sequence and at least twice the next" in text
    assert "the next is below half the length of a sequence" in text
