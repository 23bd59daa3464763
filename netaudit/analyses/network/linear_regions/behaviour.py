"""Do the neurons of a layer flip between inputs as those of a random layer would: a verdict with an exact null.

The flips along S segments are set beside 199 layers of Gaussian weights with the layer's mean, standard deviation and
biases, on the very same inputs. Their pre-activations at the 2S ends are Gaussian with the covariance std^2 X X^T, so
that a draw needs no weights, and costs the same for any number of inputs.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor

from netaudit.analyses.network.linear_regions.payload import Behaviour
from netaudit.geometry.random_layer import flip_probability, over_dispersion
from netaudit.numerics import device as devices

if TYPE_CHECKING:
    from netaudit.network.layers import FCLayer

DRAWS = 199
"""Random layers. A random layer has the largest dispersion of itself and 199 others once in 200 times: half of the 1 %
that false alarms may take."""
SEGMENTS = 20
"""Segments of each kind that are judged: the noise of the dispersion over some 60 of them is about a fifth."""
TOLERANCE = 0.05
"""Largest excess of a layer that behaves like a random one, in the flips expected of it: what a figure of the shares
shows at a glance. Half a percent of the neurons of a usual layer, of which a tenth flip."""
LEAST_VARIANCE = 1e-6
"""Neurons; below it a single flip would be a million standard deviations."""
_NUMBERS = 2**22
"""Random numbers at a time: 32 MiB."""

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ends = list[tuple[Tensor, Tensor]]


def behaviour(layer: FCLayer, inputs: Ends, device: torch.device, seed: int) -> Behaviour | None:
    """Judge one layer; None where a segment is not expected to flip any neuron.

    Args:
        layer: A ``[m, n]``.
        inputs: for each kind of segments, the layer's inputs at the two ends, ``[S, n]`` float64 on the device.
        device: where the products are computed.
        seed: the draws follow from it.
    """
    one, other = (torch.cat([pair[end][:SEGMENTS] for pair in inputs]) for end in (0, 1))
    weight = layer.weight.to(device, torch.float64)
    bias = torch.zeros(len(weight)) if layer.bias is None else layer.bias
    bias = bias.to(device, torch.float64)
    mean, std = float(weight.mean()), float(weight.std(correction=0))
    p = flip_probability(one.cpu().numpy(), other.cpu().numpy(), bias.cpu().numpy(), std, mean)
    expected, variance = p.sum(1), (p * (1 - p)).sum(1)
    if not (variance > LEAST_VARIANCE).all():
        return None
    ends = torch.cat([one, other])
    own = _flips(ends @ weight.T + bias).cpu().numpy()
    centre = mean * ends.sum(1, keepdim=True) + bias
    drawn = _random_layers(
        std * _root(ends), centre, devices.numpy_generator(seed, layer.name, "linear_regions behaviour")
    )
    dispersion = over_dispersion(own, expected, variance)
    largest = max(over_dispersion(flips, expected, variance) for flips in drawn)
    spread = float(np.sqrt(variance.mean()) / expected.mean())
    excess, resolved = (spread * sqrt(max(found - 1, 0)) for found in (dispersion, largest))
    return Behaviour(
        layer=layer.name,
        verdict=verdict(dispersion > largest, excess, resolved),
        dispersion=dispersion,
        largest_drawn=largest,
        draws=DRAWS,
        segments=len(one),
        excess=excess,
        resolved=resolved,
        tolerance=TOLERANCE,
    )


def verdict(beyond: bool, excess: float, resolved: float) -> Literal["holds", "fails", "undecided"]:
    """The rule: ``fails`` beyond all random layers and the tolerance; ``holds`` where no excess above it could hide."""
    if beyond and excess > TOLERANCE:
        return "fails"
    return "holds" if max(excess, resolved) <= TOLERANCE else "undecided"


def _flips(z: Tensor) -> Tensor:
    """How many neurons flip along each segment ``[S]``, from pre-activations at first and second ends ``[2S, m]``."""
    one, other = (z > 0).chunk(2)
    return (one != other).sum(1).double()


def _root(ends: Tensor) -> Tensor:
    """A root R ``[2S, 2S]`` of the Gram matrix, R R^T = X X^T, also where inputs occur twice."""
    values, vectors = torch.linalg.eigh(ends @ ends.T)
    root: Tensor = vectors * values.clamp(min=0).sqrt()
    return root


def _random_layers(root: Tensor, centre: Tensor, generator: np.random.Generator) -> list[Floats]:
    """The flips ``[S]`` of each random layer."""
    points, neurons = centre.shape
    found: list[Floats] = []
    while len(found) < DRAWS:
        layers = min(DRAWS - len(found), max(1, _NUMBERS // (points * neurons)))
        g = torch.from_numpy(generator.standard_normal((layers, points, neurons))).to(root.device)
        found += [_flips(z).cpu().numpy() for z in root @ g + centre]
    return found
