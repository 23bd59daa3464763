from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from netaudit.errors import SourceError
from netaudit.sources.hubs.zoo import bundled, open_zoo, root

ARCHITECTURE = [
    {"type": "Flatten"},
    {"type": "Linear", "in": 12, "out": 8},
    {"type": "ReLU"},
    {"type": "Dropout", "p": 0.5},
    {"type": "Linear", "in": 8, "out": 3},
]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    """A zoo of one small network."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 3))
    save_file({name: tensor.half() for name, tensor in net.state_dict().items()}, folder / "model.safetensors")
    np.savez(folder / "sample.npz", x=np.arange(24, dtype=np.uint8).reshape(2, 12), y=np.array([0, 2]))
    card = {
        "name": "tiny",
        "title": "A tiny network",
        "input": [12],
        "architecture": ARCHITECTURE,
        "weights": "model.safetensors",
        "weights_sha256": digest(folder / "model.safetensors"),
        "sample": "sample.npz",
        "sample_sha256": digest(folder / "sample.npz"),
    }
    (folder / "card.json").write_text(json.dumps(card))
    return tmp_path


def change(zoo: Path, **values: Any) -> None:
    path = zoo / "tiny" / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_bundled_network(zoo: Path) -> None:
    assert list(bundled(zoo)) == ["tiny"]
    network = open_zoo("tiny", folder=zoo)
    assert {spec.name: (spec.shape, spec.activation) for spec in network.specs()} == {
        "1": ((8, 12), "relu"),
        "4": ((3, 8), "linear"),
    }
    assert network.read(next(network.specs())).dtype == "float16"
    assert (network.info.kind, network.info.name, network.info.card) == ("zoo", "tiny", bundled(zoo)["tiny"])
    assert network.head is not None
    assert [layer.activation for layer in network.head.layers] == ["relu", "linear"]
    assert network.sample is not None
    assert network.backbone is not None
    x = torch.from_numpy(network.sample.x)
    assert torch.equal(network.backbone(x), x)


def test_with_other_weights_the_card_does_not_apply(zoo: Path) -> None:
    from netaudit.sources.weights import open_weights

    state = {
        name: torch.ones(shape)
        for name, shape in (("1.weight", (8, 12)), ("1.bias", 8), ("4.weight", (3, 8)), ("4.bias", 3))
    }
    torch.save(state, zoo / "mine.pt")
    network = open_zoo("tiny", open_weights(zoo / "mine.pt"), folder=zoo)
    assert (network.info.weights, network.info.card) == ("mine.pt", None)
    assert network.read(next(network.specs())).weight.unique().tolist() == [1.0]


def test_plan_only(zoo: Path) -> None:
    network = open_zoo("tiny", pretrained=False, folder=zoo)
    assert network.files == ()
    with pytest.raises(SourceError, match="no weights were loaded"):
        network.read(next(network.specs()))


@pytest.mark.parametrize("name", ["model.safetensors", "sample.npz"])
def test_files_must_be_those_of_the_card(zoo: Path, name: str) -> None:
    path = zoo / "tiny" / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(SourceError, match=f"^{name} of the bundled network tiny is not the file its card describes$"):
        open_zoo("tiny", folder=zoo)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"architecture": [{"type": "Linear", "in": 12}]}, "incomplete: 'out'"),
        ({"input": [-1]}, "input of a described network must be 1 to"),
        ({"architecture": [{"type": "Linear", "in": 12, "out": 8}, {"type": "__import__"}]}, "a layer __import__"),
        ({"architecture": [*ARCHITECTURE[:4], {"type": "Linear", "in": 8, "out": 4}]}, "does not fit tiny"),
        ({"weights": "absent.safetensors"}, "no such file"),
    ],
)
def test_damaged_cards(zoo: Path, values: dict[str, Any], reason: str) -> None:
    change(zoo, **values)
    with pytest.raises(SourceError, match=reason):
        open_zoo("tiny", folder=zoo)


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_card_that_is_no_card(zoo: Path, content: str) -> None:
    (zoo / "tiny" / "card.json").write_text(content)
    with pytest.raises(SourceError, match="the card of the bundled network tiny is damaged"):
        bundled(zoo)


def test_an_absent_zoo_is_empty(tmp_path: Path) -> None:
    assert bundled(tmp_path / "absent") == {}


def test_the_zoo_that_ships_opens() -> None:
    assert root().is_dir()
    for name in bundled():
        network = open_zoo(name)
        assert list(network.specs())
        assert network.sample is not None


def test_a_card_cannot_ask_for_more_memory_than_a_network_takes(zoo: Path) -> None:
    """A padding of 1000 pixels, in a card that is read because it lies beside the weights, took 16 GB."""
    net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.Flatten(), nn.Linear(8, 3))
    save_file(net.state_dict(), zoo / "tiny" / "model.safetensors")
    np.savez(zoo / "tiny" / "sample.npz", x=np.zeros((2, 1, 3, 3), np.uint8), y=np.array([0, 2]))
    files = {"weights": "model.safetensors", "sample": "sample.npz"}
    hashes = {f"{key}_sha256": digest(zoo / "tiny" / name) for key, name in files.items()}
    convolution = {"type": "Conv2d", "in": 1, "out": 8, "kernel": 3, "padding": 0}
    rest = [{"type": "Flatten", "name": "1"}, {"type": "Linear", "in": 8, "out": 3, "name": "2"}]
    change(zoo, input=[1, 3, 3], architecture=[convolution, *rest], **hashes)
    assert open_zoo("tiny", folder=zoo).head is not None
    pooled = [convolution | {"padding": 1000}, {"type": "MaxPool2d", "kernel": 2001, "name": "pool"}, *rest]
    change(zoo, architecture=pooled)
    with pytest.raises(SourceError, match=r"at most 4,194,304 numbers a layer for one input, not 32,032,008$"):
        open_zoo("tiny", folder=zoo)
    change(zoo, input=[2**24] * 5)
    with pytest.raises(SourceError, match="at most 4,194,304 numbers a layer"):
        open_zoo("tiny", folder=zoo)
    change(zoo, input=[1, 4, 4], architecture=[convolution, {"type": "MaxPool2d", "kernel": 2, "name": "pool"}, *rest])
    with pytest.raises(SourceError, match=r"has inputs of shape \(1, 3, 3\), and its card \(1, 4, 4\)$"):
        open_zoo("tiny", folder=zoo)
