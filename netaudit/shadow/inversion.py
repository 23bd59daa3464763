"""Shadow inversion of one layer: send sparse h down as shadows x, come back with z = A x, and compare.

Figures follow section "Sharp predictions" of the method: see :mod:`netaudit.shadow.prediction`. All of it runs in
float32 (TF32 off) on the device; random numbers are drawn on the CPU, so every device sees the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import device as devices
from netaudit.shadow.distribution import SparseDraws, alpha, draw_sparse, keep_mask, shadow
from netaudit.shadow.prediction import Prediction, predict

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SPARSITIES = (0.005, 0.02, 0.1)  # k / m: from one gate in 200 to the tenth that real ReLU layers use
RHOS = (1.0, 0.5, 0.1)  # dropout keep probabilities: none, the usual half, and the strong one of the theory's k_1 << n
DRAWS = 64  # 2 % standard error on a cell's inflation at k = 10; averages over cells are finer

FIGURES = (
    "gain",
    "cross_talk_inflation",
    "relative_error",
    "relative_error_none",
    "relative_error_hard",
    "support_auc",
    "support_precision",
    "support_recall",
)


@dataclass(frozen=True)
class CellDraws:
    """The random numbers of one cell (k, rho)."""

    h: SparseDraws
    rho: float
    mask: Tensor
    """Dropout, ``[draws, n]``."""
    prediction: Prediction


@dataclass(frozen=True)
class Cell:
    """Measured and predicted figures at one (k, rho)."""

    k: int
    rho: float
    prediction: Prediction
    measured: NDArray[np.float64]
    """``[draws, len(FIGURES)]``."""


def sparsities(m: int) -> list[int]:
    """The grid's k for a layer with m outputs: distinct, at least 1, below m."""
    return sorted({k for share in SPARSITIES if (k := max(1, round(m * share))) < m})


def draw_grid(m: int, n: int, generator: torch.Generator, draws: int = DRAWS) -> list[list[CellDraws]]:
    """The random numbers of the whole grid, one row of cells (all rho) a sparsity: they share h."""
    grid = []
    for k in sparsities(m):
        h = draw_sparse(m, k, draws, generator)
        values = h.values.numpy()
        grid.append(
            [CellDraws(h, rho, keep_mask(draws, n, rho, generator), predict(values, m, n, rho)) for rho in RHOS]
        )
    return grid


def invert(
    matrix: Tensor,
    grid: list[list[CellDraws]],
    device: torch.device,
    *,
    mean: float = 0.0,
) -> list[Cell]:
    """Shadow inversion of A = ``matrix + mean`` over a grid of draws.

    Args:
        matrix: ``[m, n]`` float32 with mean 0 and variance 1, on any device: the inversion does not see a scale.
        grid: what :func:`draw_grid` drew for this shape.
        device: where the products run.
        mean: added to every entry (as a rank-one term, without a second matrix).

    Raises:
        DeviceError: out of memory even with one vector at a time on the CPU.
    """
    placed: dict[torch.device, Tensor] = {}

    def at(where: torch.device) -> Tensor:
        if where not in placed:
            placed.clear()
            placed[where] = matrix.to(where)
        return placed[where]

    cells = []
    with devices.exact_float32():
        for row in grid:

            def work(rows: slice, where: torch.device, row: list[CellDraws] = row) -> list[NDArray[np.float64]]:
                return [figures.cpu().numpy() for figures in measure(at(where), mean, row, rows)]

            parts = devices.with_smaller_batches(work, len(row[0].mask), device)
            for index, cell in enumerate(row):
                measured = np.concatenate([part[index] for part in parts]).astype(np.float64)
                cells.append(Cell(cell.h.support.shape[1], cell.rho, cell.prediction, measured))
    return cells


def measure(matrix: Tensor, mean: float, row: list[CellDraws], rows: slice) -> list[Tensor]:
    """One sparsity at every rho, for some of the draws: ``[draws, len(FIGURES)]`` a rho, without a host round trip."""
    n, where = matrix.shape[1], matrix.device
    h = row[0].h.dense()[rows].to(where)
    support = row[0].h.support[rows].to(where)
    passes = zip(row, send(matrix, mean, row, rows), strict=True)
    return [compare(z, h, support, cell.rho, n, cell.prediction) for cell, z in passes]


def send(matrix: Tensor, mean: float, row: Sequence[CellDraws], rows: slice = slice(None)) -> Sequence[Tensor]:
    """z = A x ``[draws, m]`` for the shadows x of some of the row's draws, A = ``matrix + mean``: one a cell."""
    import torch

    n, where = matrix.shape[1], matrix.device
    h = row[0].h
    pre = h.down(matrix, rows) + mean * h.values[rows].sum(1, keepdim=True).to(where)
    x = torch.cat([shadow(pre, cell.mask[rows].to(where), alpha(cell.rho, n, 1.0)) for cell in row])
    # A first: with few draws a product is a third faster on the CPU than that of the transposes
    z = (matrix @ x.T).T.contiguous() + mean * x.sum(1, keepdim=True)
    return torch.split(z, len(pre))


def compare(
    z: Tensor, h: Tensor, support: Tensor, rho: float, n: int, prediction: Prediction, *, ranks: bool = True
) -> Tensor:
    """The figures of each draw, ``[draws, len(FIGURES)]``, from z and h ``[draws, m]``; order of ``FIGURES``.

    Without ``ranks`` the area under the curve is NaN: it needs z in order, which costs as much as all the rest.
    """
    import torch

    m, k = z.shape[1], support.shape[1]
    norm2 = h.square().sum(1)
    s = (2 * norm2 / (rho * n)).sqrt()[:, None]
    on = torch.zeros_like(h).scatter_(1, support, 1.0)
    inflation = (z.square() * (1 - on)).sum(1) / (m - k) / s[:, 0].square()

    def error(estimate: Tensor) -> Tensor:
        return (estimate - h).square().sum(1) / norm2

    found = (z > prediction.threshold * s).to(h.dtype)
    hits = (found * on).sum(1)
    return torch.stack(
        [
            (z * h).sum(1) / norm2,
            inflation,
            error((z - prediction.offset * s).relu()),
            error(z.relu()),
            error(z * (z > prediction.threshold * s)),
            support_auc(z, support) if ranks else torch.full_like(norm2, torch.nan),
            hits / found.sum(1).clamp_min(1),
            hits / k,
        ],
        dim=1,
    )


def support_auc(z: Tensor, support: Tensor) -> Tensor:
    """Area under the ROC curve of z for the support, ``[draws]``: the Mann-Whitney statistic of its ranks."""
    import torch

    m, k = z.shape[1], support.shape[1]
    order = torch.arange(1, m + 1, device=z.device, dtype=z.dtype).expand_as(z)
    ranks = torch.empty_like(z).scatter_(1, z.argsort(dim=1), order).gather(1, support)
    return (ranks.sum(1) - k * (k + 1) / 2) / (k * (m - k))
