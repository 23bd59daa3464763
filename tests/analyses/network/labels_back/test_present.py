"""Labels that come back, in words, a table and a figure; and payloads that come from anywhere."""

import msgspec
import pytest
from synthetic.drawing import svg
from synthetic.labels_back import example

from netaudit.analyses.network.labels_back import present as words
from netaudit.analyses.network.labels_back.figure import draw
from netaudit.analyses.network.labels_back.payload import LabelsBack
from netaudit.report.document.prose import prose
from netaudit.report.figures import style

replace = msgspec.structs.replace


def test_the_line_on_page_one_says_what_is_compared_with_what(place):
    assert words.present(example(), place("a", "b", "c")).line == (
        "Run in reverse through the 3 layers of the head, 99.3% of the network's answers to real inputs come back with "
        "the same label without dropout (a random network of the same shapes: 99%) and 57.9% with dropout that keeps "
        "10% of the inputs (random network: 19%). Of one-hot labels 100% and 71% come back (random network: 99% and "
        "19%)."
    )
    assert words.present(example("absent"), place("a")).line.startswith(
        "Run in reverse through the top layer, 100% of one-hot labels come back with the same label without dropout"
    )


def test_answers_that_are_no_clear_labels_come_second(place):
    line = words.present(replace(example(), top_probability=0.55), place("a")).line
    assert line.startswith("Run in reverse through the top layer, 100% of one-hot labels come back")
    assert line.endswith("Those answers are no clear labels: their largest probability is 0.55 on average.")


def test_the_line_says_that_the_order_of_the_head_was_inferred(place):
    guessed = place("a", "b", "c", inferred=True)
    assert words.present(example(), guessed).line.startswith(
        "Run in reverse through the 3 layers of the head, whose order is not certain, "
    )


def test_the_table_has_every_run(place):
    [table] = words.present(example(), place("a", "b", "c")).tables
    rows = [[span.text for span in row] for row in table.rows]
    assert len(rows) == 6
    assert rows[0] == [
        "one-hot labels", "1", "10", "100%", "99% (97% to 100%)", "98%", "100%", "100%", "10%", "10%"
    ]  # fmt: skip
    assert rows[5][1:5] == ["0.1", "400", "57.9%", "19% (17% to 20%)"]
    assert "6 Gaussian twins" in table.caption
    [table] = words.present(example(classes=4), place("a")).tables
    assert [span.text for span in table.rows[0]][7:] == ["–", "25%", "25%"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "The shadows are given the norm of the real inputs, and the biases are used."),
        (
            {"biases": "left_out", "real_inputs": "absent"},
            "The biases are left out: without real inputs the natural scale is not known.",
        ),
        (
            {"biases": "left_out", "real_inputs": "unreachable"},
            "The biases are left out: without real inputs the natural scale is not known. The real inputs were not "
            "used: the way from them to the fully connected head is not known.",
        ),
        (
            {"biases": "left_out", "real_inputs": "not_finite"},
            "The biases are left out: without real inputs the natural scale is not known. The real inputs were not "
            "used: the network's outputs on them are not finite.",
        ),
        (
            {"reversed_as_relu": ("gelu", "tanh"), "top_activation": "sigmoid"},
            "Activations other than ReLU (gelu, tanh) are reversed as if they were ReLU. The top layer's sigmoid is "
            "left in place going forward. The shadows are given the norm of the real inputs, and the biases are used.",
        ),
    ],
)
def test_what_was_assumed_is_said(place, change, said):
    [paragraph] = words.present(replace(example(), **change), place("a")).blocks
    assert paragraph.spans[0].text == said


def test_caption_and_alternative_text(place):
    [figure] = words.present(example(), place("a", "b", "c")).figures
    assert figure.caption.startswith("Labels sent down 3 layers and forward again")
    assert "softmax of real inputs at ρ = 0.5: 95.8%, random network 59%;" in figure.alt
    assert svg(figure) == svg(figure)


def test_the_figure_draws_each_source_its_twins_and_chance():
    figure = style.canvas()
    draw(example(), words.SOURCES, figure)
    [axes] = figure.axes
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["one-hot labels", "softmax of real inputs", "random network (hollow)", "chance"]
    lines = axes.get_lines()
    assert lines[2].get_xdata().tolist() == [0.1, 0.5, 1.0]
    assert lines[2].get_ydata().tolist() == [0.579, 0.958, 0.993]
    assert lines[3].get_ydata().tolist() == pytest.approx([0.19, 0.59, 0.99])
    assert set(lines[-1].get_ydata()) == {0.1}


def read(change):
    stored = msgspec.to_builtins(example())
    change(stored)
    return msgspec.convert(stored, LabelsBack)


def test_what_is_stored_is_read_back():
    assert read(lambda stored: None) == example()


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("source", "<script>", "Invalid enum value"),
        ("rho", 0.0, "> 0"),
        ("top1", 1.5, "<= 1"),
        ("top1", None, "Expected `float`"),
        ("n", -1, ">= 0"),
    ],
)
def test_hostile_runs_are_refused(field, value, reason):
    runs = list(msgspec.to_builtins(example())["runs"])
    runs[0] = runs[0] | {field: value}
    with pytest.raises(msgspec.ValidationError, match=reason):
        read(lambda stored: stored.update(runs=runs))


@pytest.mark.parametrize("count", [0, 101])
def test_no_runs_or_too_many_are_refused(count):
    run = msgspec.to_builtins(example())["runs"][0]
    with pytest.raises(msgspec.ValidationError, match="length"):
        read(lambda stored: stored.update(runs=[run] * count))


def test_hostile_activations_are_made_safe(place):
    hostile = replace(example(), reversed_as_relu=("a\x1b[31m",), top_activation="b\u202e")
    [paragraph] = words.present(hostile, place("a")).blocks
    assert r"(a\x1b[31m)" in paragraph.spans[0].text
    assert r"b\u202e is" in paragraph.spans[0].text


def test_the_method_is_prose_with_known_formulas():
    assert all(prose(block) for block in words.method().blocks)
