"""Fixed and slow points of a recurrent network under an input that is held (Sussillo and Barak 2013).

1. From each start, ``q = |F(h) - h|^2 / 2`` goes down by Adam. Where it first passes a threshold lies a slow point.
2. The network runs by itself from each start, too. It settles in stable points that a descent may not come to, where
   local minima of q lie between.
3. Distinct ends of both are polished by damped Newton steps. What the polish moves outside is dropped, and counted.
4. Points within a tolerance of each other are one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from netaudit.numerics import device as devices
from netaudit.recurrent.found import FixedPoints
from netaudit.recurrent.mapping import Map
from netaudit.recurrent.minimise import STEPS, Descent, minimise
from netaudit.recurrent.point_set import MEMORY, PointSet, parts
from netaudit.recurrent.polish import polish
from netaudit.recurrent.unique import unique

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from netaudit.network.network import Progress
    from netaudit.recurrent.mapping import Step

THRESHOLDS = (1e-6, 1e-8, 1e-12)
"""Of q, descending: slow points, the same stricter, and fixed points. The outer two are those in common use
(FixedPointFinder's ``tol_q`` is 1e-12; Golub and Sussillo 2018)."""
TOLERANCE = 1e-3
"""The distance up to which two points are one: FixedPointFinder's ``tol_unique``."""
RUN = 200
"""Steps of the network's own run: a mode of 20 steps, which is long for a stable point, fades by a factor of 2e4."""
OUTSIDE = 10.0
"""A point further from the centroid of the starts than so many times their mean distance from it is dropped:
FixedPointFinder's ``outlier_distance_scale``."""


@torch.no_grad()
def fixed_points(
    step: Step,
    states: Tensor | ArrayLike,
    inputs: Tensor | ArrayLike,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    tolerance: float = TOLERANCE,
    steps: int = STEPS,
    device: str | torch.device = "cpu",
    memory: int = MEMORY,
    progress: Progress | None = None,
) -> FixedPoints:
    """Find the fixed and slow points of ``h -> step(h, x)`` from many starts.

    Args:
        step: a cell of :func:`netaudit.recurrent.read_cells`; or a function of states ``[P, state]`` and inputs
            ``[P, input]``, float64, which gives the next states, each row for itself, by operations that PyTorch can
            differentiate. A cell is several times as fast: its Jacobians are in closed form.
        states: the starts ``[P, state]``, such as states along real sequences; of an LSTM ``(h, c)`` joined.
        inputs: the input that is held: ``[input]`` for all starts, or ``[P, input]``.
        thresholds: of q, descending; the last one is that of a fixed point.
        tolerance: the distance in state space (and input space, where inputs differ) up to which two points are one.
        steps: of the descent, at most.
        device: where it runs; ``auto`` takes a GPU where there is one. On one without float64 it is the CPU. A
            function must run there by itself.
        memory: bytes for the Jacobians that are held at a time.
        progress: a callback that is given what is done, how many starts of how many.

    Raises:
        NotSteppedError: a step fails, or does not give float64 states.
        ValueError: shapes do not fit, numbers are not finite, or there are not two thresholds that descend.
        DeviceError: this machine has no such device, or one start does not fit into its memory.

    >>> from netaudit.recurrent.cells.simple import SimpleCell
    >>> one = torch.ones(1, 1, dtype=torch.float64)
    >>> cell = SimpleCell("doubled", 0 * one, 2 * one, torch.zeros(1, dtype=torch.float64))
    >>> found = fixed_points(cell, [[-2.0], [-0.01], [0.01], [1.5]], [0.0])
    >>> [f"{point:.4f}" for point in found.points[:, 0].sort().values.abs().tolist()], found.stable.sum()
    (['0.9575', '0.0000', '0.9575'], np.int64(2))
    """
    starts, mapped = _checked(step, states, inputs, thresholds)
    where = devices.float64_device(devices.choose(device) if isinstance(device, str) else device)
    mapped.on(where).check(starts[:1].to(where))
    told = progress or (lambda what, done, total: None)
    descent = _descend(mapped, starts, thresholds[:-1], steps, where, told)
    settled = _settled(mapped, starts, where)
    speed = _speed(mapped, settled, where)
    slow = (speed <= thresholds[0]).nonzero()[:, 0]
    own = torch.arange(len(starts))
    ends = torch.cat((descent.states, settled[slow]))
    counted = torch.cat((torch.ones_like(own), torch.zeros_like(slow)))
    here = mapped.rows(torch.cat((own, slow)))
    apart = unique(_with_inputs(ends, here), torch.cat((descent.q, speed[slow])), tolerance)
    weights = torch.zeros(len(apart.kept), dtype=torch.long).index_add(0, apart.member, counted)
    here, ends = here.rows(apart.kept), ends[apart.kept]
    polished, q = _polished(here, ends, where, memory, told)
    inside = _inside(polished, starts)
    fixed = inside & (q <= thresholds[-1])
    last = _distinct(here, polished, q, weights, fixed, thresholds[-1], tolerance, where)
    sets = []
    for threshold, passed in zip(thresholds[:-1], descent.passed, strict=True):
        there = _inside(passed, starts)  # not where the threshold was never passed, and the state is NaN
        q = _speed(mapped, passed, where)
        sets.append(_distinct(mapped, passed, q, torch.ones_like(own), there, threshold, tolerance, where))
    return FixedPoints((*sets, last), len(starts), int((~inside & (weights > 0)).sum()), tolerance)


def _checked(
    step: Step, states: Tensor | ArrayLike, inputs: Tensor | ArrayLike, thresholds: Sequence[float]
) -> tuple[Tensor, Map]:
    """The starts and the map, on the CPU."""
    starts = torch.as_tensor(states, dtype=torch.float64).detach().cpu()
    held = torch.as_tensor(inputs, dtype=torch.float64).detach().cpu()
    held = held[None] if held.ndim == 1 else held
    if starts.ndim != 2 or not len(starts) or held.ndim != 2 or len(held) not in (1, len(starts)):
        shapes = f"{list(starts.shape)} and {list(held.shape)}"
        raise ValueError(f"states must be [P, state] and inputs [input] or [P, input], got {shapes}")
    sizes = getattr(step, "state_size", starts.shape[1]), getattr(step, "input_size", held.shape[1])
    if sizes != (starts.shape[1], held.shape[1]):
        raise ValueError(
            f"the cell has states of {sizes[0]} numbers and inputs of {sizes[1]}, "
            f"got states of {starts.shape[1]} and inputs of {held.shape[1]}"
        )
    if not bool(starts.isfinite().all()) or not bool(held.isfinite().all()):
        raise ValueError("states and inputs must be finite")
    if len(thresholds) < 2 or any(one <= two for one, two in pairwise(thresholds)) or thresholds[-1] <= 0:
        raise ValueError(f"the thresholds must be two or more, descend, and be positive, got {list(thresholds)}")
    return starts, Map(step, held)


def _descend(
    mapped: Map, starts: Tensor, thresholds: Sequence[float], steps: int, device: torch.device, told: Progress
) -> Descent:
    """Descend from all starts, in as many parts as the device's memory asks for."""
    total = len(starts)

    def part(rows: slice, where: torch.device) -> Descent:
        found = minimise(
            mapped.rows(rows).on(where),
            starts[rows].to(where),
            thresholds,
            steps=steps,
            report=lambda done: told("going down from each start", rows.start + done, total),
        )
        return Descent(found.states.cpu(), found.q.cpu(), tuple(one.cpu() for one in found.passed))

    found = devices.with_smaller_batches(part, total, device)
    passed = tuple(torch.cat(one) for one in zip(*(each.passed for each in found), strict=True))
    return Descent(torch.cat([each.states for each in found]), torch.cat([each.q for each in found]), passed)


def _settled(mapped: Map, starts: Tensor, device: torch.device) -> Tensor:
    """Where the network goes by itself from each start."""

    def part(rows: slice, where: torch.device) -> Tensor:
        here, states = mapped.rows(rows).on(where), starts[rows].to(where)
        for _ in range(RUN):
            states = here(states)
        return states.cpu()

    return torch.cat(devices.with_smaller_batches(part, len(starts), device))


def _speed(mapped: Map, states: Tensor, device: torch.device) -> Tensor:
    """q of each state."""

    def part(rows: slice, where: torch.device) -> Tensor:
        return mapped.rows(rows).on(where).speed(states[rows].to(where)).cpu()

    return torch.cat(devices.with_smaller_batches(part, len(states), device))


def _polished(mapped: Map, points: Tensor, device: torch.device, memory: int, told: Progress) -> tuple[Tensor, Tensor]:
    """Polish all, a part that fits into memory at a time."""
    states, speeds = [], []
    for rows in parts(len(points), points.shape[1], memory):
        for found in devices.with_smaller_batches(
            _polish_part(mapped.rows(rows), points[rows]), rows.stop - rows.start, device
        ):
            states.append(found[0])
            speeds.append(found[1])
        told("polishing", rows.stop, len(points))
    return torch.cat(states), torch.cat(speeds)


def _polish_part(mapped: Map, points: Tensor) -> Callable[[slice, torch.device], tuple[Tensor, Tensor]]:
    def part(rows: slice, where: torch.device) -> tuple[Tensor, Tensor]:
        found = polish(mapped.rows(rows).on(where), points[rows].to(where))
        return found.states.cpu(), found.q.cpu()

    return part


def _inside(points: Tensor, starts: Tensor) -> Tensor:
    """Whether each point lies among the starts; all finite ones do where the starts are one point."""
    centre = starts.mean(0)
    reach = OUTSIDE * (starts - centre).norm(dim=1).mean()
    far = (points - centre).norm(dim=1)
    inside: Tensor = far.isfinite() & ((far <= reach) | (reach == 0))
    return inside


def _with_inputs(points: Tensor, mapped: Map) -> Tensor:
    """Points of different inputs are different points."""
    return points if len(mapped.inputs) == 1 else torch.cat((points, mapped.inputs), 1)


def _distinct(
    mapped: Map,
    points: Tensor,
    q: Tensor,
    weights: Tensor,
    chosen: Tensor,
    threshold: float,
    tolerance: float,
    device: torch.device,
) -> PointSet:
    """The chosen points, each once, with the sum of the weights of those that are one with it."""
    rows = chosen.nonzero()[:, 0]
    here = mapped.rows(rows)
    found = unique(_with_inputs(points[rows], here), q[rows], tolerance)
    kept = rows[found.kept]
    starts = torch.zeros(len(kept), dtype=torch.long).index_add(0, found.member, weights[rows])
    return PointSet(here.rows(found.kept), threshold, points[kept], q[kept], starts, device)
