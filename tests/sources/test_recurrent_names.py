"""Recurrent kernels of Keras and Flax in files of named tensors: layers gate by gate, none whole, and no head."""

import pytest
import torch

from netaudit.network.cells import GATES
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import Network
from netaudit.sources.open import open_network


def reasons(network: Network) -> set[str]:
    return {entry.reason for entry in network.layers if isinstance(entry, SkippedLayer)}


@pytest.mark.parametrize("module", ["lstm", "net.lstm.lstm_cell", ""])
def test_a_cell_of_keras(module: str) -> None:
    dot = f"{module}." if module else ""
    state = {
        f"{dot}kernel": torch.ones(8, 32),
        f"{dot}recurrent_kernel": torch.ones(8, 32),
        f"{dot}bias": torch.ones(32),
        "head.kernel": torch.ones(8, 3),
        "head.bias": torch.ones(3),
    }
    network = open_network(state)
    kernels = [f"{dot}{word}[{gate}]" for word in ("kernel", "recurrent_kernel") for gate in GATES["lstm"]]
    assert [spec.name for spec in network.specs()] == [*kernels, "head"]
    assert reasons(network) == set()
    assert sum(entry.parameters for entry in network.layers) == network.parameters_total
    assert network.parameters_total == sum(tensor.numel() for tensor in state.values())
    assert network.head is not None
    assert [step.name for step in network.head.layers] == ["head"]


@pytest.mark.parametrize("gates", ["ifgo", "rzn"])
def test_a_cell_of_flax(gates: str) -> None:
    state = {f"cell.{source}{gate}.kernel": torch.ones(8, 8) for source in "ih" for gate in gates}
    state |= {f"cell.h{gate}.bias": torch.ones(8) for gate in gates}
    network = open_network({**state, "out.kernel": torch.ones(8, 3)})
    assert {spec.name for spec in network.specs()} == {"out", *(f"cell.{s}{gate}" for s in "ih" for gate in gates)}
    assert network.head is None or [step.name for step in network.head.layers] == ["out"]
    assert reasons(network) == set()


def test_one_gate_alone_is_a_layer() -> None:
    assert [spec.name for spec in open_network({"cell.ii.kernel": torch.ones(8, 8)}).specs()] == ["cell.ii"]


def test_a_tensor_that_is_called_like_a_gate_is_another_layer() -> None:
    torch.manual_seed(0)
    state = dict(torch.nn.GRU(3, 4).state_dict())
    odd = {"weight_hh_l0[reset]": torch.randn(5, 6), "weight_hh_l0[reset].weight": torch.randn(7, 6)}
    network = open_network({**state, **odd})
    layers = [network.read(spec) for spec in network.specs()]
    assert len({layer.name for layer in layers}) == len(layers) == 7
    [gate] = [layer for layer in layers if layer.shape == (4, 4) and "reset gate" in layer.origin]
    assert torch.equal(gate.weight, state["weight_hh_l0"][:4])
    assert gate.bias is not None
    assert torch.equal(gate.bias, state["bias_hh_l0"][:4])
    [other] = [layer for layer in layers if layer.shape == (7, 6)]
    assert torch.equal(other.weight, odd["weight_hh_l0[reset].weight"])
    assert sum(entry.parameters for entry in network.layers) == network.parameters_total


def test_a_gate_is_chosen_by_its_name_and_counts_the_rows_of_all_gates() -> None:
    network = open_network(dict(torch.nn.LSTM(3, 4).state_dict()))
    assert [spec.name for spec in network.select(["*hh_l0[forget]"]).specs()] == ["weight_hh_l0[forget]"]
    assert "weight_ih_l0[cell]" not in [spec.name for spec in network.select((), ["weight_ih_l0[cell]"]).specs()]
    assert {network.read(spec).fan_out for spec in network.specs()} == {16}


def test_a_cell_that_two_names_share_is_counted_once() -> None:
    class Twice(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = self.two = torch.nn.GRU(3, 4)

    network = open_network(Twice())
    assert [spec.name.partition(".")[0] for spec in network.specs()] == ["one"] * 6
    assert reasons(network) == {f"tied to {spec.name}" for spec in network.specs()}
    assert sum(entry.parameters for entry in network.layers) == network.parameters_total == 108
