"""Spectra of Gaussian matrices of a layer's shape: drawn once a shape, for every statistic that needs them."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import device as devices
from netaudit.numerics.laws.ensembles import gaussian_spectra as draw_spectra

_DRAWS = (5, 200)
_WORK = 5e7  # min(m, n)^2 times draws: a second or two a shape


def gaussian_spectra(seed: int, m: int, n: int) -> tuple[NDArray[np.float64], ...]:
    """Ascending singular values of standard Gaussian ``[m, n]`` matrices: 5 draws for 4096 x 4096, 200 up to 500."""
    return _drawn(seed, min(m, n), max(m, n))


@cache
def _drawn(seed: int, p: int, big: int) -> tuple[NDArray[np.float64], ...]:
    import torch

    generator = devices.numpy_generator(seed, "spectra", str(p), str(big))
    draws = int(np.clip(_WORK / p**2, *_DRAWS))
    return tuple(draw_spectra(p, big, draws, generator, torch.get_num_threads()))
