"""A simple recurrent cell of which a file does not say whether tanh or ReLU follows: the user says it."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from torch import Tensor, nn

import netaudit
from netaudit.errors import SourceError
from netaudit.network.cells import CELL_ACTIVATIONS, CellActivation
from netaudit.recurrent import read_cells
from netaudit.sources.open import open_network
from netaudit.sources.planners.choices import Choices
from netaudit.verifying.again import Given, arguments


def state(seed: int = 0) -> dict[str, Tensor]:
    """Of a network with a simple cell, which could be either, and one with gates."""
    torch.manual_seed(seed)
    return nn.ModuleDict({"rnn": nn.RNN(3, 4), "gru": nn.GRU(3, 2), "fc": nn.Linear(4, 20)}).state_dict()


@pytest.mark.parametrize("activation", CELL_ACTIVATIONS)
def test_the_cell_steps_as_the_user_says(tmp_path: Path, activation: CellActivation) -> None:
    torch.save(state(), tmp_path / "net.pt")
    network = open_network(tmp_path / "net.pt", choices=Choices(cell_activation=activation))
    assert [(spec.kind, spec.note) for spec in network.cells] == [(f"rnn_{activation}", ""), ("gru", "")]
    cell, _ = read_cells(network)
    module = nn.RNN(3, 4, nonlinearity=activation)
    module.load_state_dict({name[4:]: value for name, value in state().items() if name.startswith("rnn.")})
    x, h = torch.randn(6, 3), torch.randn(6, 4)
    with torch.no_grad():
        theirs = module(x[None], h[None])[1][0]
    assert torch.allclose(cell(h.double(), x.double()).float(), theirs, atol=1e-6)


def test_a_keras_file_without_a_model_too(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "net.weights.h5", "w") as file:
        file["layers/simple_rnn/cell/vars/0"] = np.ones((3, 4), "f")
        file["layers/simple_rnn/cell/vars/1"] = np.ones((4, 4), "f")
    [spec] = open_network(tmp_path / "net.weights.h5", choices=Choices(cell_activation="relu")).cells
    assert spec.kind == "rnn_relu"


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (nn.Linear(3, 3).state_dict(), "^--cell-activation tanh changes nothing: there is no recurrent cell$"),
        (nn.GRU(3, 3).state_dict(), "^--cell-activation tanh changes nothing: each cell says what it is$"),
        (nn.RNN(3, 3), "^--cell-activation goes with a file or a state dict: of a module the structure is known$"),
        ("mnist-mlp", "^--cell-activation goes with a file or a state dict"),
    ],
)
def test_what_changes_nothing_is_refused(target: object, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        open_network(target, choices=Choices(cell_activation="tanh"))


def test_the_report_says_it_and_the_audit_again_as_well() -> None:
    report = netaudit.audit(state(), cell_activation="relu", analyses=["gaussian_weights"])
    assert report.provenance.settings["cell_activation"] == "relu"
    assert arguments(report, Given(), "net.pt")["cell_activation"] == "relu"
    silent = netaudit.audit(state(), analyses=["gaussian_weights"])
    assert "cell_activation" not in silent.provenance.settings
