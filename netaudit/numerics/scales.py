"""Unit scales: what is left of a matrix when no row and no column is larger than the others.

For A ``[m, n]`` there are positive r ``[m]`` and c ``[n]`` such that B = D_r A D_c has unit row and column mean
squares. B is the same for all matrices that differ by such scales, so that a statistic of B does not depend on how the
units of a ReLU network are scaled. The squares of B's entries are m n times a doubly stochastic pattern, found by
Sinkhorn's iteration.

Sources: R. Sinkhorn and P. Knopp, Pacific J. Math. 21 (1967) 343 (the iteration, and when it converges); B. Landa,
T. T. C. K. Zhang and Y. Kluger, SIAM J. Math. Data Sci. 4 (2022) 1420 (why a matrix so scaled has the spectrum of
noise of one variance).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics.device import float64_device

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Floats = NDArray[np.float64]

TOLERANCE = 1e-9
"""Largest distance of a row's or column's mean square from 1: far below any statistic's own noise, and reached after 4
to 8 passes in a dense matrix."""
_PASSES = 300
"""Passes over the matrix at most. A dense matrix needs fewer than ten; a very sparse one may have no such scales."""
_SMALL = 1 << 14
"""Entries up to which ten times as many passes cost nothing: a matrix of two rows can converge slowly."""
_BLOCK = 1 << 20
"""Entries that are squared at a time: 8 MB of float64."""


class NoUnitScales(ArithmeticError):  # noqa: N818 - the reason that is shown
    """No scales give unit rows and columns: the text says in words why."""


@dataclass(frozen=True)
class UnitScales:
    """Scales such that D_rows A D_columns has unit row and column mean squares, in float64."""

    rows: Floats
    """``[m]``, positive; 1 for a row of zeros."""
    columns: Floats
    """``[n]``, positive; 1 for a column of zeros. The geometric means of the other rows' and columns' scales agree."""
    zero_rows: NDArray[np.int64]
    """Rows that are zero everywhere. Mean squares are taken over the other rows and columns."""
    zero_columns: NDArray[np.int64]
    """Columns that are zero everywhere."""
    error: float
    """Largest distance of a mean square from 1."""


def unit_scales(
    matrix: Tensor, device: torch.device | None = None, *, squares: bool = False, tolerance: float = TOLERANCE
) -> UnitScales:
    """Find the unit scales of A ``[m, n]``, of any floating dtype, without a copy of it.

    Args:
        matrix: A; or its squares entry by entry, none negative, with ``squares``. The scales are those of A either way.
        device: where the sums run in float64; by default where the matrix is, the CPU for MPS.
        squares: whether ``matrix`` holds the squares.
        tolerance: largest distance of a mean square from 1.

    Raises:
        NoUnitScales: A has no entry, one that is not finite or none but zeros, or the iteration does not converge, as
            for a sparse matrix whose zeros leave no room for equal rows and columns.
    """
    import torch

    if not matrix.numel():
        raise NoUnitScales("the matrix is empty")
    if matrix.dtype.itemsize == 1:  # float8, whose extremes and products PyTorch does not compute
        matrix = matrix.float()
    lowest, highest = (float(end) for end in torch.aminmax(matrix))
    largest = max(abs(lowest), abs(highest))
    if not np.isfinite(largest):
        raise NoUnitScales("the matrix holds NaN or infinite values")
    if not largest:
        raise NoUnitScales("every entry is zero")
    # a power of two, so that no square in float64 is too large or too small
    unit = float(np.ldexp(1.0, int(np.frexp(largest)[1]) - 1)) if matrix.dtype == torch.float64 else 1.0
    where = float64_device(device or matrix.device)
    v = torch.ones(matrix.shape[1], dtype=torch.float64, device=where)
    u, columns = _pass(matrix, unit, squares, v, None)
    live_rows, live_columns = u > 0, columns > 0
    m, n = int(live_rows.sum()), int(live_columns.sum())
    v = torch.where(live_columns, m / columns, 0.0)
    error = float("inf")
    passes = _PASSES if matrix.numel() > _SMALL else 10 * _PASSES
    for _ in range(passes):
        u, columns = _pass(matrix, unit, squares, v, n)
        error = float((v * columns / m - 1)[live_columns].abs().max())
        if error <= tolerance:
            return _balanced(u, v, unit**0.5 if squares else unit, error)
        v[live_columns] = m / columns[live_columns]
        if not bool(torch.isfinite(v).all()):
            break
    raise NoUnitScales(
        f"no scales make all rows and columns equal: after {passes} passes a mean square is {error:.2g} from 1"
    )


def found_or_not(matrix: Tensor, device: torch.device | None = None) -> UnitScales | NoUnitScales:
    """Return the unit scales of A, or why there are none, as a value that can be kept."""
    try:
        return unit_scales(matrix, device)
    except NoUnitScales as reason:
        return reason.with_traceback(None)  # which would keep the matrix in memory


def _pass(matrix: Tensor, unit: float, squares: bool, v: Tensor, n: int | None) -> tuple[Tensor, Tensor]:
    """Return u = n / (S v) ``[m]``, 0 where S v is, and S^T u ``[n]``, for the squares S of A / unit, read once.

    Without ``n``, u marks with 1 the rows where S v is above 0.
    """
    import torch

    u, columns = v.new_zeros(matrix.shape[0]), torch.zeros_like(v)
    step = max(1, _BLOCK // matrix.shape[1])
    buffer = v.new_empty(min(step, matrix.shape[0]), matrix.shape[1])  # new memory costs time
    for start in range(0, matrix.shape[0], step):
        part = matrix[start : start + step]
        block = buffer[: len(part)].copy_(part)
        if unit != 1:
            block /= unit
        if not squares:
            block.square_()
        sums = block @ v
        u[start : start + step] = (sums > 0).double() if n is None else torch.where(sums > 0, n / sums, 0.0)
        columns += u[start : start + step] @ block
    return u, columns


def _balanced(u: Tensor, v: Tensor, unit: float, error: float) -> UnitScales:
    """Return the scales of A from those of the squares of A / unit, their geometric means alike."""
    squared = [part.cpu().numpy() for part in (u, v)]
    live = [part > 0 for part in squared]
    logs = [np.log(part[on]) / 2 for part, on in zip(squared, live, strict=True)]
    both = (float(logs[0].mean()) + float(logs[1].mean()) - float(np.log(unit))) / 2
    rows, columns = (np.ones(len(part)) for part in squared)
    rows[live[0]] = np.exp(logs[0] - logs[0].mean() + both)
    columns[live[1]] = np.exp(logs[1] - logs[1].mean() + both)
    return UnitScales(rows, columns, np.flatnonzero(~live[0]), np.flatnonzero(~live[1]), error)
