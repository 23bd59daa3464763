from __future__ import annotations

import pytest
import torch

from netaudit.network.layers import SkippedLayer
from netaudit.sources.open import open_network
from netaudit.sources.planners.choices import Choices
from netaudit.sources.planners.networks import networks

Shapes = dict[str, tuple[int, ...]]


def side_by_side(*parts: str, **other: tuple[int, ...]) -> Shapes:
    """Networks of one layer each, all of one shape, and layers of a network of its own."""
    return {f"{part}.fc.weight": (64, 64) for part in parts} | {f"{name}.fc.weight": s for name, s in other.items()}


@pytest.mark.parametrize(
    ("shapes", "main", "copies"),
    [
        (side_by_side("G", "D", "G_ema"), ("G", "D"), {"G_ema": "an averaged copy of G"}),
        (side_by_side("model", "model_ema"), ("model",), {"model_ema": "an averaged copy of model"}),
        (side_by_side("student", "teacher"), ("student",), {"teacher": "an averaged copy of student"}),
        (side_by_side("q", "q_target"), ("q",), {"q_target": "a target copy of q"}),
        (side_by_side("encoder_q", "encoder_k"), ("encoder_q",), {"encoder_k": "an averaged copy of encoder_q"}),
        (side_by_side("generator", discriminator=(1, 64)), ("generator", "discriminator"), {}),
        (side_by_side("actor", critic=(1, 64)), ("actor", "critic"), {}),
        (side_by_side("encoder", decoder=(64, 10)), (), {}),
        (side_by_side("student", teacher=(128, 64)), ("student", "teacher"), {}),
        (side_by_side("layer1", "layer2", "layer3"), (), {}),  # blocks
        ({"schema.weight": (4, 4), "top.weight": (2, 4)}, (), {}),
    ],
)
def test_which_parts_are_networks(shapes: Shapes, main: tuple[str, ...], copies: dict[str, str]) -> None:
    found = networks(shapes)
    assert (found.main, found.copies) == (main, copies)
    nested = networks({f"outer.{name}": shape for name, shape in shapes.items()})
    assert nested.main == tuple(f"outer.{part}" for part in main)


def test_a_head_never_crosses_networks_and_copies_are_not_counted() -> None:
    state = {name: torch.randn(shape) for name, shape in side_by_side("G", "D", "G_ema").items()}
    network = open_network(state)
    assert [spec.name for spec in network.specs()] == ["G.fc", "D.fc"]
    assert network.head is None
    assert network.head_gap() == "the file holds several networks (G, D): --state G audits one"
    reason = "an averaged copy of G (1 tensor, 4,096 parameters): --state G_ema audits it"
    assert network.layers[-1] == SkippedLayer("G_ema", (), reason)
    assert network.parameters_total == 2 * 64 * 64
    asked = open_network(state, choices=Choices(state="G_ema"))
    assert [spec.name for spec in asked.specs()] == ["G_ema.fc"]
    assert asked.head is not None
    assert {entry.name: entry.parameters for entry in asked.layers} == {"G_ema.fc": 4096, "G": 0, "D": 0}


def test_beside_its_average_a_network_keeps_its_head() -> None:
    shapes: Shapes = {"a.weight": (8, 9), "b.weight": (2, 8)}
    state = {f"{part}.{name}": torch.randn(shape) for part in ("model", "model_ema") for name, shape in shapes.items()}
    network = open_network(state)
    assert network.head is not None
    assert [step.name for step in network.head.layers] == ["model.a", "model.b"]
