"""One network in the files of eleven formats: the same layers, numbers, findings and head."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import torch
from msgspec import to_builtins
from one_network import NAMES, ORDERED, WRITERS, network, pt

import netaudit
from netaudit.network.network import Network
from netaudit.sources.open import open_network

ARRAYS = network()


def layers(opened: Network) -> dict[str, tuple[torch.Tensor, torch.Tensor | None]]:
    read = {spec.name: opened.read(spec) for spec in opened.specs()}
    return {name: (layer.weight, layer.bias) for name, layer in read.items()}


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_the_same_numbers_and_head(tmp_path: Path, write) -> None:
    opened = open_network(write(tmp_path, ARRAYS))
    found = layers(opened)
    assert list(found) == list(NAMES)
    for name, (weight, bias) in found.items():
        assert torch.equal(weight, torch.from_numpy(ARRAYS[f"{name}.weight"]))
        assert bias is not None
        assert torch.equal(bias, torch.from_numpy(ARRAYS[f"{name}.bias"]))
    assert opened.parameters_total == sum(array.size for array in ARRAYS.values())
    assert opened.head is not None
    steps = [(step.name, step.activation) for step in opened.head.layers]
    assert steps == [("fc1", "relu"), ("fc2", "relu"), ("fc3", "linear")]
    assert opened.head.inferred == (write not in ORDERED)
    assert opened.backbone is not None
    inputs = torch.rand(5, 8, 8)
    assert torch.equal(opened.backbone(inputs), inputs.reshape(5, 64))


def findings(path: Path) -> list[object]:
    report = netaudit.audit(path)
    return [to_builtins(layer.analyses) for layer in report.layers]


@cache
def reference(folder: Path) -> list[object]:
    return findings(pt(folder, ARRAYS))


@pytest.mark.parametrize("write", WRITERS[1:], ids=lambda write: write.__name__)
def test_the_same_findings_number_for_number(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, write) -> None:
    assert findings(write(tmp_path, ARRAYS)) == reference(tmp_path_factory.getbasetemp())
