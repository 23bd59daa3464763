from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from netaudit.errors import SourceError
from netaudit.sources.hubs.sequential import build, shape

PLAN: list[dict[str, Any]] = [
    {"type": "Conv2d", "name": "conv1", "in": 3, "out": 6, "kernel": 5, "padding": 2},
    {"type": "ReLU"},
    {"type": "MaxPool2d", "kernel": 2},
    {"type": "Flatten"},
    {"type": "Dropout", "p": 0.5},
    {"type": "Linear", "name": "fc1", "in": 96, "out": 7},
]


def test_it_is_the_network_written_by_hand() -> None:
    torch.manual_seed(0)
    net = build(PLAN)
    torch.manual_seed(0)
    by_hand = nn.Sequential(
        nn.Conv2d(3, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.5), nn.Linear(96, 7)
    )
    x = torch.rand(2, 3, 8, 8)
    assert torch.equal(net.eval()(x), by_hand.eval()(x))
    assert list(net.state_dict()) == ["conv1.weight", "conv1.bias", "fc1.weight", "fc1.bias"]


def test_a_shift_has_no_parameter() -> None:
    net = build([{"type": "Shift", "by": -0.5}])
    assert torch.equal(net(torch.tensor([0.0, 1.0])), torch.tensor([-0.5, 0.5]))
    assert not net.state_dict()


def test_a_residual_block_adds_its_branch_to_its_input() -> None:
    branch = [
        {"type": "Linear", "name": "fc1", "in": 4, "out": 9},
        {"type": "ReLU"},
        {"type": "Linear", "in": 9, "out": 4},
    ]
    torch.manual_seed(0)
    net = build([{"type": "Flatten"}, {"type": "Residual", "name": "block1", "branch": branch}])
    torch.manual_seed(0)
    by_hand = nn.Sequential(nn.Linear(4, 9), nn.ReLU(), nn.Linear(9, 4))
    x = torch.rand(3, 4)
    assert torch.equal(net(x), x + by_hand(x))
    names = ["block1.branch.fc1.weight", "block1.branch.fc1.bias", "block1.branch.2.weight", "block1.branch.2.bias"]
    assert list(net.state_dict()) == names


def test_layers_without_a_name_go_by_their_place() -> None:
    plan = [{"type": "Linear", "in": 2, "out": 3}, {"type": "ReLU"}, {"type": "Linear", "in": 3, "out": 4}]
    assert list(build(plan).state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        ({"type": "Linear", "in": 0, "out": 3}, "in of a described network must be 1 to 16,777,216, not 0"),
        ({"type": "Linear", "in": 3, "out": 10**12}, "not 1000000000000"),
        ({"type": "Linear", "in": True, "out": 3}, "not True"),
        ({"type": "Linear", "in": "3", "out": 3}, "in of a described network"),
        ({"type": "Conv2d", "in": 3, "out": 3, "kernel": 3, "padding": -1}, "padding of a described network must be 0"),
        ({"type": "__import__"}, "cannot have a layer __import__"),
        (
            {"type": "Residual", "branch": [{"type": "Linear", "in": 0, "out": 3}]},
            "in of a described network must be 1",
        ),
        ({"type": "Residual", "branch": [{"type": "Residual", "branch": []}]}, "cannot have a layer Residual"),
        ({"type": "ReLU", "name": "a.b"}, "cannot have a layer named 'a.b' here"),
        ({"type": "ReLU", "name": "forward"}, "cannot have a layer named 'forward' here"),
        ({"type": "ReLU", "name": "1"}, "cannot have a layer named '1' here"),
        ({"type": "ReLU", "name": 3}, "cannot have a layer named '3' here"),
    ],
)
def test_what_no_network_has_is_refused(layer: dict[str, Any], reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        build([{"type": "ReLU"}, {"type": "Flatten"}, layer])


def test_a_description_has_an_end() -> None:
    with pytest.raises(SourceError, match="at most 1000 layers, not 5,000"):
        build([{"type": "ReLU"}] * 5000)
    with pytest.raises(SourceError, match="at most 1000 layers, not 5,001"):
        build([{"type": "Residual", "branch": [{"type": "ReLU"}] * 5000}])


def test_shapes() -> None:
    assert shape([3, 32, 32]) == (3, 32, 32)
    with pytest.raises(SourceError, match="input of a described network"):
        shape([3, -1])
