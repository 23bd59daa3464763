"""A piecewise-linear network on a plane through three inputs: every linear region that the plane meets, exactly.

Each layer cuts the polygons that the layers below left along the lines on which its neurons change their state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from netaudit.errors import NetauditError
from netaudit.geometry.reading import device_of, piecewise_linear, points
from netaudit.geometry.steps import Affine, Floats, Integers, Kink, Largest, PiecewiseLinear
from netaudit.geometry.subdivision import Subdivision
from netaudit.geometry.walk import BYTES, needs, tolerances

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from torch import Tensor, nn

    from netaudit.geometry.reading import Layers

TRIANGLE = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))
MOST_REGIONS = 200_000
"""More regions are refused: a picture shows none of them, and a count that stopped early would be a wrong one."""


@dataclass(frozen=True, eq=False)
class Plane:
    """A network f on the plane x(s, t) = x0 + s (x1 - x0) + t (x2 - x0): affine on each polygon."""

    vertices: Floats
    """(s, t) ``[V, 2]``."""
    values: Floats
    """f at the vertices, ``[V, outputs]``."""
    polygons: tuple[tuple[int, ...], ...]
    """The vertices of each region, in the order of the corners that were given (counter-clockwise by default)."""
    patterns: Integers
    """The activation pattern of each region ``[regions, neurons]``: how many breaks each neuron lies above, and for max
    pooling the number of the largest entry of each window."""
    edges: Integers
    """The two vertices of each edge, ``[E, 2]``."""
    edge_layer: Integers
    """The layer that made each edge, ``[E]``; -1 for the border."""
    layers: tuple[str, ...]
    """The names of the activations, bottom to top (untrusted text)."""
    widths: tuple[int, ...]
    """How many neurons each has."""

    @property
    def count(self) -> int:
        """The number of linear regions."""
        return len(self.polygons)


def exact_plane(
    network: nn.Module | Layers | PiecewiseLinear,
    x0: Tensor | ArrayLike,
    x1: Tensor | ArrayLike,
    x2: Tensor | ArrayLike,
    *,
    corners: ArrayLike = TRIANGLE,
    device: str | torch.device = "cpu",
    memory: int = BYTES,
    most: int = MOST_REGIONS,
) -> Plane:
    """Find every linear region of a network in a polygon of a plane, in float64.

    Args:
        network: as for :func:`netaudit.geometry.exact_line`.
        x0: one input, without the axis of a batch.
        x1: another one of the same shape.
        x2: a third one.
        corners: of a convex polygon, (s, t) ``[corners, 2]``; by default the triangle of the three inputs.
        device: where it runs; ``auto`` takes a GPU where there is one.
        memory: bytes for the values at the points that are computed together.
        most: the largest number of regions that is looked for.

    Raises:
        NotPiecewiseLinearError: an operation is not piecewise linear or not read.
        NetauditError: there are more than ``most`` regions.
        ValueError: the inputs do not fit, or the corners are no convex polygon.
        DeviceError: this machine has no such device.
    """
    where, inputs = device_of(device), points(x0, x1, x2)
    frame = _corners(corners)
    with torch.no_grad():
        read = piecewise_linear(network, inputs, where)
        run = _Run(read, inputs.to(where), frame, memory)
        cells = Subdivision(frame)
        for layer in range(len(read.kinks)):
            run.cut(cells, layer, most)
        cells.compress()
        vertices = np.array(cells.vertices)
        edges = sorted((*edge, layer) for edge, layer in cells.edges().items())
        table = np.array(edges, dtype=np.int64).reshape(-1, 3)
        patterns = run.patterns(np.array([vertices[list(polygon)].mean(0) for polygon in cells.polygons]))
        values = run.values(vertices)
    polygons = tuple(map(tuple, cells.polygons))
    return Plane(vertices, values, polygons, patterns, table[:, :2], table[:, 2], read.layers, read.widths)


class _Run:
    """The network on points of the plane, in parts that fit into memory."""

    def __init__(self, network: PiecewiseLinear, inputs: Tensor, frame: Floats, memory: int) -> None:
        self.network, self.origin = network, inputs[0]
        self.axes = torch.stack([inputs[1] - inputs[0], inputs[2] - inputs[0]])
        self.room = max(1, memory // max(needs(network)))
        self.tolerances = tolerances(network, self.points(frame))

    def points(self, places: Floats) -> Tensor:
        """The inputs ``[N, ...]`` at (s, t) ``[N, 2]``."""
        places_there = torch.as_tensor(places, device=self.origin.device)
        moved: Tensor = self.origin + torch.tensordot(places_there, self.axes, dims=1)
        return moved

    def cut(self, cells: Subdivision, layer: int, most: int) -> None:
        """Cut all polygons along the neurons of one layer."""
        kink, tolerance = self.network.kinks[layer], self.tolerances[layer].cpu().numpy()
        waiting, cells.polygons = cells.polygons, []
        while waiting:
            part = _first(waiting, self.room)
            waiting = waiting[len(part) :]
            used, places = np.unique(np.concatenate(part), return_inverse=True)
            z = self._below(kink, self.points(np.array([cells.vertices[vertex] for vertex in used])))
            numbers = np.split(places, np.cumsum([len(polygon) for polygon in part])[:-1])
            for polygon, rows in zip(part, numbers, strict=True):
                if isinstance(kink, Largest):
                    cells.cut_by_winners(polygon, z[rows][:, kink.windows.cpu().numpy()], tolerance, layer)
                else:
                    cells.cut(polygon, z[rows], kink.breaks, tolerance, layer)
                if len(cells.polygons) + len(waiting) > most:
                    raise NetauditError(f"there are more than {most:,} linear regions", hint="take a smaller polygon")

    def patterns(self, centres: Floats) -> Integers:
        """The pattern at each of some points, ``[N, neurons]``."""
        return np.concatenate([self._pattern(part) for part in _parts(centres, self.room)])

    def values(self, places: Floats) -> Floats:
        """The outputs at each of some points, ``[N, outputs]``."""
        return np.concatenate([self.network(self.points(part)).cpu().numpy() for part in _parts(places, self.room)])

    def _below(self, kink: Kink, x: Tensor) -> Floats:
        """The inputs of a layer, ``[N, n]``."""
        for step, live in self.network.values(x):
            if step is kink:
                z: Floats = live[kink.inputs[0]].flatten(1).cpu().numpy()
                return z
        raise AssertionError("the layer is one of the network's")

    def _pattern(self, places: Floats) -> Integers:
        found: list[Integers] = []
        for step, live in self.network.values(self.points(places)):
            if not isinstance(step, Affine):
                z, tolerance = live[step.inputs[0]], self.tolerances[len(found)]
                if isinstance(step, Largest):
                    u = step.unfold(z)
                    state = (u >= u.amax(2, keepdim=True) - tolerance[:, None]).int().argmax(2)
                else:
                    state = torch.stack([z.flatten(1) - at > tolerance for at in step.breaks]).sum(0)
                found.append(state.to(torch.int16).cpu().numpy())
        return np.concatenate(found, axis=1) if found else np.zeros((len(places), 0), dtype=np.int16)


def _corners(corners: ArrayLike) -> Floats:
    frame = np.asarray(corners, dtype=np.float64)
    if frame.ndim != 2 or frame.shape[1] != 2 or len(frame) < 3 or not np.isfinite(frame).all():
        raise ValueError(f"corners must be at least three finite points [corners, 2], got {frame.shape}")
    sides = np.roll(frame, -1, axis=0) - frame
    turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
    if not ((turns > 0).all() or (turns < 0).all()):
        raise ValueError("the corners must be those of a convex polygon, in their order")
    return frame


def _first(polygons: list[list[int]], room: int) -> list[list[int]]:
    """The first polygons that have at most ``room`` vertices together, at least one of them."""
    ends = np.cumsum([len(polygon) for polygon in polygons])
    return polygons[: max(1, int(np.searchsorted(ends, room, side="right")))]


def _parts(places: Floats, room: int) -> list[Floats]:
    return [places[start : start + room] for start in range(0, len(places), room)]
