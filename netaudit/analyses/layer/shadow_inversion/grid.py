"""The cells of the grid: which of them count, what is kept of each, and the medians over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from netaudit.analyses.layer.shadow_inversion.payload import FEWEST_KEPT, LARGEST_ERROR, SUMMARY, GridCell
from netaudit.results.payload import six_digits
from netaudit.shadow.inversion import DRAW_METRICS, GridDraws, MeasuredCell
from netaudit.shadow.prediction import Prediction


def used(cell: MeasuredCell, n: int) -> bool:
    """Whether the cell counts for the medians."""
    return counts(cell.k, cell.rho, cell.prediction, n)


def counts(k: int, rho: float, prediction: Prediction, n: int) -> bool:
    """Whether a cell (k, rho) counts: the theory's range, and an error that has not saturated."""
    return k < rho * n and rho * n >= FEWEST_KEPT and prediction.relative_error <= LARGEST_ERROR


def counted(grid: Iterable[Sequence[GridDraws]], n: int) -> list[list[GridDraws]]:
    """The cells of a grid that count: where only the medians are asked for, the others need no pass."""
    rows = ([cell for cell in row if counts(cell.h.support.shape[1], cell.rho, cell.prediction, n)] for row in grid)
    return [row for row in rows if row]


def grid_cell(cell: MeasuredCell, n: int) -> GridCell:
    """Means over the draws, to six digits, beside the predictions."""
    means = {name: six_digits(mean) for name, mean in zip(DRAW_METRICS, cell.measured.mean(0), strict=True)}
    prediction = cell.prediction
    return GridCell(
        k=cell.k,
        rho=cell.rho,
        used=used(cell, n),
        **means,
        predicted_relative_error=prediction.relative_error,
        predicted_relative_error_none=prediction.relative_error_none,
        predicted_relative_error_hard=prediction.relative_error_hard,
        predicted_support_auc=prediction.support_auc,
        predicted_support_precision=prediction.support_precision,
        predicted_support_recall=prediction.support_recall,
        offset=prediction.offset,
        threshold=prediction.threshold,
    )


def summary(cells: Iterable[MeasuredCell], n: int) -> dict[str, float]:
    """Medians over the cells that count, by the names of ``SUMMARY``."""
    kept = [grid_cell(cell, n) for cell in cells if used(cell, n)]
    ratio = [cell.relative_error / cell.predicted_relative_error for cell in kept]
    return {
        name: float(np.median(ratio if name == "relative_error_ratio" else [getattr(cell, name) for cell in kept]))
        for name in SUMMARY
    }
