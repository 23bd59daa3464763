"""Points at which a recurrent network is slow, and what is computed of them when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from netaudit.numerics import device as devices
from netaudit.recurrent.mapping import Map
from netaudit.recurrent.modes import Modes, modes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MEMORY = 2**29
"""Bytes for the Jacobians that are held at a time, 512 MiB, so that the whole search stays below 2 GB."""
COPIES = 5
"""Matrices of the size of one Jacobian in working memory: itself, the normal equations, their factor, two for terms."""


@dataclass(frozen=True, eq=False)
class PointSet:
    """The distinct points of one threshold of q, in the order of the first start that led to each.

    Tensors are float64 on the CPU.
    """

    mapped: Map
    """The map, with the input of each point."""
    threshold: float
    """Of ``q = |F(h) - h|^2 / 2``."""
    points: Tensor
    """``[n, state]``"""
    q: Tensor
    """``[n]``"""
    starts: Tensor
    """How many descents led to each, ``[n]``."""
    device: torch.device
    """Where the Jacobians are computed."""

    def __len__(self) -> int:
        return len(self.points)

    @property
    def inputs(self) -> Tensor:
        """The input that is held at each point, ``[n, input]``."""
        return self.mapped.each_input(self.points)

    @property
    def jacobians(self) -> Tensor:
        """``dF/dh`` at each point, ``[n, state, state]``; computed anew each time, since they may be large."""
        with torch.no_grad():
            parts = jacobians_in_parts(self.mapped, self.points, self.device)
        return torch.cat([torch.empty(0, *self.points.shape[1:], self.points.shape[1], dtype=torch.float64), *parts])

    @cached_property
    def modes(self) -> Modes:
        """Eigenvalues and the slowest eigenvectors of the Jacobians; 256 units take a tenth of a second a point."""
        return modes(self.jacobians)

    @property
    def time_constants(self) -> NDArray[np.float64]:
        """In steps, ``[n, state]``, each point's slowest first."""
        return self.modes.time_constants

    @property
    def stable(self) -> NDArray[np.bool_]:
        """Whether every small difference fades, ``[n]``."""
        return self.modes.stable

    def some(self, most: int) -> PointSet:
        """At most so many of the points, evenly spaced in their order."""
        if len(self) <= most:
            return self
        rows = torch.linspace(0, len(self) - 1, most, dtype=torch.float64).round().long()
        mapped = self.mapped.rows(rows)
        return PointSet(mapped, self.threshold, self.points[rows], self.q[rows], self.starts[rows], self.device)


def jacobians_in_parts(mapped: Map, points: Tensor, device: torch.device) -> list[Tensor]:
    """Jacobians of parts that fit into memory, on the CPU."""
    found = []
    for rows in parts(len(points), points.shape[1], MEMORY):
        here, there = mapped.rows(rows), points[rows]

        def part(inner: slice, where: torch.device, here: Map = here, there: Tensor = there) -> Tensor:
            return here.rows(inner).on(where).jacobian(there[inner].to(where)).cpu()

        found += devices.with_smaller_batches(part, len(there), device)
    return found


def parts(total: int, size: int, memory: int) -> list[slice]:
    """Slices of ``range(total)`` whose Jacobians ``[size, size]``, :data:`COPIES` of each, fit into so many bytes."""
    room = max(1, memory // (8 * COPIES * size**2))
    return [slice(start, min(start + room, total)) for start in range(0, total, room)]
