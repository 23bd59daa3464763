"""Singular values of a product of two thin factors, without a decomposition of the product's own size.

For A = L R with L ``[m, r]`` and R ``[r, n]`` let L = Q1 T1 and R^T = Q2 T2 be QR decompositions. Then A = Q1 (T1 T2^T)
Q2^T, so that the singular values of A are those of the ``[r, r]`` matrix T1 T2^T, and zeros. The cost is O((m + n) r^2)
in place of O(m n p).

A constant that is subtracted from every entry is one more pair of factors: A - c 1 1^T = [L, -c 1] [R; 1^T], of rank
r + 1 at most.

Source: G. H. Golub and C. F. Van Loan, Matrix Computations (2013), section 5.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Floats = NDArray[np.float64]
Factors = tuple["Tensor", "Tensor"]
"""L ``[m, r]`` and R ``[r, n]``, whose product is A."""


def product_values(factors: Factors, std: float, device: torch.device, shift: float = 0.0) -> tuple[Floats, Floats]:
    """Return the singular values of (L R - shift) / std, and vectors of those that the rank leaves.

    Args:
        factors: L ``[m, r]`` and R ``[r, n]`` of any floating dtype, with r + 1 below p = min(m, n).
        std: what every entry is divided by.
        device: where the decompositions run; it must have float64.
        shift: what is subtracted from every entry.

    Returns:
        The values ``[p]``, ascending, of which p - r are exactly 0, or p - r - 1 with a shift; and the vectors over the
        smaller side ``[p, r]`` or ``[p, r + 1]``, the largest value's first.

    >>> import torch
    >>> L, R = torch.tensor([[1.0], [2.0], [2.0]]), torch.tensor([[0.0, 3.0, 0.0, 4.0]])
    >>> product_values((L, R), 1.0, torch.device("cpu"))[0].round(12).tolist()
    [0.0, 0.0, 15.0]
    """
    import torch

    left, right = (factor.to(device=device, dtype=torch.float64) for factor in factors)
    if shift:
        left = torch.cat([left, left.new_full((len(left), 1), -shift)], dim=1)
        right = torch.cat([right, right.new_ones(1, right.shape[1])])
    q1, t1 = torch.linalg.qr(left / std)
    q2, t2 = torch.linalg.qr(right.T)
    u, s, vh = torch.linalg.svd(t1 @ t2.T)
    vectors = q2 @ vh.T if len(q1) >= len(q2) else q1 @ u
    zeros = np.zeros(min(len(q1), len(q2)) - len(s))
    return np.concatenate([zeros, s.flip(0).cpu().numpy()]), vectors.cpu().numpy()
