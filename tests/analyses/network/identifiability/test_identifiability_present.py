"""What the report says of hidden neurons."""

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace
from synthetic.identifiability import clear, example, partly

from netaudit.analyses.network.identifiability import present as words
from netaudit.analyses.network.identifiability.figure import COLOURS, draw_causes, draw_states
from netaudit.analyses.network.identifiability.measure import LETTERS
from netaudit.analyses.network.identifiability.payload import Identifiability, LayerIdentifiability
from netaudit.report.document.model import Equation
from netaudit.report.document.prose import prose
from netaudit.report.figures import style


def all_clear():
    return replace(example(), verdict="identifiable", layers=(clear("fc1"), clear("fc2")), hidden_parameters=0)


def test_the_line():
    assert words.line(example()) == (
        "Of 140 hidden neurons 112 can be told from the outputs; hidden are 10 dead, 4 muted, 6 always on, 2 twins, 2 "
        "opposite twins, and with them 22.0% of the parameters; open are 4."
    )
    assert words.line(all_clear()) == "Of 80 hidden neurons 80 can be told from the outputs."


def test_the_statement_says_for_which_inputs():
    text = words.statement(example())
    assert text.startswith(
        "Each input of the head lies between 0 and 1, the smallest and the largest number of 200 real inputs. "
    )
    assert "Of the neurons that were not seen switching nothing is proved" in text
    without = words.statement(replace(all_clear(), box="usual", low=-1.0, inputs=0))
    assert "taken to lie between −1 and 1" in without
    assert "not seen switching" not in without


def test_the_table(place):
    [_, table, rule] = words.present(example(("<b>", "b", "c")), place("<b>", "b", "c")).blocks
    cells = [[span.text for span in row] for row in table.rows]
    assert cells == [
        ["<b>", "100", "72", "4", "10", "4", "6", "2", "2", "24%", "partly hidden"],
        ["b", "40", "40", "0", "0", "0", "0", "0", "0", "23.8%", "identifiable"],
    ]
    assert len(table.columns) == len(cells[0])
    assert "more than 1% of its neurons" in rule.spans[0].text


def test_hostile_names_are_made_safe(place):
    hostile = replace(example(), layers=(partly("a\x1b[31m"),))
    assert words.present(hostile, place("a")).blocks[1].rows[0][0].text == r"a\x1b[31m"


def test_the_figures_say_in_words_what_they_show(place):
    causes, states = words.present(example(), place("fc1", "fc2", "fc3")).figures
    assert causes.alt.endswith(
        "layer 1: identifiable 72%, not seen switching 4%, dead 10%, muted 4%, always on 6%, twins 2%, opposite twins "
        "2%; layer 2: identifiable 100%."
    )
    assert "over 200 real inputs" in states.caption
    assert states.alt.endswith("The middle neuron: layer 1: 15%; layer 2: 25%.")
    many = replace(example(), layers=(clear("a"),) * 9)
    assert "The first 4 of 9 layers." in words.present(many, place("a")).figures[0].caption


def test_bars_add_up():
    figure = style.canvas()
    draw_causes(example().layers, words.CAUSES, figure)
    bars = [(bar.get_y(), bar.get_x(), bar.get_width()) for bar in figure.axes[0].patches]
    ends = {round(y, 2): max(x + width for level, x, width in bars if level == y) for y, _, _ in bars}
    assert list(ends.values()) == pytest.approx([1, 1])
    assert COLOURS.keys() == words.CAUSES.keys()
    assert set(LETTERS.values()) == set("idmatonf")


def test_each_layer_has_a_panel():
    figure = style.canvas()
    draw_states(example().layers, figure)
    lines = [axes.get_lines()[0].get_ydata() for axes in figure.axes]
    assert [len(line) for line in lines] == [100, 40]
    assert all((np.diff(line) >= 0).all() for line in lines)
    alone = replace(clear("a"), rarer=(0.2,), identifiable=1, causes="i")
    draw_states((alone,), style.canvas())


def test_the_method_is_prose():
    assert all(prose(block) for block in words.method().blocks if not isinstance(block, Equation))


def read(**fields):
    stored = msgspec.to_builtins(partly("fc1")) | fields
    return msgspec.convert(stored, LayerIdentifiability)


def test_what_is_stored_is_read_back():
    assert read() == partly("fc1")
    assert msgspec.convert(msgspec.to_builtins(example()), Identifiability) == example()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"causes": "x" * 100}, "regex"),
        ({"causes": "i"}, "1 causes for 100 neurons"),
        ({"dead": -1}, ">= 0"),
        ({"hidden_parameters": 1001}, "more parameters"),
        ({"verdict": "<script>"}, "Invalid enum value"),
        ({"rarer": [0.1] * 601}, "length"),
    ],
)
def test_hostile_payloads_are_refused(fields, reason):
    with pytest.raises(msgspec.ValidationError, match=reason):
        read(**fields)
