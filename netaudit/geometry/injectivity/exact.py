"""Linear algebra on integers: what the stored floats say, without any rounding.

A float is an integer times a power of two, so that a row of floats is a row of integers times a positive factor. A
positive factor changes neither the sign of a product nor a rank, and Python's integers have no largest one. The
numbers grow with the number of columns, so this is for at most some ten of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd, lcm
from operator import mul
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from netaudit.geometry.injectivity.arrays import Floats

Integers = tuple[int, ...]


def integers(values: Floats) -> tuple[Integers, int]:
    """Give integers k and an exponent e with ``values = k * 2**e`` exactly, for finite floats ``[n]``.

    >>> integers(np.array([0.75, -2.0, 0.0]))
    ((3, -8, 0), -2)
    """
    mantissa, exponent = np.frexp(np.asarray(values, dtype=np.float64))
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    used = whole != 0
    if not used.any():
        return (0,) * len(whole), 0
    twos = np.frexp((whole & -whole).astype(np.float64))[1] - 1  # of each number, which is then odd
    whole >>= np.where(used, twos, 0)
    exponent = exponent.astype(np.int64) - 53 + twos
    lowest = int(exponent[used].min())
    shifts = np.where(used, exponent - lowest, 0)
    return tuple([number << shift for number, shift in zip(whole.tolist(), shifts.tolist(), strict=True)]), lowest


def dot(a: Iterable[int], b: Iterable[int]) -> int:
    """The inner product."""
    return sum(map(mul, a, b))


def _echelon(rows: Iterable[Sequence[int]]) -> dict[int, list[int]]:
    """Reduce the rows by Gauss and Jordan; each row of the answer is alone in its pivot column, which is its key."""
    reduced: dict[int, list[int]] = {}
    for row in rows:
        new = list(row)
        for pivot, other in reduced.items():
            if new[pivot]:
                new = _without(new, other, pivot)
        pivot = next((column for column, number in enumerate(new) if number), -1)
        if pivot < 0:
            continue
        for key, other in reduced.items():
            if other[pivot]:
                reduced[key] = _without(other, new, pivot)
        reduced[pivot] = new
    return reduced


def _without(row: list[int], other: list[int], pivot: int) -> list[int]:
    """A multiple of the row with 0 in the pivot column, in its smallest integers."""
    a, b = other[pivot], row[pivot]
    result = [a * x - b * y for x, y in zip(row, other, strict=True)]
    common = gcd(*result)
    return [number // common for number in result] if common > 1 else result


def rank(rows: Iterable[Sequence[int]]) -> int:
    """The rank.

    >>> rank([(1, 2), (2, 4)])
    1
    """
    return len(_echelon(rows))


def kernel(rows: Iterable[Sequence[int]], width: int) -> list[Integers]:
    """A basis of all v ``[width]`` that are orthogonal to the rows, in integers.

    >>> kernel([(1, 1, 0), (0, 0, 3)], 3)
    [(-1, 1, 0)]
    """
    reduced = _echelon(rows)
    basis = []
    for free in (column for column in range(width) if column not in reduced):
        scale = lcm(*(abs(row[pivot]) for pivot, row in reduced.items()), 1)
        vector = [0] * width
        vector[free] = scale
        for pivot, row in reduced.items():
            vector[pivot] = -row[free] * (scale // row[pivot])
        common = gcd(*vector)
        basis.append(tuple(number // common for number in vector))
    return basis
