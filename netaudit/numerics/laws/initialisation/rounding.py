"""What rounding to a number format does to a law: each stored number stands for a cell of numbers that round to it.

A number drawn from a continuous law F and then rounded has the distribution function F(upper edge of its cell) at a
stored number, and F(lower edge) just below. No test that takes both is fooled by a start that was saved in bfloat16.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Precision:
    """A binary floating-point format."""

    bits: int
    """Bits of the significand after the point: neighbours of 1 lie 2^-bits above."""
    least: int
    """Exponent of the smallest number above 0, which is 2^least."""


FORMATS = {
    "float64": Precision(52, -1074),
    "float32": Precision(23, -149),
    "bfloat16": Precision(7, -133),
    "float16": Precision(10, -24),
    "float8_e4m3fn": Precision(3, -9),
    "float8_e5m2": Precision(2, -16),
}
"""By PyTorch's name."""
_HALVES = ("float16", "bfloat16")


def precision(values: Floats, dtype: str) -> Precision:
    """The format that holds every one of the values ``[N]``, which were stored as ``dtype``, with the widest cells.

    A start that was saved in bfloat16 and read back into float32 has still been rounded to bfloat16. Small numbers of
    float16 have few digits and would fit bfloat16 too, where their cells are narrower: of two the wider is taken.
    """
    stored = FORMATS.get(dtype, FORMATS["float32"])
    if dtype not in ("float32", "float64"):
        return stored
    if not _fits(values, FORMATS["float32"]):
        return stored
    halves = [FORMATS[name] for name in _HALVES if _fits(values, FORMATS[name])]
    typical = np.array([np.median(np.abs(values))])
    return max(halves, key=lambda half: float(_spacing(typical, half)[0]), default=FORMATS["float32"])


def rounded(values: Floats, to: Precision) -> Floats:
    """The values, each rounded to the nearest number of the format."""
    spacing = _spacing(values, to)
    return np.asarray(np.round(values / spacing) * spacing)


def cells(values: Floats, stored: Precision) -> tuple[Floats, Floats]:
    """The lower and upper edge of the cell of each stored number, as ``values``.

    The cell ends half a step away; below a power of two the step is half as long.
    """
    size = np.abs(values)
    spacing = _spacing(values, stored)
    at_power = (np.frexp(size)[0] == 0.5) & (spacing > 2.0**stored.least)
    outer, inner = size + spacing / 2, size - np.where(at_power, spacing / 4, spacing / 2)
    return np.where(values < 0, -outer, inner), np.where(values < 0, -inner, outer)


def _spacing(values: Floats, stored: Precision) -> Floats:
    exponent = np.frexp(values)[1] - 1 - stored.bits
    return np.asarray(np.ldexp(1.0, np.where(values == 0, stored.least, np.maximum(exponent, stored.least))))


def _fits(values: Floats, stored: Precision) -> bool:
    return bool(np.array_equal(rounded(values, stored), values))
