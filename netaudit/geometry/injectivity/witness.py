"""A point at which too few rows are active, made into a proof that the layer is not injective, and into two inputs.

Where the rows that are active at x (w_i x + b_i >= 0) do not span R^n, a step along any v that is orthogonal to them
leaves their outputs as they are, and the other outputs stay 0 while the step is short. So x - v and x + v collide.
"""

from __future__ import annotations

from functools import partial
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from netaudit.geometry.injectivity import exact
from netaudit.geometry.injectivity.certificate import Witness
from netaudit.geometry.injectivity.gordan import one_sided
from netaudit.geometry.injectivity.ranks import deficient
from netaudit.geometry.injectivity.rows import Rows

if TYPE_CHECKING:
    from netaudit.geometry.injectivity.arrays import Floats, Mask

_WIDE = 512
"""Inputs up to which v may point anywhere; beyond, it uses as few inputs as it needs, which is far cheaper."""
LEAST_SQUARES = 500_000
"""Weights up to which the whole layer goes through non-negative least squares: about a second."""
_SLACK = 0.5
"""Share of the way to the next row's boundary that is gone."""


def collision(rows: Rows, y: Floats) -> Witness | None:
    """Two inputs near y ``[D]`` that collide, or None where it is not proved that there are some.

    Where this gives two inputs, the layer is not injective: the signs of all rows are proved at y, and so is that the
    active ones do not span R^n, by their number or by their rank in integers.
    """
    x = _input(rows, y)
    if x is None:
        return None
    active = rows.signs(_lifted(rows, x)) >= 0
    if not deficient(rows, np.flatnonzero(active)):
        return None
    v, step = _along(rows, x, active)
    if rows.weight.size <= LEAST_SQUARES:
        # A point deep in the region where the same rows are negative: a longer step loses fewer digits.
        deep = one_sided(rows, np.flatnonzero(~active))
        other = _input(rows, deep) if isinstance(deep, np.ndarray) else None
        if other is not None and not (still := rows.signs(_lifted(rows, other)) >= 0)[~active].any():
            longer = _along(rows, other, still)
            if longer[1] > step:
                x, (v, step) = other, longer
    first, second = x - step * v, x + step * v
    if rows.orthant:
        first, second = np.maximum(first, 0.0), np.maximum(second, 0.0)
    return measured(rows, first, second)


def beside(rows: Rows, x: Floats) -> Witness | None:
    """Two inputs that collide, the first of which is x ``[n]``; None where the rows that are active at x span R^n.

    The first is x itself, the second as far along one direction as no other row becomes active.
    """
    active = rows.signs(_lifted(rows, x)) >= 0
    if not deficient(rows, np.flatnonzero(active)):
        return None
    v, step = _along(rows, x, active)
    return measured(rows, x, x + step * v)


def _input(rows: Rows, y: Floats) -> Floats | None:
    """The input of a point y inside the domain, of an ordinary size where there is no bias; None outside."""
    if not np.isfinite(y).all() or (y[rows.positive] <= 0).any():
        return None
    x = y[: rows.n]
    with np.errstate(over="ignore"):
        x = x / y[-1] if rows.bias is not None else x / (np.abs(x).max(initial=0.0) or 1.0)
    return x if np.isfinite(x).all() and not (rows.orthant and (x <= 0).any()) else None


def _lifted(rows: Rows, x: Floats) -> Floats:
    return x if rows.bias is None else np.append(x, 1.0)


def _along(rows: Rows, x: Floats, active: Mask) -> tuple[Floats, float]:
    v = _orthogonal(rows, active)
    return v, _longest(rows, x, v, active)


def _orthogonal(rows: Rows, active: Mask) -> Floats:
    """A unit vector v ``[n]`` orthogonal to the active rows, to the rounding of float64."""
    A = rows.linear[active]
    k = len(A)
    columns = rows.n if rows.n <= _WIDE or k >= rows.n else k + 1
    v = np.zeros(rows.n)
    if k >= columns:
        v[:columns] = np.linalg.svd(A)[2][-1]
    elif k == 0:
        v[0] = 1.0
    else:
        v[:columns] = np.linalg.qr(A[:, :columns].T, mode="complete")[0][:, -1]
    return v


def _longest(rows: Rows, x: Floats, v: Floats, active: Mask) -> float:
    """How far along v and back the rows that are not active stay so and x stays in the domain, with some slack."""
    silent = rows.unit[~active]
    values = (silent @ _lifted(rows, x), silent[:, : rows.n] @ v)
    if rows.orthant:
        values = np.append(values[0], x), np.append(values[1], v)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        limits = np.abs(values[0]) / np.abs(values[1])
    nearest = float(np.nanmin(limits, initial=np.inf))
    return _SLACK * nearest if nearest < np.inf else float(np.abs(x).max(initial=0.0)) or 1.0


def measured(rows: Rows, first: Floats, second: Floats) -> Witness:
    """The two inputs with how well they collide, in integers from the stored numbers."""
    with np.errstate(over="ignore"):
        distance = float(np.linalg.norm(second - first))
    on = rows.signs(_lifted(rows, first)) >= 0, rows.signs(_lifted(rows, second)) >= 0
    bare = Rows(rows.weight, rows.bias, rows.orthant)  # without what was computed of the rows
    return Witness(first, second, distance, int((on[0] | on[1]).sum()), partial(_residual, bare, first, second, on))


def _residual(rows: Rows, first: Floats, second: Floats, on: tuple[Mask, Mask]) -> float:
    """The largest difference of two outputs, in units of the distance; ``on`` says which rows are active at each."""
    points, _ = exact.integers(np.concatenate([_lifted(rows, first), _lifted(rows, second)]))
    one, two = points[: rows.width], points[rows.width :]
    gap = exact.dot(differences := [b - a for a, b in zip(one, two, strict=True)], differences)
    worst = 0.0
    for row in np.flatnonzero(on[0] | on[1]).tolist():
        r = rows.integers(row)
        change = exact.dot(r, differences if on[0][row] and on[1][row] else two if on[1][row] else one)
        if change:
            w = r[: rows.n]
            worst = max(worst, _ratio(change * change, exact.dot(w, w) * gap))
    return worst


def _ratio(numerator: int, denominator: int) -> float:
    """The square root of a quotient of integers, which Python rounds correctly at any size."""
    return sqrt(numerator / denominator) if denominator else 0.0
