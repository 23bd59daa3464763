"""What a report says of square layers and residual blocks."""

import pytest
from msgspec.structs import replace
from synthetic import depth_limit

from netaudit.analyses.network.depth_limit.payload import Cut
from netaudit.analyses.network.depth_limit.present import method, present
from netaudit.analyses.network.depth_limit.words import line, removable, statement
from netaudit.report.document.model import Table

RUN_ALONE = replace(depth_limit.example(), stages=(), cuts=(), inputs=0, source=None, accuracy=None)


def test_statement():
    assert statement(depth_limit.example()) == (
        "Of 3 square layers in a row, 1 near the identity, 1 beyond a random layer, 1 as a random layer. ‖W − I‖ is "
        "1.5 in the median; 2.57 for a layer of that width as it is initialised. From layer to layer it falls with "
        "an exponent of 1.5 (95%: 0.7 to 2.3). A layer moves its input by 20% of its length in the median (a random "
        "one by 125%). Without the last layer the end of the run changes by 10%, and by 60% at most. The network has 3 "
        "residual blocks in 2 stages. On 200 real inputs a block moves the stream by 30% of its length in the median "
        "(20% to 40%). Its accuracy on them is 90%. With at least 95% of the labels kept, the last 1 block of stage 1 "
        "can be left out. The blocks of 1 stage are measured only: no bound by their weights is known to netaudit."
    )


def test_noise_is_said_to_be_noise():
    words = statement(depth_limit.example(data=False, bounds=False))
    assert "On 200 inputs of Gaussian noise a block" in words
    assert "There are no real inputs, so that this says little" in words
    assert "accuracy" not in words
    assert "The blocks of 2 stages are measured only" in words
    assert "moves its input" not in words


def test_page_one():
    assert line(depth_limit.example()) == (
        "Of 3 residual blocks the last one of a stage can be left out with at least 95% of the labels kept."
    )
    none = replace(depth_limit.example(), cuts=(Cut(0, 1, 0.1, 0.9, None),))
    assert line(none) == (
        "Of 3 residual blocks not even the last one of a stage can be left out with at least 95% of the labels kept."
    )
    both = replace(depth_limit.example(), cuts=(Cut(0, 1, 0.1, 0.99, None), Cut(0, 2, 0.1, 0.96, None)))
    assert line(both) == (
        "Of 3 residual blocks the last 2 of a stage can be left out with at least 95% of the labels kept."
    )
    assert line(RUN_ALONE).startswith("Of 3 square layers in a row, ")


@pytest.mark.parametrize(("shares", "most"), [((0.9, 0.99), 0), ((0.96, 0.9, 0.99), 1), ((1.0, 0.95), 2), ((), 0)])
def test_blocks_are_removable_up_to_the_first_that_is_not(shares, most):
    cuts = [Cut(0, place, 0.1, share, None) for place, share in enumerate(shares, 1)]
    assert removable([Cut(1, 1, 0.1, 0.0, None), *reversed(cuts)], 0) == most


def test_tables_and_figures(place):
    found = present(depth_limit.example(("a", "<b>", "c")), place("a", "<b>", "c"))
    layers, blocks, cuts = [block for block in found.blocks if isinstance(block, Table)]
    cells = [[span.text for span in row] for row in layers.rows]
    assert cells[1] == [
        "<b>", "512", "1.5", "202", "201", "0.403", "0.12", "0.121", "0.5", "20%", "25%", "150%", "0.17",
        "beyond a random layer",
    ]  # fmt: skip
    assert [[span.text for span in row] for row in blocks.rows] == [
        ["block1", "1", "40%", "60%", "70%", "900%"],
        ["block2", "1", "30%", "25%", "25%", "400%"],
        ["layer2.1", "2", "20%", "18%", "18%", "–"],
    ]
    assert [[span.text for span in row] for row in cuts.rows] == [
        ["1", "1 of 2", "10%", "97%", "40%"],
        ["1", "2 of 2", "50%", "62%", "40%"],
        ["2", "1 of 1", "30%", "80%", "40%"],
    ]
    for one in (layers, blocks, cuts):
        assert {len(row) for row in one.rows} == {len(one.columns)}
    assert [figure.stem for figure in found.figures] == [
        "depth_limit_run_001", "depth_limit_steps", "depth_limit_truncation",
    ]  # fmt: skip


def test_without_data_there_is_nothing_to_draw_of_a_run(place):
    found = present(replace(RUN_ALONE, runs=(replace(RUN_ALONE.runs[0], data=None),)), place("a"))
    assert found.figures == ()
    [table] = [block for block in found.blocks if isinstance(block, Table)]
    assert len(table.columns) == 10


def test_figures_are_drawn(place):
    from netaudit.report.figures.draw import draw_figure

    for figure in present(depth_limit.example(), place("a")).figures:
        assert draw_figure(figure).startswith("<svg")
    still = replace(depth_limit.example().stages[1], steps=(0.0,), errors=(0.0,), paths=(0.0,))
    for figure in present(replace(depth_limit.example(), runs=(), stages=(still,), cuts=()), place("a")).figures:
        assert draw_figure(figure)


def test_references():
    assert any("2107.12530" in reference for reference in method().references)
