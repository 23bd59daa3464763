"""How far a point is from the nearest boundary between linear regions: along a direction, and to the first layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from netaudit.geometry.line import Event, exact_line
from netaudit.geometry.reading import device_of, piecewise_linear, points
from netaudit.geometry.steps import Affine, Entrywise, NotPiecewiseLinearError, PiecewiseLinear

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from torch import nn

    from netaudit.geometry.reading import Layers


@dataclass(frozen=True)
class Boundary:
    """The nearest boundary."""

    distance: float
    """In the units of the input; inf when there is none."""
    neuron: int | None
    """The neuron that makes it, in the flattened layer."""
    layer: int | None = 0
    """Its layer."""


def along(
    network: nn.Module | Layers | PiecewiseLinear,
    x: Tensor | ArrayLike,
    direction: Tensor | ArrayLike,
    length: float,
    *,
    device: str | torch.device = "cpu",
) -> Boundary:
    """The first boundary on the way from a point in a direction, at most ``length`` away.

    Args:
        network: as for :func:`netaudit.geometry.exact_line`.
        x: the point.
        direction: of any length but 0.
        length: how far to look.
        device: where it runs.

    Raises:
        ValueError: the direction is 0 or does not fit.
        NotPiecewiseLinearError: as for the line.
    """
    start, step = points(x, direction)
    norm = float(step.norm())
    if norm == 0:
        raise ValueError("the direction must not be 0")
    line = exact_line(network, start, start + step * (length / norm), device=device)
    if not line.events:
        return Boundary(torch.inf, None, None)
    first: Event = line.events[0]
    return Boundary(first.t * length, first.neuron, first.layer)


def nearest_hyperplane(
    network: nn.Module | Layers | PiecewiseLinear, x: Tensor | ArrayLike, *, device: str | torch.device = "cpu"
) -> Boundary:
    """The exact Euclidean distance from a point to the nearest boundary of the first layer.

    Those boundaries are whole hyperplanes: the distance to that of neuron j is |z_j - break| / ||grad z_j||. No
    boundary of a deeper layer is looked at, so this is an upper bound on the distance to the nearest boundary of all.

    Raises:
        NotPiecewiseLinearError: there is no activation, the first one is a max pooling, or anything but one linear
            layer or convolution adds up inputs below it, so that the norms of its rows cannot be read off.
    """
    where, point = device_of(device), points(x)
    with torch.no_grad():
        read = piecewise_linear(network, point, where)
        norms, live = {0: torch.ones_like(point).to(where)}, {0: point.to(where)}
        mixed: set[int] = set()
        for number, step in enumerate(read.steps):
            if not isinstance(step, Affine):
                if not isinstance(step, Entrywise):
                    raise NotPiecewiseLinearError("the first layer is a max pooling")
                return _nearest(step, live[step.inputs[0]].flatten(), norms[step.inputs[0]].flatten().sqrt())
            if step.mixes and (step.weight is None or mixed & set(step.inputs)):
                raise NotPiecewiseLinearError(f"{step.name} adds up inputs beside the one layer that can be read so")
            if step.mixes or mixed & set(step.inputs):
                mixed.add(step.output)
            live[step.output] = step([live[value] for value in step.inputs])
            norms[step.output] = step.squared([norms[value] for value in step.inputs])
            read.forget(live, number)
            read.forget(norms, number)
    raise NotPiecewiseLinearError("the network is affine: it has no boundaries")


def _nearest(kink: Entrywise, z: Tensor, norms: Tensor) -> Boundary:
    gaps = torch.stack([(z - at).abs() for at in kink.breaks]).amin(0)
    distances = torch.where(norms > 0, gaps / norms, torch.inf)
    nearest = int(distances.argmin())
    found = float(distances[nearest])
    return Boundary(found, nearest) if found < torch.inf else Boundary(found, None, None)
