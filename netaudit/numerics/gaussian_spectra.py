"""Spectra of Gaussian matrices of a layer's shape, drawn once for each shape and seed.

Every statistic of a layer's singular values that has no closed form under the null hypothesis of Gaussian entries is
compared with its value on these spectra.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import device as devices
from netaudit.numerics.laws.ensembles import gaussian_singular_values

_DRAWS = (5, 200)
"""Fewest and most draws. Five give the mean of a self-averaging statistic of a large spectrum, whose values hardly
differ; 200 give the 1 % and 99 % quantiles that small layers are judged by, each from two draws beyond it."""
_WORK = 5e7
"""Bound of p^2 times the number of draws, between these two: a draw takes O(p^2) time."""


def gaussian_spectra(seed: int, m: int, n: int) -> tuple[NDArray[np.float64], ...]:
    """Singular values ``[p]`` of standard Gaussian ``[m, n]`` matrices, ascending, p = min(m, n), one array a draw.

    There are 200 draws up to p = 500, and 5 from p = 3162 on. The draws follow from the seed and the shape alone, and
    are the same for ``[n, m]``; they are kept for the life of the process.
    """
    return _drawn(seed, min(m, n), max(m, n))


@cache
def _drawn(seed: int, p: int, N: int) -> tuple[NDArray[np.float64], ...]:
    generator = devices.numpy_generator(seed, "spectra", str(p), str(N))
    draws = int(np.clip(_WORK / p**2, *_DRAWS))
    return tuple(gaussian_singular_values(p, N, generator) for _ in range(draws))
