"""Shadow inversion of one layer: send sparse h down as shadows x, come back with z = A x, and compare z with h.

The comparison is made on a grid over k, the non-zeros of h, and rho, the keep probability of the dropout. What a
Gaussian layer must give is in :mod:`netaudit.shadow.prediction`. The products run in float32, with TF32 off, on the
device. The random numbers are drawn on the CPU, so that every device gets the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import device as devices
from netaudit.shadow.distribution import SparseDraws, alpha, draw_sparse, keep_mask, shadow
from netaudit.shadow.offset import best_offset, errors_at
from netaudit.shadow.prediction import Prediction, predict

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SPARSITIES = (0.005, 0.02, 0.1)
"""The k / m of the grid: from one gate in 200 to the tenth that real ReLU layers use (netaudit's convention)."""
RHOS = (1.0, 0.5, 0.1)
"""Keep probabilities of the grid: no dropout, the usual half, and the strong dropout of the theory, whose k_1 << n."""
DRAWS = 64
"""Vectors h in a cell: the standard error of its cross-talk inflation is then 2 % at k = 10 (measured)."""
JUDGED_DRAWS = 512
"""Vectors h in the cell that a verdict rests on: the standard error is then below 1 % at k = 10."""
JUDGED_SPARSITY = 0.02
"""The k / m of that cell at most; it has no dropout, which only adds noise that does not depend on the layer."""

DRAW_METRICS = (
    "gain",
    "cross_talk_inflation",
    "relative_error",
    "relative_error_none",
    "relative_error_hard",
    "support_auc",
    "support_precision",
    "support_recall",
)
"""What is measured on each draw, in the order of the columns of :attr:`MeasuredCell.measured`; see :func:`compare`."""


@dataclass(frozen=True)
class GridDraws:
    """The random numbers of one cell (k, rho) of the grid, and what a Gaussian layer must do to them."""

    h: SparseDraws
    """The vectors that are sent down; the cells of one k share them."""
    rho: float
    """Keep probability of the dropout, in (0, 1]."""
    mask: Tensor
    """The dropout on x, ``[draws, n]`` zeros and ones, float32."""
    prediction: Prediction
    """The expected metrics of a Gaussian layer for these h."""


@dataclass(frozen=True)
class MeasuredCell:
    """The measured and the predicted metrics of one cell (k, rho) of the grid."""

    k: int
    """Non-zeros of each h."""
    rho: float
    """Keep probability of the dropout, in (0, 1]."""
    prediction: Prediction
    """What a Gaussian layer must give."""
    measured: NDArray[np.float64]
    """``[draws, len(DRAW_METRICS)]``: one row a draw, in the order of :data:`DRAW_METRICS`."""
    own_offset: float
    """The constant offset, in units of s, at which the error is smallest in the first half of the draws."""
    own_errors: NDArray[np.float64]
    """``relative_error`` of each draw of the other half, at that offset, ``[draws / 2]``."""


def sparsities(m: int) -> list[int]:
    """Return the grid's k for a layer with m outputs, ascending: distinct, at least 1, and below m."""
    return sorted({k for share in SPARSITIES if (k := max(1, round(m * share))) < m})


def draw_grid(m: int, n: int, generator: torch.Generator, draws: int = DRAWS) -> list[list[GridDraws]]:
    """Draw the random numbers of the whole grid for a layer ``[m, n]``: a row for each k, in it a cell for each rho.

    The cells of a row share h. A layer with one output has no k below m, and an empty grid.
    """
    grid = []
    for k in sparsities(m):
        h = draw_sparse(m, k, draws, generator)
        values = h.values.numpy()
        grid.append(
            [GridDraws(h, rho, keep_mask(draws, n, rho, generator), predict(values, m, n, rho)) for rho in RHOS]
        )
    return grid


def judged_cell(m: int, n: int, generator: torch.Generator, largest_error: float) -> GridDraws | None:
    """Draw the cell that a verdict rests on: without dropout, its k the largest of the grid up to 2 % of the outputs.

    A k whose predicted error is above ``largest_error`` is passed over; None where every one is, or k >= n.
    """
    for k in reversed([k for k in sparsities(m) if k <= max(1, round(m * JUDGED_SPARSITY)) and k < n]):
        h = draw_sparse(m, k, JUDGED_DRAWS, generator)
        prediction = predict(h.values.numpy(), m, n, 1.0)
        if prediction.relative_error <= largest_error:
            return GridDraws(h, 1.0, keep_mask(JUDGED_DRAWS, n, 1.0, generator), prediction)
    return None


def invert(
    matrix: Tensor,
    grid: list[list[GridDraws]],
    device: torch.device,
    *,
    mean: float = 0.0,
) -> list[MeasuredCell]:
    """Send the draws of a grid down A = ``matrix + mean`` and up again, and compare each z with its h.

    Returns one cell for each of the grid's, row by row. Where the device runs out of memory the batches are halved,
    and a single vector that does not fit goes to the CPU.

    Args:
        matrix: ``[m, n]`` float32 with mean 0 and variance 1, on any device. The inversion does not see a scale.
        grid: what :func:`draw_grid` drew for this shape.
        device: where the products run.
        mean: what is added to every entry, in units of the entries' standard deviation. It enters as a term of rank
            one, without a second matrix; the default 0 is a layer without its mean.

    Raises:
        DeviceError: out of memory even with one vector at a time on the CPU.
    """
    import torch

    placed: dict[torch.device, Tensor] = {}

    def on(where: torch.device) -> Tensor:
        if where not in placed:
            placed.clear()
            placed[where] = matrix.to(where)
        return placed[where]

    cells = []
    with devices.exact_float32():
        for row in grid:

            def work(rows: slice, where: torch.device, row: list[GridDraws] = row) -> list[tuple[Tensor, Tensor]]:
                found = measure(on(where), mean, row, rows)
                return [(metrics.cpu(), z.cpu()) for metrics, z in found]

            parts = devices.with_smaller_batches(work, len(row[0].mask), device)
            h = row[0].h.dense()
            for index, cell in enumerate(row):
                metrics, z = (torch.cat(each) for each in zip(*(part[index] for part in parts), strict=True))
                cells.append(measured_cell(cell, metrics, z, h, matrix.shape[1]))
    return cells


def measure(matrix: Tensor, mean: float, row: list[GridDraws], rows: slice) -> list[tuple[Tensor, Tensor]]:
    """Measure a row of the grid for some of its draws, on the device of ``matrix [m, n]``.

    Returns ``[draws, len(DRAW_METRICS)]`` and z ``[draws, m]`` for each cell; ``mean`` is added to every entry of the
    matrix.
    """
    n, where = matrix.shape[1], matrix.device
    h = row[0].h.dense()[rows].to(where)
    support = row[0].h.support[rows].to(where)
    passes = zip(row, send(matrix, mean, row, rows), strict=True)
    return [(compare(z, h, support, cell.rho, n, cell.prediction), z) for cell, z in passes]


def measured_cell(cell: GridDraws, metrics: Tensor, z: Tensor, h: Tensor, n: int) -> MeasuredCell:
    """Put together what was measured of a cell: ``metrics`` of :func:`compare`, and z and h, ``[draws, m]``.

    The own offset is found on the first half of the draws, of a single one on itself.
    """
    half = max(1, len(z) // 2)
    offset = best_offset(z[:half], h[:half])
    errors = errors_at(z[half:], h[half:], offset) if len(z) > 1 else errors_at(z, h, offset)
    unit = float(np.sqrt(2 / (cell.rho * n)))
    measured = metrics.numpy().astype(np.float64)
    return MeasuredCell(cell.h.support.shape[1], cell.rho, cell.prediction, measured, offset / unit, errors)


def send(matrix: Tensor, mean: float, row: Sequence[GridDraws], rows: slice = slice(None)) -> Sequence[Tensor]:
    """Return z = A x ``[draws, m]`` for each cell of a row, for the shadows x of some of its draws, by default all.

    A is ``matrix + mean``, and ``matrix [m, n]`` has entries of variance 1. The cells of the row share h.
    """
    import torch

    n, where = matrix.shape[1], matrix.device
    h = row[0].h
    pre = h.down(matrix, rows) + mean * h.values[rows].sum(1, keepdim=True).to(where)
    x = torch.cat([shadow(pre, cell.mask[rows].to(where), alpha(cell.rho, n, 1.0)) for cell in row])
    # A first: with few draws this product is faster on the CPU than that of the transposes
    z = (matrix @ x.T).T.contiguous() + mean * x.sum(1, keepdim=True)
    return torch.split(z, len(pre))


def compare(
    z: Tensor, h: Tensor, support: Tensor, rho: float, n: int, prediction: Prediction, *, ranks: bool = True
) -> Tensor:
    """Compare each z with its h, both ``[draws, m]``; ``[draws, len(DRAW_METRICS)]``, in the order of that list.

    With S the support of h, of k indices, s^2 = 2 ||h||^2 / (rho n), and t and t' the predicted best offset and
    threshold in units of s:

    - ``gain`` is <z, h> / ||h||^2, and ``cross_talk_inflation`` the mean of z_i^2 / s^2 off S: 1 for a Gaussian layer;
    - ``relative_error`` is ||r(z - t s) - h||^2 / ||h||^2, ``relative_error_none`` the same at t = 0, and
      ``relative_error_hard`` is ||z 1{z > t' s} - h||^2 / ||h||^2;
    - ``support_auc`` is the area under the ROC curve of z for S, and ``support_precision`` and ``support_recall`` are
      those of {z > t' s} for S, the former 0 where that is empty.

    Without ``ranks`` the area is NaN: it needs z in order, which costs as much as all the rest.
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
    """Return the area under the ROC curve of z ``[draws, m]`` for the ``support [draws, k]``, ``[draws]``.

    It is the Mann-Whitney statistic of the ranks of z on the support, over k (m - k); of equal values either may come
    first.
    """
    import torch

    m, k = z.shape[1], support.shape[1]
    order = torch.arange(1, m + 1, device=z.device, dtype=z.dtype).expand_as(z)
    ranks = torch.empty_like(z).scatter_(1, z.argsort(dim=1), order).gather(1, support)
    return (ranks.sum(1) - k * (k + 1) / 2) / (k * (m - k))
