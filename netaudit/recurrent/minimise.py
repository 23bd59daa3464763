"""The first part of the search: q goes down from each start by Adam, and the states where it passes a threshold.

A slow point that is no fixed point, such as one between the fixed points of a line attractor, is where the descent
first passes a threshold: Newton's method would leave it. Each start is for itself: Adam works entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from netaudit.recurrent.mapping import Map

RATE = 0.03
"""Adam's step. The notebook of Maheswaranathan et al. (2019) has 0.01; with 0.03 and the shorter memory below, as many
starts of a GRU of 64 units pass the thresholds, at the same states, in a third of the steps."""
STEPS = 1000
"""Most steps; on that GRU the last start passed or stalled after 600. The notebook takes 582."""
WINDOW = 100
"""A start whose lowest q fell by less than :data:`STALLED` over so many steps is left where q was lowest."""
STALLED = 0.01
_DECAYS = (0.9, 0.99)
"""Of the means of the gradient and its square. Adam's default for the second, 0.999, remembers the large gradients of
the beginning for a thousand steps."""
_EPSILON = 1e-8
"""Adam's default (Kingma and Ba 2015)."""


@dataclass(frozen=True, eq=False)
class Descent:
    """Where the descents went."""

    states: Tensor
    """Where q was lowest, ``[P, state]``."""
    q: Tensor
    """There, ``[P]``."""
    passed: tuple[Tensor, ...]
    """For each threshold, the state where q was first at most that, ``[P, state]``; NaN where it never was."""


def minimise(
    mapped: Map,
    starts: Tensor,
    thresholds: Sequence[float],
    *,
    steps: int = STEPS,
    report: Callable[[int], None] = lambda done: None,
) -> Descent:
    """Lower ``q = |F(h) - h|^2 / 2`` from each start until it is at most the last threshold.

    Args:
        mapped: F.
        starts: ``[P, state]``.
        thresholds: of q, descending.
        steps: at most.
        report: is given the number of starts that are done.
    """
    best, lowest = starts.clone(), torch.full_like(starts[:, 0], torch.inf)
    passed = tuple(torch.full_like(starts, torch.nan) for _ in thresholds)
    rows, states, here = torch.arange(len(starts), device=starts.device), starts, mapped
    mean, square, before = torch.zeros_like(starts), torch.zeros_like(starts), lowest.clone()
    for step in range(steps + 1):
        q, gradient = here.speed_and_gradient(states)
        better = q < lowest[rows]
        lowest[rows[better]], best[rows[better]] = q[better], states[better]
        for threshold, first in zip(thresholds, passed, strict=True):
            new = (q <= threshold) & first[rows, 0].isnan()
            first[rows[new]] = states[new]
        going = (q > thresholds[-1]) & q.isfinite()
        if step and step % WINDOW == 0:
            going &= lowest[rows] <= (1 - STALLED) * before[rows]
            before = lowest.clone()
        if not bool(going.all()):
            rows, states, gradient, mean, square = (one[going] for one in (rows, states, gradient, mean, square))
            here = mapped.rows(rows)
            report(len(starts) - len(rows))
        if not len(rows) or step == steps:
            break
        mean = mean.lerp(gradient, 1 - _DECAYS[0])
        square = square.lerp(gradient.square(), 1 - _DECAYS[1])
        size = (square / (1 - _DECAYS[1] ** (step + 1))).sqrt() + _EPSILON
        states = states - RATE / (1 - _DECAYS[0] ** (step + 1)) * mean / size
    report(len(starts))
    return Descent(best, lowest, passed)
