"""The second part of the search: damped Newton steps by least squares, up to the rounding of float64.

Along a line attractor J - I is singular, so a plain solve would throw a state far along it. Each step minimises

    |(J - I) d + F(h) - h|^2 + mu |d|^2

(Levenberg 1944, Marquardt 1963), by a Cholesky factor of the normal equations. With mu at its least, this is the least
squares solution in which directions with singular values below RCOND times the largest are damped out, and not cut off
as a singular value decomposition would cut them; it takes a tenth of the time.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from netaudit.recurrent.mapping import Map

RCOND = 1e-5
"""Singular values of J - I below so much of its Frobenius norm are damped out; mu is at least RCOND^2 norm^2. So modes
slower than some 1e5 steps count as standing still, and rounding, which the normal equations amplify by 1 / RCOND^2,
moves a state along them by at most 1e-6 of the step."""
STEPS = 50
"""At most. From q = 1e-8 four or five are enough where J - I is not singular."""
_FIRST, _LESS, _MORE, _MOST = 1e-4, 0.1, 10.0, 1e4
"""mu, relative to the square of the norm: at first, its factor after a good step and after a bad one, and where a start
is given up: steps are then below a ten-thousandth of Newton's."""
_CHECK, _FALLS = 5, 0.5
"""A start whose q fell by less than this factor over so many steps lies at a local minimum of q, and is given up."""
_NEAR = 1e-6
"""Where q is at most this, mu begins at its least: Newton's steps converge at once there."""
_ENOUGH = 1e-31
"""Where q is at most so much of (1 + |h|)^2, what is left is rounding: (2e-16)^2."""

_ROUNDING = 1e-20
"""Where a step fails below this, it is rounding that stands in the way."""


class Polished(NamedTuple):
    """Where the steps went."""

    states: Tensor
    """``[P, state]``"""
    q: Tensor
    """After the last step, ``[P]``."""


def polish(mapped: Map, states: Tensor, *, steps: int = STEPS) -> Polished:
    """Go to a fixed point from each state. No step that raises q is taken: q of each state is at most what it was.

    Args:
        mapped: F.
        states: ``[P, state]``; the working memory is five float64 matrices ``[state, state]`` for each.
        steps: at most.
    """
    states, q = states.clone(), mapped.speed(states)
    damping = torch.where(q <= _NEAR, RCOND**2, _FIRST).to(q.dtype)
    rows = torch.arange(len(states), device=states.device)
    before = q.clone()
    for step in range(steps):
        going = (q[rows] > _ENOUGH * (1 + states[rows].norm(dim=1)) ** 2) & (damping[rows] < _MOST)
        if step and step % _CHECK == 0:
            going &= q[rows] <= _FALLS * before[rows]
            before = q.clone()
        rows = rows[going & q[rows].isfinite()]
        if not len(rows):
            break
        here = mapped.rows(rows)
        tried = states[rows] + least_squares_step(here, states[rows], damping[rows])
        new = here.speed(tried)
        good = new < q[rows]
        states[rows[good]], q[rows[good]] = tried[good], new[good]
        factor = torch.where(good, _LESS, _MORE)
        damping[rows] = (damping[rows] * factor).clamp(min=RCOND**2)
        rows = rows[good | (q[rows] > _ROUNDING)]
    return Polished(states, q)


def least_squares_step(mapped: Map, states: Tensor, damping: Tensor) -> Tensor:
    """``d [P, state]``, which minimises ``|(J - I) d + F(h) - h|^2 + damping |J - I|_F^2 |d|^2``.

    Args:
        mapped: F.
        states: h, ``[P, state]``.
        damping: ``[P]``.
    """
    matrix = mapped.jacobian(states)
    matrix.diagonal(dim1=1, dim2=2).sub_(1)
    size = matrix.square().sum((1, 2)).clamp(min=torch.finfo(torch.float64).tiny)
    gradient = matrix.mT @ (mapped(states) - states)[:, :, None]
    normal = matrix.mT @ matrix
    normal.diagonal(dim1=1, dim2=2).add_((damping * size)[:, None])
    factor, _ = torch.linalg.cholesky_ex(normal)
    return -torch.cholesky_solve(gradient, factor)[:, :, 0]
