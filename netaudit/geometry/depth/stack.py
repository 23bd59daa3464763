"""Square layers one after the other: their distance from the identity, and what leaving out the last ones changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from netaudit.geometry.depth.identity import Identity, compare
from netaudit.geometry.reading import device_of
from netaudit.numerics import device as devices

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FEWEST = 3
"""Layers from which a run says something of a limit in the depth."""


@dataclass(frozen=True, eq=False)
class OnData:
    """A run of K layers on N inputs; x_k is the input of layer k and x_K the output of the last."""

    steps: Tensor
    """||x_{k+1} - x_k|| / ||x_k||, ``[N, K]``; 0 where x_k is 0."""
    errors: Tensor
    """||x_K - x_m||, what leaving out the layers from m on changes, ``[N, K]``."""
    bounds: Tensor
    """The sum over k >= m of ||W_k - I|| ||x_k|| + ||b_k|| + ||r(-x_k)||, which no error exceeds, ``[N, K]``."""
    lengths: Tensor
    """||x_K||, ``[N]``."""


@dataclass(frozen=True, eq=False)
class Depth:
    """A run of square layers."""

    layers: tuple[Identity, ...]
    """The layers, bottom to top."""
    decay: tuple[float, float, float] | None
    """The exponent a of ||W_k - I|| ~ k^-a by least squares on logarithms, and its 95 % interval; above 1 the sum over
    ever more layers would be finite. None for fewer than three layers or where a distance is 0."""
    data: OnData | None
    """Without inputs None."""


def depth_limit(
    layers: Sequence[tuple[Tensor | ArrayLike, Tensor | ArrayLike | None]],
    inputs: Tensor | ArrayLike | None = None,
    *,
    last_relu: bool = True,
    seed: int = 0,
    device: str | torch.device = "cpu",
) -> Depth:
    """Compare a run of square ReLU layers with the identity.

    Args:
        layers: pairs of W ``[d, d]`` and b ``[d]`` or None, bottom to top, with a ReLU after each.
        inputs: x_0, ``[N, d]``; None looks at the weights alone.
        last_relu: whether a ReLU follows the last layer, too.
        seed: the shuffled weights follow from it.
        device: where to compute, in float64.

    Raises:
        ValueError: a layer is not square, does not fit the one below, or is not finite.

    >>> import torch
    >>> eye = [(torch.eye(4), None)] * 3
    >>> depth_limit(eye, torch.ones(2, 4)).data.bounds.max().item()
    0.0
    """
    where = device_of(device)
    pairs = [(_double(weight, where), None if bias is None else _double(bias, where)) for weight, bias in layers]
    width = len(pairs[0][0]) if pairs else 0
    for number, (weight, bias) in enumerate(pairs):
        if weight.shape != (width, width) or (bias is not None and bias.shape != (width,)):
            raise ValueError(f"layer {number} is not square of width {width}, or its bias does not fit")
        if not all(bool(part.isfinite().all()) for part in (weight, bias) if part is not None):
            raise ValueError(f"layer {number} is not finite")
    found = tuple(compare(weight, bias, seed + number, len(pairs)) for number, (weight, bias) in enumerate(pairs))
    at_most = [layer.at_most for layer in found]
    data = None if inputs is None else run(pairs, at_most, _double(inputs, where), last_relu)
    return Depth(found, decay(at_most), data)


def run(
    pairs: Sequence[tuple[Tensor, Tensor | None]], at_most: Sequence[float], x: Tensor, last_relu: bool = True
) -> OnData:
    """Send inputs ``[N, d]`` up the layers, all in float64 on one device; ``at_most`` bounds each ||W_k - I||."""
    points, bounds = [x], []
    for number, ((weight, bias), distance) in enumerate(zip(pairs, at_most, strict=True)):
        bent = last_relu or number < len(pairs) - 1
        bound = distance * x.norm(dim=1) + (0.0 if bias is None else bias.norm())
        bounds.append(bound + (-x).relu().norm(dim=1) if bent else bound)
        z = x @ weight.T if bias is None else x @ weight.T + bias
        x = z.relu() if bent else z
        points.append(x)
    lengths = torch.stack([point.norm(dim=1) for point in points], 1)
    moved = torch.stack([(b - a).norm(dim=1) for a, b in pairwise(points)], 1)
    errors = torch.stack([(x - point).norm(dim=1) for point in points[:-1]], 1)
    return OnData(
        relative(moved, lengths[:, :-1]).cpu(), errors.cpu(), from_here_on(torch.stack(bounds, 1)).cpu(),
        lengths[:, -1].cpu(),
    )  # fmt: skip


def relative(sizes: Tensor, lengths: Tensor) -> Tensor:
    """Sizes over lengths; 0 where the length is 0, at which nothing is relative to anything."""
    return torch.where(lengths > 0, sizes / lengths.clamp_min(torch.finfo(lengths.dtype).tiny), 0.0)


def from_here_on(sizes: Tensor) -> Tensor:
    """For each column the sum of it and of all later ones, ``[N, K]``."""
    return sizes.flip(1).cumsum(1).flip(1)


def he_twin(width: int, depth: int, seed: int, device: torch.device) -> list[tuple[Tensor, None]]:
    """Layers of the same widths at the initialisation of He et al. (arXiv:1502.01852): N(0, 2 / d), no biases."""
    return [
        (torch.randn(width, width, dtype=torch.float64, generator=devices.generator(seed, "He twin", str(layer)))
         .mul(math.sqrt(2 / width)).to(device), None)
        for layer in range(depth)
    ]  # fmt: skip


def decay(distances: Sequence[float]) -> tuple[float, float, float] | None:
    """The exponent of a power law through the distances, with its 95 % interval; see :class:`Depth`."""
    if len(distances) < FEWEST or min(distances) <= 0:
        return None
    from scipy.stats import linregress, t

    places = [math.log(k) for k in range(1, len(distances) + 1)]
    fit = linregress(places, [math.log(distance) for distance in distances])
    half = float(t.ppf(0.975, len(distances) - 2) * fit.stderr)
    return -float(fit.slope), -float(fit.slope) - half, -float(fit.slope) + half


def _double(numbers: Any, device: torch.device) -> Tensor:
    return torch.as_tensor(numbers).to(device, torch.float64).detach()
