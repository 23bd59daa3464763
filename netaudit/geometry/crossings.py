"""Where neurons change their state along a line: new knots, how values go to them, and the state of each piece.

Between two knots every value is affine in t. A layer of ReLU, or of max pooling, therefore breaks a piece exactly where
one of its neurons changes its state, and that is solved for. Rounding is met by two rules:

- A pre-activation that is at most a tolerance from its break lies at it (:data:`netaudit.geometry.steps.ROUNDINGS`). A
  neuron that only touches its break, or that starts at it, so makes no knots beside the one that is there.
- A new knot at most ``SAME_KNOT`` from another one is that knot: float64 cannot tell more (t lies in [0, 1] and is the
  quotient of two rounded numbers). Neurons that switch together, such as twins, so share one knot, each with its event.
"""

from __future__ import annotations

import torch
from torch import Tensor

from netaudit.geometry.steps import Entrywise, Kink, Largest

SAME_KNOT = 1e-12
"""Closer in t than this is the same knot: some 10^4 roundings of numbers in [0, 1]."""


def crossings(kink: Kink, z: Tensor, knots: Tensor, tolerance: Tensor) -> tuple[Tensor, Tensor]:
    """Where neurons change their state strictly between two knots.

    Args:
        kink: the layer.
        z: its inputs at the knots, ``[K, ...]``.
        knots: t ascending, ``[K]``.
        tolerance: what counts as zero, for each neuron or window, ``[n]``.

    Returns:
        The number of the piece ``[E]`` in which each lies, and its t ``[E]``, in no order.
    """
    if isinstance(kink, Largest):
        return _new_winners(kink.unfold(z), knots, tolerance)
    found = [_sign_changes(z.flatten(1) - at, knots, tolerance) for at in kink.breaks]
    pieces, times = zip(*found, strict=True)
    return torch.cat(pieces), torch.cat(times)


def _sign_changes(y: Tensor, knots: Tensor, tolerance: Tensor) -> tuple[Tensor, Tensor]:
    above, below = y > tolerance, y < -tolerance
    piece, neuron = ((above[:-1] & below[1:]) | (below[:-1] & above[1:])).nonzero(as_tuple=True)
    left, right = y[piece, neuron], y[piece + 1, neuron]
    return piece, knots[piece] + (knots[piece + 1] - knots[piece]) * (left / (left - right))


def _new_winners(u: Tensor, knots: Tensor, tolerance: Tensor) -> tuple[Tensor, Tensor]:
    """Walk along the upper envelope of the entries of each window that has no entry which is largest at both ends.

    Each round goes to the next place at which a steeper entry overtakes the one that is largest, in all windows at
    once; there are at most P - 1 rounds.
    """
    largest = u >= u.amax(2, keepdim=True) - tolerance[:, None]
    piece, window = (~(largest[:-1] & largest[1:]).any(2)).nonzero(as_tuple=True)
    left, slope = u[piece, window], u[piece + 1, window] - u[piece, window]
    lead = (left >= left.amax(1, keepdim=True) - tolerance[window][:, None]).double()
    winner = torch.where(lead > 0, slope, -torch.inf).argmax(1, keepdim=True)  # the one that leads just after the knot
    pieces, times = [piece[:0]], [knots[:0]]
    for _ in range(u.shape[2] - 1):
        steeper = slope - slope.gather(1, winner)
        behind = left.gather(1, winner) - left
        at = torch.where(steeper > 0, behind / steeper, torch.inf)
        next_at = at.amin(1)
        tied = torch.where(at <= next_at[:, None], slope, -torch.inf)
        going = next_at < 1
        if not bool(going.any()):
            break
        piece, left, slope, next_at = piece[going], left[going], slope[going], next_at[going]
        winner = tied[going].argmax(1, keepdim=True)
        pieces.append(piece)
        times.append(knots[piece] + (knots[piece + 1] - knots[piece]) * next_at)
    return torch.cat(pieces), torch.cat(times)


def refined(knots: Tensor, times: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The knots with new ones among them.

    Args:
        knots: t ascending, ``[K]``; all of them stay.
        times: new ones, ``[E]``, in no order; those at most ``SAME_KNOT`` from another are left out.

    Returns:
        The knots ``[K']``; the old piece ``[K']`` that each lies in; and how far into it, from 0 to 1, ``[K']``.
    """
    everything, order = torch.cat([knots, times]).sort(stable=True)
    is_old = order < len(knots)
    before = torch.cat([everything.new_full((1,), -torch.inf), everything[:-1]])
    following = torch.searchsorted(knots, everything, right=True).clamp(max=len(knots) - 1)
    keep = is_old | ((everything - before > SAME_KNOT) & (knots[following] - everything > SAME_KNOT))
    found = everything[keep]
    piece = (torch.searchsorted(knots, found, right=True) - 1).clamp(max=len(knots) - 2)
    return found, piece, (found - knots[piece]) / (knots[piece + 1] - knots[piece])


def interpolated(value: Tensor, piece: Tensor, weight: Tensor) -> Tensor:
    """Values ``[K, ...]`` at the places ``weight`` of the pieces, ``[K', ...]``; exact at the knots."""
    weight = weight.view(-1, *[1] * (value.ndim - 1))
    return torch.lerp(value[piece], value[piece + 1], weight)


def states(kink: Kink, z: Tensor, tolerance: Tensor) -> list[Tensor]:
    """The state of each neuron on each piece, for knots at which no neuron has to be broken any more.

    Returns:
        For each break, ``[K - 1, n, 1]``: whether z lies above it. For max pooling, ``[K - 1, n, P]``: which entries of
        the window are the largest.
    """
    if isinstance(kink, Largest):
        u = kink.unfold(z)
        middle = (u[:-1] + u[1:]) / 2
        return [middle >= middle.amax(2, keepdim=True) - tolerance[:, None]]
    found = []
    for at in kink.breaks:
        y = z.flatten(1) - at
        y = torch.where(y.abs() > tolerance, y, 0.0)
        found.append((y[:-1] + y[1:] > 0).unsqueeze(2))
    return found


def changes(kink: Kink, before: Tensor, after: Tensor) -> Tensor:
    """Whether a neuron has another state ``[..., n, 1]`` or ``[..., n, P]`` after a knot than before it, ``[..., n]``.

    For max pooling it has when no entry of the window is the largest on both sides: while one is, the window hands on
    that entry, and a bend of it comes from below.
    """
    if isinstance(kink, Entrywise):
        return (before != after).squeeze(-1)
    return ~(before & after).any(-1)
