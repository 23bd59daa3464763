"""The constant offset at which a layer's own error is smallest.

Theorem 2.3 of arXiv:1511.05653 says that there is a constant offset, not which. It is found on some vectors h and the
error at it is measured on others, so that the choice gains nothing by chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]


def best_offset(z: Tensor, h: Tensor) -> float:
    """Return the t that minimises the mean of ||r(z - t ||h||) - h||^2 / ||h||^2, for z and h ``[draws, m]``.

    With z and h in units of ||h|| and in order of z, the entries above t add (z - h - t)^2 - h^2 to the sum, and those
    below nothing. Between two neighbours this is a parabola in t, so that the minimum over all t is found exactly.
    """
    zs, hs = _relative(z, h)
    order = np.argsort(-zs)
    zs, hs = zs[order], hs[order]
    ends = np.append(zs[1:], -np.inf)  # of the interval in which the first 1, 2, ... entries are above t
    away = zs - hs
    count = np.arange(1, zs.size + 1)
    first, second = np.cumsum(away), np.cumsum(away**2 - hs**2)
    t = np.clip(first / count, ends, zs)
    value = second - 2 * t * first + count * t**2
    best = int(np.argmin(value))
    return float(t[best]) if value[best] < 0 else float(zs[0])  # nothing passes where every offset does harm


def errors_at(z: Tensor, h: Tensor, offset: float) -> Floats:
    """Return ||r(z - t ||h||) - h||^2 / ||h||^2 for each draw, ``[draws]``, at t = ``offset``."""
    norm = h.norm(dim=1, keepdim=True)
    found: Floats = ((z - offset * norm).relu() - h).square().sum(1).div(norm[:, 0].square()).double().cpu().numpy()
    return found


def _relative(z: Tensor, h: Tensor) -> tuple[Floats, Floats]:
    norm = h.norm(dim=1, keepdim=True)
    zs, hs = ((part / norm).reshape(-1).double().cpu().numpy() for part in (z, h))
    return zs, hs
