"""Recurrent cells, from modules and from bare state dicts."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from netaudit.network.cells import GATES
from netaudit.network.layers import SkippedLayer
from netaudit.sources.memory import open_memory


class Tagger(nn.Module):
    def __init__(self, recurrent: nn.Module) -> None:
        super().__init__()
        self.recurrent = recurrent
        self.fc = nn.Linear(4, 3)


MODULES = [
    (lambda: nn.RNN(5, 4), "rnn_tanh"),
    (lambda: nn.RNN(5, 4, nonlinearity="relu"), "rnn_relu"),
    (lambda: nn.GRU(5, 4), "gru"),
    (lambda: nn.LSTM(5, 4, num_layers=2, bidirectional=True), "lstm"),
    (lambda: nn.LSTM(5, 4, proj_size=2, bias=False), "lstm"),
    (lambda: nn.RNNCell(5, 4), "rnn_tanh"),
    (lambda: nn.RNNCell(5, 4, nonlinearity="relu"), "rnn_relu"),
    (lambda: nn.GRUCell(5, 4), "gru"),
    (lambda: nn.LSTMCell(5, 4), "lstm"),
]


@pytest.mark.parametrize(("make", "kind"), MODULES)
def test_cells_of_a_module_and_of_its_state_dict(make, kind):
    module = Tagger(make())
    network, bare = open_memory(module), open_memory(module.state_dict())
    state = module.state_dict()
    assert {cell.kind for cell in network.cells} == {kind}
    for cell in network.cells:
        assert cell.hidden_size == 4
        read, suffix = network.read_cell(cell), cell.keys[0].removeprefix("recurrent.weight_ih")
        assert tuple(read.gates) == GATES[kind]
        for role in ("weight_ih", "weight_hh"):
            together = torch.cat([getattr(gate, role) for gate in read.gates.values()])
            assert torch.equal(together, state[f"recurrent.{role}{suffix}"])
        projection = state.get(f"recurrent.weight_hr{suffix}")
        assert read.projection is projection is None or torch.equal(read.projection, projection)
    assert sum(len(cell.keys) for cell in network.cells) == len(state) - 2  # all but those of fc
    told = kind if len(GATES[kind]) > 1 else None
    assert [(cell.name, cell.keys, cell.reverse) for cell in bare.cells] == [
        (cell.name, cell.keys, cell.reverse) for cell in network.cells
    ]
    assert {cell.kind for cell in bare.cells} == {told}
    assert all(("tanh or ReLU" in cell.note) == (told is None) for cell in bare.cells)
    for opened in (network, bare):  # each parameter counts once; a projection is no gate, and a gate no head
        assert sum(layer.parameters for layer in opened.layers) == opened.parameters_total
        skipped = {layer.reason for layer in opened.layers if isinstance(layer, SkippedLayer)}
        assert skipped == (set() if read.projection is None else {"recurrent"})
        assert opened.head is None or [step.name for step in opened.head.layers] == ["fc"]


def test_layers_and_directions_have_names_of_their_own():
    cells = open_memory(Tagger(nn.LSTM(5, 4, num_layers=2, bidirectional=True))).cells
    assert [(cell.name, cell.input_size, cell.reverse) for cell in cells] == [
        ("recurrent.l0", 5, False),
        ("recurrent.l0_reverse", 5, True),
        ("recurrent.l1", 8, False),
        ("recurrent.l1_reverse", 8, True),
    ]
    assert [cell.name for cell in open_memory(nn.GRU(5, 4)).cells] == ["l0"]
    assert [cell.name for cell in open_memory(nn.GRUCell(5, 4)).cells] == ["weight_hh"]


def test_a_module_under_two_names_gives_its_cells_once():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.GRU(5, 4)
            self.b = self.a

    assert [cell.name for cell in open_memory(Twice()).cells] == ["a.l0"]


@pytest.mark.parametrize(
    "shapes",
    [
        {"weight_ih_l0": (8, 5)},  # half a cell
        {"weight_ih_l0": (8, 5), "weight_hh_l0": (12, 4)},
        {"weight_ih_l0": (8, 5), "weight_hh_l0": (8, 4)},  # two gates
        {"weight_ih_l0": (9, 5), "weight_hh_l0": (9, 4)},
        {"weight_ih_l0": (8,), "weight_hh_l0": (8,)},
        {"weight_ih_l0": (0, 5), "weight_hh_l0": (0, 0)},
    ],
)
def test_what_is_no_cell(shapes):
    state = {f"r.{name}": torch.zeros(shape) for name, shape in shapes.items()}
    assert open_memory(state).cells == ()
