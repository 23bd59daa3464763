"""Points that are one up to a tolerance."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Unique(NamedTuple):
    """One of each, and which one each point is."""

    kept: Tensor
    """The number of each point that stands for others, ``[n]``, in the order of the first point it stands for, so that
    the order does not hang on the last digits of q."""
    member: Tensor
    """For each point, the place in ``kept`` of what it is one with, ``[P]``."""


def unique(points: Tensor, q: Tensor, tolerance: float) -> Unique:
    """Keep a point unless it lies within a tolerance of one of lower q that is kept.

    Args:
        points: ``[P, d]``.
        q: ``[P]``.
        tolerance: the Euclidean distance up to which two points are one.

    >>> unique(torch.tensor([[0.0], [1.0], [1.0004]]), torch.tensor([2.0, 1.0, 0.0]), 1e-3)
    Unique(kept=tensor([0, 2]), member=tensor([0, 1, 1]))
    """
    member = torch.full((len(points),), -1, dtype=torch.long)
    kept: list[int] = []
    for number in torch.argsort(q, stable=True).tolist():
        if member[number] < 0:
            near = ((points - points[number]).norm(dim=1).cpu() <= tolerance) & (member < 0)
            member[near] = len(kept)
            kept.append(number)
    first = torch.full((len(kept),), len(points), dtype=torch.long).scatter_reduce(
        0, member, torch.arange(len(points)), "amin"
    )
    order = first.argsort()
    return Unique(torch.tensor(kept, dtype=torch.long)[order], order.argsort()[member])
