"""Which neurons differ at the two ends of segments, layer by layer, beside a random layer with the same input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from netaudit.analyses.network.linear_regions.behaviour import LEAST_VARIANCE
from netaudit.geometry.random_layer import flip_probability, over_dispersion
from netaudit.numerics import device as devices

if TYPE_CHECKING:
    from netaudit.network.layers import FCLayer

LARGEST_SHUFFLED = 2**24
"""Weights of the largest layer that is shuffled: 4096 x 4096, whose permutation takes a second and 128 MB."""


@dataclass(frozen=True)
class Flips:
    """One layer on one kind of segments."""

    flipped: float
    expected: float
    dispersion: float | None
    shuffled: float | None
    shuffled_dispersion: float | None


def layer_flips(
    layer: FCLayer, inputs: list[tuple[Tensor, Tensor]], device: torch.device, seed: int
) -> tuple[list[Flips], list[tuple[Tensor, Tensor]]]:
    """The flips of one layer, for each kind of segments; and the inputs of the next layer, after ReLU.

    Args:
        layer: a layer, A ``[m, n]``.
        inputs: for each kind, its inputs at the two ends, ``[S, n]`` float64 on the device.
        device: where the products are computed.
        seed: the shuffled weights follow from it.
    """
    weight = layer.weight.to(device, torch.float64)
    bias = torch.zeros(len(weight)) if layer.bias is None else layer.bias
    bias = bias.to(device, torch.float64)
    mean, std = float(weight.mean()), float(weight.std(correction=0))
    outputs = [(a @ weight.T + bias, b @ weight.T + bias) for a, b in inputs]
    mixed: list[tuple[Tensor, Tensor]] | None = None
    if weight.numel() <= LARGEST_SHUFFLED:
        order = torch.randperm(weight.numel(), generator=devices.generator(seed, layer.name, "linear_regions"))
        weight = weight.flatten()[order.to(device)].view_as(weight)
        mixed = [(a @ weight.T + bias, b @ weight.T + bias) for a, b in inputs]
    found = []
    for number, ((a, b), own) in enumerate(zip(inputs, outputs, strict=True)):
        p = flip_probability(a.cpu().numpy(), b.cpu().numpy(), bias.cpu().numpy(), std, mean)
        share, dispersion = _beside(own, p)
        shuffled = (None, None) if mixed is None else _beside(mixed[number], p)
        found.append(Flips(share, float(p.mean()), dispersion, *shuffled))
    return found, [(a.relu(), b.relu()) for a, b in outputs]


def _beside(ends: tuple[Tensor, Tensor], p: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float | None]:
    """The share of neurons that flip, and how much their number varies beside independent ones."""
    flips = ((ends[0] > 0) != (ends[1] > 0)).sum(1).cpu().numpy()
    variance = (p * (1 - p)).sum(1)
    dispersion = over_dispersion(flips, p.sum(1), variance) if (variance > LEAST_VARIANCE).all() else None
    return float(flips.mean() / p.shape[1]), dispersion
