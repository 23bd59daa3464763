"""All fixed points and cycles of a ReLU cell under an input that is held, region by region and without a descent.

A cycle of period k is a fixed point of a ReLU map of k times as many units. For few of these every region is solved,
and the list is complete: certified, unless a region's candidate lies on its boundary or its equations are singular,
which is counted. For more, a search goes from region to region, and the list is called incomplete; what it holds is
certified all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from netaudit.numerics import device as devices
from netaudit.recurrent.cells.simple import SimpleCell
from netaudit.recurrent.relu_regions import ReluMap, Solved, solve
from netaudit.recurrent.unique import unique

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LARGEST = 16
"""Units times period up to which every region is solved: 65,536 of them, seconds."""
ATTEMPTS = 2000
"""Regions from which the search begins, for larger cells."""
MOVES = 50
"""Regions that the search goes through from each of them, at most; most searches end after a few."""
TOLERANCE = 1e-9
"""The distance, relative to the size of the points, up to which two are one. They are known to some roundings; a point
on a boundary is found from both sides."""
_MEMORY = 2**28
"""Bytes for the matrices of the regions that are solved at a time."""


@dataclass(frozen=True, eq=False)
class ReluCycles:
    """The cycles of one period. Tensors are float64 on the CPU."""

    period: int
    points: Tensor
    """``[n, period, H]``: the states of each cycle in their order in time, from the one that was found first."""
    certain: Tensor
    """Whether each cycle is proved to be one, ``[n]``; the others lie on the boundary of two regions."""
    multipliers: NDArray[np.complex128]
    """The eigenvalues of the product of the Jacobians around each cycle, ``[n, H]``, largest modulus first."""
    regions: int
    """How many regions were solved; of a search, in how many one ended."""
    unclear: int
    """In how many of them float64 does not tell whether the candidate lies inside."""
    singular: int
    """In how many of them the equations are singular to float64, so that a line of fixed points may lie there."""
    every_region: bool
    """Whether all regions were solved."""

    @property
    def complete(self) -> bool:
        """Whether the list is proved to hold all cycles of the period, each once."""
        return self.every_region and not self.unclear and not self.singular

    @property
    def stable(self) -> NDArray[np.bool_]:
        """Whether small differences fade from turn to turn, ``[n]``."""
        inside: NDArray[np.bool_] = np.abs(self.multipliers).max(1, initial=0) < 1
        return inside


def relu_cycles(
    cell: SimpleCell,
    inputs: Tensor | ArrayLike,
    *,
    period: int = 1,
    states: Tensor | ArrayLike | None = None,
    largest: int = LARGEST,
    attempts: int = ATTEMPTS,
    seed: int = 0,
) -> ReluCycles:
    """Find the cycles of one period of ``h -> relu(W_hh h + W_ih x + b)``; those of period 1 are the fixed points.

    Args:
        cell: with ReLU.
        inputs: x, ``[input]``.
        period: of the cycles; those of a period that divides it are left out.
        states: states ``[P, H]`` in whose regions the search of a larger cell begins, besides random ones.
        largest: units times period up to which every region is solved; each more doubles the time.
        attempts: random regions in which the search begins.
        seed: of those.

    Raises:
        ValueError: the cell is no ReLU cell, or the period is not positive.

    >>> eye = torch.eye(2, dtype=torch.float64)
    >>> cell = SimpleCell("swap", 0 * eye, -2 * eye.flip(0), torch.ones(2, dtype=torch.float64), "relu")
    >>> found = relu_cycles(cell, [0.0, 0.0])
    >>> found.points[:, 0].round(decimals=3).tolist(), found.stable.tolist(), found.complete
    ([[1.0, 0.0], [0.0, 1.0], [0.333, 0.333]], [True, True, False], True)
    """
    if not isinstance(cell, SimpleCell) or cell.activation != "relu":
        raise ValueError("regions are those of a simple cell with ReLU")
    if period < 1:
        raise ValueError(f"the period must be positive, got {period}")
    held = torch.as_tensor(inputs, dtype=torch.float64).detach().cpu()
    cell = cell.to(torch.device("cpu"))
    relu = ReluMap(cell.weight_hh, cell.weight_ih @ held + cell.bias).repeated(period)
    every = relu.size <= largest
    if every:
        parts = [solve(relu, active) for active in _all_regions(relu.size)]
    else:
        parts = [_searched(relu, active) for active in _beginnings(relu, cell, held, states, attempts, seed)]
    found = Solved(*(torch.cat(one) for one in zip(*parts, strict=True)))
    points, certain = _distinct(found, period)
    turns = (_multipliers(cell, cycle, held) for cycle in points)
    return ReluCycles(
        period=period,
        points=points,
        certain=certain,
        multipliers=np.array(list(turns), dtype=np.complex128).reshape(len(points), cell.hidden_size),
        regions=len(found.states),
        unclear=int(found.unclear.sum()),
        singular=int(found.singular.sum()),
        every_region=every,
    )


def _room(size: int) -> int:
    return max(1, _MEMORY // (8 * 6 * size**2))


def _all_regions(size: int) -> Iterator[Tensor]:
    """Every set of active units, in parts."""
    places = torch.arange(size)
    for start in range(0, 2**size, _room(size)):
        numbers = torch.arange(start, min(start + _room(size), 2**size))
        yield (numbers[:, None] >> places) & 1 == 1


def _beginnings(
    relu: ReluMap, cell: SimpleCell, inputs: Tensor, states: Tensor | ArrayLike | None, attempts: int, seed: int
) -> Iterator[Tensor]:
    """The regions in which the search begins, in parts: those of given states and where these go, and random ones."""
    generator = devices.generator(seed, "relu cycles")
    share = torch.rand(attempts, 1, generator=generator, dtype=torch.float64)  # of active units, any
    regions = [torch.rand(attempts, relu.size, generator=generator, dtype=torch.float64) < share]
    if states is not None:
        way = [torch.as_tensor(states, dtype=torch.float64).detach().cpu()]
        for _ in range(relu.size // cell.hidden_size - 1):
            way.append(cell(way[-1], inputs[None]))
        regions.insert(0, relu.before(torch.cat(way, 1)) > 0)
    together = torch.cat(regions)
    for start in range(0, len(together), _room(relu.size)):
        yield together[start : start + _room(relu.size)]


def _searched(relu: ReluMap, active: Tensor) -> Solved:
    """Go from each region to that of its own candidate, until that is the region itself or no move is left."""
    ends: list[Solved] = []
    for _ in range(MOVES):
        found = solve(relu, active)
        there = relu.before(found.states) > 0
        done = (there == active).all(1) | found.singular | found.unclear
        ends.append(Solved(*(one[done] for one in found)))
        active = torch.unique(there[~done], dim=0)
        if not len(active):
            break
    return Solved(*(torch.cat(one) for one in zip(*ends, strict=True)))


def _distinct(found: Solved, period: int) -> tuple[Tensor, Tensor]:
    """The cycles of just this period, each once, whatever state it begins with; and whether each is certain."""
    chosen = found.inside | found.unclear
    states, certain = found.states[chosen].clamp(min=0), found.inside[chosen]
    tolerance = TOLERANCE * (1 + float(states.norm(dim=1).max()) if len(states) else 1.0)
    kept = unique(states, (~certain).double(), tolerance).kept
    cycles, certain = states[kept].reshape(len(kept), period, states.shape[1] // period), certain[kept]
    shorter = torch.zeros(len(cycles), dtype=torch.bool)
    for divisor in range(1, period):
        if period % divisor == 0:
            shorter |= (cycles - cycles.roll(divisor, 1)).flatten(1).norm(dim=1) <= tolerance
    cycles, certain = cycles[~shorter], certain[~shorter]
    first: list[int] = []
    for number, cycle in enumerate(cycles):
        turned = torch.stack([cycle.roll(turn, 0) for turn in range(period)])
        apart = (cycles[first][:, None] - turned).flatten(2).norm(dim=2)
        if not bool((apart <= tolerance).any()):
            first.append(number)
    return cycles[first], certain[first]


def _multipliers(cell: SimpleCell, cycle: Tensor, inputs: Tensor) -> NDArray[np.complex128]:
    """Eigenvalues of the product of the Jacobians along a cycle ``[period, H]``, largest modulus first."""
    product = torch.eye(cell.hidden_size, dtype=torch.float64)
    for jacobian in cell.jacobian(cycle, inputs[None]):
        product = jacobian @ product
    values = np.linalg.eigvals(product.numpy()).astype(np.complex128)
    ordered: NDArray[np.complex128] = values[np.lexsort((-values.imag, -values.real, -np.abs(values)))]
    return ordered
