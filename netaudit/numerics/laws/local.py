"""The local statistics of a random matrix: how its singular values repel each other, how its vectors are spread.

They are the same for every matrix of independent entries, whatever their law and whatever smooth profile their
variances have, and hold in most trained layers whose density no law describes.

Sources: Y. Y. Atas, E. Bogomolny, O. Giraud and G. Roux, Phys. Rev. Lett. 110 (2013) 084101 (the ratio of neighbouring
spacings, and its values); C. E. Porter and R. G. Thomas, Phys. Rev. 104 (1956) 483 (the components of a vector);
M. Thamm, M. Staats and B. Rosenow, Phys. Rev. E 106 (2022) 054124 (both on trained networks).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]

RANDOM_RATIO = 0.5307
"""Mean ratio of neighbouring spacings of real random matrices, of large ones by simulation (Atas et al., table I)."""
POISSON_RATIO = 2 * float(np.log(2)) - 1
"""Mean ratio of values that do not know of each other: 0.386."""
CENTRAL = 0.8
"""Share of the bulk that is looked at, around its middle: at the edges the density changes from value to value."""
_BLOCKS = 10
"""Blocks of consecutive spacings: far ones hardly depend on each other."""
LEVEL = 0.95
"""Of the interval."""


@dataclass(frozen=True)
class Ratio:
    """The mean ratio of neighbouring spacings."""

    mean: float
    low: float
    """Lower end of the interval of level ``LEVEL``, by Student's t over blocks of consecutive spacings."""
    high: float
    count: int
    """Number of ratios."""


def spacing_ratio(values: Floats) -> Ratio | None:
    """Return the mean of min(d, d') / max(d, d') over neighbouring gaps d, d' of the central values.

    ``values [k]`` are distinct singular values, ascending, of the bulk. None where fewer than two ratios a block are
    left, or where values coincide.
    """
    cut = round(values.size * (1 - CENTRAL) / 2)
    gaps = np.diff(values[cut : values.size - cut])
    if gaps.size < 2 * _BLOCKS + 1 or not (gaps > 0).all():
        return None
    ratios = np.minimum(gaps[1:], gaps[:-1]) / np.maximum(gaps[1:], gaps[:-1])
    means = np.array([part.mean() for part in np.array_split(ratios, _BLOCKS)])
    half = float(stdtrit(_BLOCKS - 1, (1 + LEVEL) / 2)) * float(means.std(ddof=1)) / np.sqrt(_BLOCKS)
    mean = float(ratios.mean())
    return Ratio(mean, mean - half, mean + half, ratios.size)


def participation(vectors: Floats) -> float:
    """Return the mean of p sum_i v_i^4 over unit vectors ``[p, k]``, times (p + 2) / p: 3 for a random direction.

    A random unit vector has E p sum_i v_i^4 = 3 p / (p + 2). One that lies on a few entries has more, up to p + 2.
    """
    p = len(vectors)
    return float((p + 2) * np.mean(np.sum(vectors**4, axis=0)))
