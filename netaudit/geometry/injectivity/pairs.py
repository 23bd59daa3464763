"""Rows that are active everywhere in the domain, alone or two together: where they span R^n, the layer is injective.

Of two rows w and -c w with c > 0 and biases b and b' at least one is active at every x when c b + b' >= 0. On the
orthant a row without negative numbers and with b >= 0 is active by itself. That two stored rows are exactly opposite is
decided in integers: nearly opposite rows prove nothing ([I; -I] with noise of 1e-5 is not injective).
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from netaudit.geometry.injectivity import exact
from netaudit.geometry.injectivity.ranks import spans
from netaudit.geometry.injectivity.rows import Rows

if TYPE_CHECKING:
    from netaudit.geometry.injectivity.arrays import Floats, Indices


def always_active(rows: Rows) -> bool:
    """Whether it is proved that the rows active everywhere, alone or by pairs, span R^n."""
    alone = _alone(rows)
    if len(alone) + rows.m // 2 < rows.n:
        return False  # too few rows, however many pairs there are
    chosen = np.concatenate([alone, _pairs(rows)])
    return len(chosen) >= rows.n and spans(rows, chosen)


def _alone(rows: Rows) -> Indices:
    """Rows that are active by themselves on all of the orthant."""
    if not rows.orthant:
        return np.zeros(0, dtype=np.int64)
    active = (rows.weight >= 0).all(axis=1)
    if rows.bias is not None:
        active &= rows.bias >= 0
    return np.flatnonzero(active)


def _pairs(rows: Rows) -> Indices:
    """One row of each pair of opposite rows of which one is always active."""
    leading = _leading(rows)
    with np.errstate(over="ignore", under="ignore"):
        # A quotient is rounded once, so that rows which are exact multiples get the same numbers here.
        directions = rows.weight / leading[:, None] + 0.0
        offsets = np.zeros(rows.m) if rows.bias is None else rows.bias / leading
    best: dict[bytes, int] = {}
    for row in range(rows.m):
        key = directions[row].tobytes()
        if key not in best or offsets[row] > offsets[best[key]]:
            best[key] = row
    found = []
    for key, row in best.items():
        opposite = best.get((-np.frombuffer(key) + 0.0).tobytes(), -1)
        if opposite > row and _proved(rows, leading, row, opposite):
            found.append(row)
    return np.array(found, dtype=np.int64)


def _leading(rows: Rows) -> Floats:
    """The size ``[m]`` of the first weight of each row that is not 0."""
    first = (rows.weight != 0).argmax(axis=1)
    leading: Floats = np.abs(rows.weight[np.arange(rows.m), first])
    return leading


def _proved(rows: Rows, leading: Floats, row: int, other: int) -> bool:
    if _primitive(rows.weight[row]) != tuple(-number for number in _primitive(rows.weight[other])):
        return False
    if rows.bias is None:
        return True
    factor = Fraction(float(leading[other])) / Fraction(float(leading[row]))
    return factor * Fraction(float(rows.bias[row])) + Fraction(float(rows.bias[other])) >= 0


def _primitive(weights: Floats) -> exact.Integers:
    """The smallest integers in the same direction."""
    whole, _ = exact.integers(weights)
    common = gcd(*whole)
    return tuple(number // common for number in whole)
