"""Rays where D - 1 rows are 0, and the cell beside each where all of these rows are negative.

Every cell of rows has such a ray on its border, and the fewest active rows are met beside one. So a search that ends
somewhere in a cell is moved to the nearest ray, which takes away up to D - 1 active rows at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netaudit.geometry.injectivity.rows import Rows

if TYPE_CHECKING:
    from netaudit.geometry.injectivity.arrays import Floats, Indices


def beside_rays(rows: Rows, zero: Indices, walls: Indices) -> list[Floats]:
    """Points ``[D]`` beside the two ends of a ray; those that leave the domain are left out.

    Args:
        rows: the layer.
        zero: rows that are 0 on the ray, by their indices, independent.
        walls: coordinates of y that are 0 on the ray; with ``zero`` D - 1 in number.

    Returns:
        at most two points v + step u with v on the ray, the rows of ``zero`` negative and the walls positive.
    """
    free = np.setdiff1d(np.arange(rows.width), walls)
    A = rows.unit[np.ix_(zero, free)]
    Q, R = np.linalg.qr(A.T, mode="complete")
    v, u = np.zeros(rows.width), np.zeros(rows.width)
    v[free] = Q[:, -1]
    u[walls] = 1.0
    wanted = -1.0 - rows.unit[np.ix_(zero, walls)].sum(axis=1)
    if len(zero):
        try:
            u[free] = Q[:, :-1] @ np.linalg.solve(R[:-1].T, wanted)
        except np.linalg.LinAlgError:
            return []
    if not np.isfinite(u).all():
        return []
    others = np.setdiff1d(np.arange(rows.m), zero)
    inside = np.setdiff1d(rows.positive, walls)
    rest = rows.unit[others]
    value = np.concatenate([rest @ v, v[inside]])
    slope = np.concatenate([rest @ u, u[inside]])
    with np.errstate(divide="ignore", invalid="ignore"):
        step = 0.5 * float(np.nanmin(np.abs(value / slope), initial=1.0 / (np.linalg.norm(u) or 1.0)))
    return [y for y in (v + step * u, -v + step * u) if (y[rows.positive] > 0).all()]


def nearest(rows: Rows, y: Floats) -> tuple[Indices, Indices]:
    """The rows and walls of the D - 1 boundaries closest to y ``[D]``, for :func:`beside_rays`."""
    distances = np.concatenate([np.abs(rows.unit @ y), np.abs(y[rows.positive])])
    chosen = np.argsort(distances, kind="stable")[: rows.width - 1]
    return np.sort(chosen[chosen < rows.m]), rows.positive[np.sort(chosen[chosen >= rows.m] - rows.m)]
