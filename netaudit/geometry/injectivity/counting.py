"""Too few rows: what follows from their number, each time with a point that proves it for these very weights.

On all of R^n the rows active at x and at -x are different ones, so that with fewer than 2n rows one of the two has
fewer than n. With fewer than 3n - 1 rows in general position, take v orthogonal to n - 1 of them: of the other
m - n + 1 at most half, which is fewer than n, are positive at v or at -v, and beside it the n - 1 are negative. With a
bias the same happens far out. On the orthant the first count is of the rows that can be active inside it at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from netaudit.geometry.injectivity.certificate import Witness
from netaudit.geometry.injectivity.rows import Rows
from netaudit.geometry.injectivity.snap import beside_rays
from netaudit.geometry.injectivity.witness import collision, measured

if TYPE_CHECKING:
    from netaudit.geometry.injectivity.arrays import Floats

_TRIES = 4
"""Random directions or rays that are tried: the first does, but for rows in special position."""


def zero_column(rows: Rows) -> Witness | None:
    """Two inputs that differ in a coordinate that no row looks at, or None."""
    unused = np.flatnonzero(~rows.weight.any(axis=0))
    if not len(unused):
        return None
    first = np.ones(rows.n)
    second = first.copy()
    second[unused[0]] = 2.0
    return measured(rows, first, second)


def too_few_rows(rows: Rows, generator: np.random.Generator) -> Witness | None:
    """A collision where the number of rows alone leaves no other way, or None."""
    if rows.orthant:
        possible = (rows.weight > 0).any(axis=1)
        if rows.bias is not None:
            possible |= rows.bias > 0
        return collision(rows, np.ones(rows.width)) if possible.sum() < rows.n else None
    if rows.m >= 2 * rows.n:
        return None
    for _ in range(_TRIES):
        x = generator.standard_normal(rows.n)
        values = rows.linear @ x
        x = x if (values > 0).sum() <= (values < 0).sum() else -x
        if (found := collision(rows, _far(rows, x))) is not None:
            return found
    return None


def below_general_position(rows: Rows, generator: np.random.Generator) -> Witness | None:
    """A collision beside a ray where n - 1 rows are 0, for fewer than 3n - 1 rows on all of R^n; or None."""
    if rows.orthant or not 2 * rows.n <= rows.m < 3 * rows.n - 1:
        return None
    unbiased = replace(rows, bias=None, _integers={})
    for _ in range(_TRIES):
        zero = np.sort(generator.choice(rows.m, rows.n - 1, replace=False))
        for x in beside_rays(unbiased, zero, np.zeros(0, dtype=np.int64)):
            if (unbiased.unit @ x > 0).sum() < rows.n and (found := collision(rows, _far(rows, x))) is not None:
                return found
    return None


def _far(rows: Rows, x: Floats) -> Floats:
    """The point ``[D]`` so far out along x that every row has the sign that it has without its bias."""
    if rows.bias is None:
        return x
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scale = 2.0 * float(np.nanmax(np.abs(rows.unit[:, -1] / (rows.unit[:, :-1] @ x)), initial=0.5))
    return np.append(x, 1.0 / scale if np.isfinite(scale) else 1.0)
