r"""Coherence: how alike the rows of a layer are, and the cross-talk that follows from it, without any draw.

For A ``[m, n]`` with entries of mean square 1 the coherence is

    kappa = n mean_{i != l} (A A^T / n)_il^2,

the mean square cosine of two rows times n where the rows are equally long: 1 for independent entries, 0 for orthogonal
rows. With column norms c_j, the cross-talk inflation without dropout is, to second order in the correlations of the
columns,

    kappa / 2 + mean_i (sum_j A_ij c_j)^2 / (pi m n) + (1/2 - 1/pi) mean_i sum_j A_ij^2 c_j^2 / (m n),

since E r(v) r(w) = (c_v c_w / 2 pi) (1 + pi rho / 2 + rho^2 / 2 + ...) for Gaussian v, w of correlation rho (Y. Cho and
L. K. Saul, NeurIPS 2009). With dropout that keeps a share rho of the inputs, inflation - 1 is rho times as large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_ROWS = 1024
"""Rows whose pairs are looked at: half a million pairs give kappa of independent rows to a fifth of a percent."""
_PANEL = 256
"""Rows in one product: 1 MB of float32."""


@dataclass(frozen=True)
class Coherence:
    """Both figures of one layer."""

    kappa: float
    """n mean_{i != l} (A A^T / n)_il^2; NaN for a single row."""
    cross_talk: float
    """The cross-talk inflation without dropout that follows from it; NaN for a single row."""


def coherence(matrix: Tensor, device: torch.device, generator: torch.Generator) -> Coherence:
    """Compute the coherence of ``matrix [m, n]`` float32 with mean square 1.

    Of more than 1,024 rows a random 1,024 are looked at, drawn by ``generator``: the mean over pairs is unbiased.
    """
    import torch

    m, n = matrix.shape
    if m < 2:
        return Coherence(float("nan"), float("nan"))
    norms = torch.linalg.vector_norm(matrix, dim=0).double()
    part = matrix if m <= _ROWS else matrix[torch.randperm(m, generator=generator)[:_ROWS].sort().values]
    placed = part.to(device)
    total = 0.0
    for start in range(0, len(placed), _PANEL):
        product = (placed[start : start + _PANEL] @ placed[: start + _PANEL].T).cpu().double().square_()
        total += 2 * float(product[:, :start].sum()) + float(product[:, start:].sum())
        total -= float(product.diagonal(start).sum())
    rows = len(placed)
    kappa = total / (n * rows * (rows - 1))
    sums = (part @ norms.float()).double()
    squares = (part.square() @ norms.square().float()).double()
    cross_talk = (
        kappa / 2
        + float(sums.square().mean()) / (np.pi * m * n)
        + (1 / 2 - 1 / np.pi) * float(squares.mean()) / (m * n)
    )
    return Coherence(kappa, float(cross_talk))
