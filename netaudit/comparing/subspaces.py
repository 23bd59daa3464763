"""How far the leading singular vectors of two layers span the same space, beside independent spaces.

For orthonormal bases U ``[m, k]`` and V ``[m, k]`` the overlap ||U^T V||^2 / k is the mean squared cosine of the
principal angles (A. Bjorck and G. Golub, Math. Comp. 27 (1973) 579): 1 for one space, k / m on average for independent
ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.comparing.payload import Overlap
from netaudit.numerics import device as devices
from netaudit.numerics.leading import leading
from netaudit.numerics.scales import UnitScales

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]

DIRECTIONS = 8
"""Leading directions that are compared, fewer of a layer with a side below 16: as many as ``--init`` compares."""
DRAWS = 100
"""Independent spaces that the null is drawn from: the 99 % quantile is then one of them."""


def overlap(first: Tensor, second: Tensor, seed: int) -> Overlap | None:
    """Compare the leading spaces of two layers ``[m, n]``; None where a layer is zero or has one row or column."""
    import torch

    m, n = first.shape
    k = min(DIRECTIONS, min(m, n) // 2)
    if k < 1 or not bool(first.any()) or not bool(second.any()):
        return None
    nothing = np.zeros(0, dtype=np.int64)
    plain = UnitScales(np.ones(m), np.ones(n), nothing, nothing, 0.0)
    ours, theirs = (leading(each, plain, k, torch.device("cpu"), seed) for each in (first, second))
    return Overlap(
        directions=k,
        left=share(ours.left, theirs.left),
        right=share(ours.right, theirs.right),
        left_null=null(m, k, seed),
        right_null=null(n, k, seed),
        draws=DRAWS,
    )


def share(ours: Floats, theirs: Floats) -> float:
    """||U^T V||^2 / k of two orthonormal bases ``[m, k]``."""
    return float(np.clip(np.sum((ours.T @ theirs) ** 2) / ours.shape[1], 0.0, 1.0))


def null(side: int, k: int, seed: int) -> float:
    """99 % quantile of the overlap of a fixed space with random ones of k dimensions in ``side``.

    >>> round(null(1000, 8, 0), 3)
    0.012
    """
    random = devices.numpy_generator(seed, "subspaces", str(side), str(k))
    found = [float(np.sum(np.linalg.qr(random.standard_normal((side, k)))[0][:k] ** 2)) / k for _ in range(DRAWS)]
    return float(np.quantile(found, 0.99))
