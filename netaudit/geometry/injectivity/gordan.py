"""Gordan's alternative: either some y makes all given rows negative, or a positive combination of them is 0.

With the coordinates c of y that the domain wants positive: either there is y with r_i y < 0 for every given row and
y_c >= 0, or there are lambda >= 0, not all 0, and mu >= 0 with sum_i lambda_i r_i = sum_c mu_c e_c. Non-negative least
squares finds both: of min || sum lambda_i (r_i, 1) - sum_c mu_c (e_c, 0) - (0, 1) || the minimum is 0 in the second
case, and in the first the residual is such a y. As a basic solution it has at most D + 1 numbers that are not 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from netaudit.geometry.injectivity import exact
from netaudit.geometry.injectivity.rows import Rows

if TYPE_CHECKING:
    from netaudit.geometry.injectivity.arrays import Floats, Indices

_ZERO = 1e-9
"""Residual, and share of the largest lambda, that is taken for 0. Whatever is concluded is proved afterwards."""


@dataclass(frozen=True)
class Circuit:
    """Rows that are never negative together inside the domain, so it seems; :func:`proved` says whether they are."""

    rows: tuple[int, ...]
    """Those with lambda > 0."""
    walls: tuple[int, ...]
    """Coordinates with mu > 0."""


def one_sided(rows: Rows, chosen: Indices) -> Floats | Circuit | None:
    """Give a point y ``[D]`` inside the domain where the chosen rows are negative, or a circuit among them.

    Neither is proved. None stands for least squares that did not converge.
    """
    from scipy.optimize import nnls

    if not len(chosen):
        inside = np.zeros(rows.width)
        inside[rows.positive] = 1.0
        return inside if len(rows.positive) else np.ones(rows.width)
    k, walls = len(chosen), rows.positive
    columns = np.zeros((k + len(walls), rows.width + 1))
    columns[:k, :-1] = rows.unit[chosen]
    columns[:k, -1] = 1.0
    columns[k + np.arange(len(walls)), walls] = -1.0
    target = np.zeros(rows.width + 1)
    target[-1] = 1.0
    try:
        solution, _ = nnls(columns.T, target, maxiter=max(30 * len(columns), 100))
    except RuntimeError:
        return None
    residual = target - columns.T @ solution
    if np.linalg.norm(residual) > _ZERO:
        return _moved_inside(rows, chosen, residual[:-1])
    used = solution > _ZERO * solution.max()
    return Circuit(tuple(chosen[used[:k]].tolist()), tuple(walls[used[k:]].tolist()))


def _moved_inside(rows: Rows, chosen: Indices, y: Floats) -> Floats:
    """The point, pushed off the walls of the domain half as far as the chosen rows stay negative."""
    if not len(rows.positive):
        return y
    push = np.zeros(rows.width)
    push[rows.positive] = 1.0
    y = np.where(push > 0, np.maximum(y, 0.0), y)
    value, slope = rows.unit[chosen] @ y, rows.unit[chosen] @ push
    up = slope > 0
    room = float(np.min(-value[up] / slope[up], initial=float(np.linalg.norm(y))))
    return y + 0.5 * max(room, 0.0) * push


def proved(rows: Rows, circuit: Circuit) -> bool:
    """Whether the equation for lambda and mu has its solution in integers too, with the right signs."""
    columns = [rows.integers(row) for row in circuit.rows]
    columns += [tuple(-int(c == wall) for c in range(rows.width)) for wall in circuit.walls]
    basis = exact.kernel(zip(*columns, strict=True), len(columns))
    if len(basis) != 1:
        return False
    [solution] = basis
    if max(solution) <= 0:
        solution = tuple(-value for value in solution)
    return min(solution) >= 0 and any(solution[: len(circuit.rows)])
