r"""How much a layer can shrink distances, over all of its domain: an inverse Lipschitz bound, for few inputs.

Along the segment from x to y every output is monotone where it is a row's, so that

    ||f(x) - f(y)||_1 = int_0^1 ||W_A(t) (x - y)||_1 dt,   hence   ||f(x) - f(y)||_2 >= c ||x - y||_2,
    c = m^(-1/2) min over the cells of sigma_min(W_A)

with A the rows that are active in a cell. (Puthawala et al. 2022 have the same with (2m)^(-1/2).) Every cell has a ray
on its border where D - 1 rows or walls are 0, and the fewest rows are active in the cells beside it. So all
(D - 1)-subsets are gone through, in float64. Where more than D - 1 rows are 0 on a ray, the cells beside it are those
of these rows alone, in one dimension less. A product counts as 0 when it is within 1e-12 over the smallest singular
value of the subset: that a row is on the wrong side of this can only lower the bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice
from math import comb, sqrt
from typing import TYPE_CHECKING

import numpy as np

from netaudit.geometry.injectivity.rows import checked

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from torch import Tensor

    from netaudit.geometry.injectivity.arrays import Floats, Mask
    from netaudit.geometry.injectivity.certificate import Domain

MOST_RAYS = 200_000
"""Subsets of rows that are gone through at most: some seconds."""
_BATCH = 10_000
_TIE = 1e-12
_DEPENDENT = 1e-13
"""Smallest singular value of a subset of unit rows that is taken for 0."""
_DOUBTFUL = 1e-8
"""Smallest singular value below which it is not clear where the ray is: there is no bound then."""


def inverse_lipschitz(
    weight: ArrayLike | Tensor, bias: ArrayLike | Tensor | None = None, domain: Domain = "all"
) -> float | None:
    """The bound c on all of the domain, in units of output a unit of input.

        >>> import numpy as np
        >>> round(inverse_lipschitz(np.vstack([np.eye(2), -np.eye(2)])), 12)
        0.5

    Args:
        weight: ``[out, in]``.
        bias: ``[out]``, or None.
        domain: as for :func:`netaudit.geometry.injective`.

    Returns:
        c, which is 0 where the active rows of a cell do not span R^n to the rounding of float64. None where there are
        more than 200,000 subsets to go through, or where two rays are too close to be told apart in float64.

    Raises:
        NetauditError: as for :func:`netaudit.geometry.injective`.
    """
    rows, _ = checked(weight, bias, domain)
    if not rows.m:
        return 0.0
    M = rows.m + len(rows.positive)
    if rows.width - 1 > M or comb(M, rows.width - 1) > MOST_RAYS:
        return None
    walls = np.zeros((len(rows.positive), rows.width))
    walls[np.arange(len(walls)), rows.positive] = 1.0
    power = int(np.frexp(np.abs(rows.weight).max(initial=0.0))[1])
    W = np.ldexp(rows.weight, -power)
    smallest = np.inf
    try:
        for active in fewest_active(rows.unit, walls):
            smallest = min(smallest, _smallest(W, active))
    except _DoubtError:
        return None
    return 0.0 if smallest == np.inf else float(np.ldexp(smallest / sqrt(rows.m), power))


class _DoubtError(Exception):
    """Two rays are too close to be told apart in float64."""


def _smallest(W: Floats, active: Mask) -> float:
    """The smallest singular value over sets of active rows ``[sets, m]``, rounded down."""
    outer = (W[:, :, None] * W[:, None, :]).reshape(len(W), -1)
    gram = (active @ outer).reshape(-1, W.shape[1], W.shape[1])
    values = np.linalg.eigvalsh(gram)
    doubt = 4 * len(W) * W.shape[1] * float(np.finfo(np.float64).eps) * values[:, -1]
    worst = values[:, 0] - doubt
    return sqrt(max(float(worst.min(initial=np.inf)), 0.0))


def fewest_active(rows: Floats, walls: Floats) -> Iterator[Mask]:
    """Sets of active rows ``[sets, m]`` bool, among which are all that have no other inside.

    Args:
        rows: ``[m, D]``, of norm 1.
        walls: ``[k, D]``, positive in the domain.
    """
    planes = np.vstack([rows, walls])
    m, D = rows.shape
    ties: set[bytes] = set()
    subsets = combinations(range(len(planes)), D - 1)
    while chunk := list(islice(subsets, _BATCH)):
        v, margins = _rays(planes[np.array(chunk, dtype=np.int64).reshape(len(chunk), D - 1)], D)
        values = v @ planes.T
        tied = np.abs(values) <= margins[:, None]
        for sign in (1.0, -1.0):
            inside = ((sign * values)[:, m:] >= -margins[:, None]).all(axis=1)
            positive = ((sign * values)[:, :m] > 0) & ~tied[:, :m]
            simple = inside & (tied.sum(axis=1) == D - 1)
            yield positive[simple]
            for k in np.flatnonzero(inside & ~simple).tolist():
                key = tied[k].tobytes() + positive[k].tobytes()
                if key not in ties:
                    ties.add(key)
                    yield from _beside(rows, walls, v[k], tied[k], positive[k])


def _rays(subsets: Floats, D: int) -> tuple[Floats, Floats]:
    """The unit vectors orthogonal to independent subsets ``[B, D - 1, D]``, and what counts as 0 beside them.

    Raises:
        _DoubtError: a subset is nearly dependent.
    """
    if D == 1:
        return np.ones((len(subsets), 1)), np.full(len(subsets), _TIE)
    _, values, directions = np.linalg.svd(subsets)
    smallest = values[:, -1]
    if ((smallest > _DEPENDENT) & (smallest < _DOUBTFUL)).any():
        raise _DoubtError
    independent = smallest >= _DOUBTFUL
    return directions[independent, -1], _TIE / smallest[independent]


def _beside(rows: Floats, walls: Floats, v: Floats, tied: Mask, positive: Mask) -> Iterator[Mask]:
    """The sets beside a ray on which more than D - 1 planes are 0: those planes alone, without one coordinate."""
    kept = np.delete(np.arange(len(v)), np.abs(v).argmax())
    m = len(rows)
    local, borders = np.flatnonzero(tied[:m]), np.flatnonzero(tied[m:])
    for found in fewest_active(_unit(rows[np.ix_(local, kept)]), _unit(walls[np.ix_(borders, kept)])):
        active = np.tile(positive, (len(found), 1))
        active[:, local] = found
        yield active


def _unit(planes: Floats) -> Floats:
    unit: Floats = planes / np.linalg.norm(planes, axis=1, keepdims=True)
    return unit
