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
