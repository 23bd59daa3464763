"""The cells of the grid: which of them the theory speaks of, what is kept of each, and what is measured of one."""

from __future__ import annotations

from netaudit.analyses.layer.shadow_inversion.payload import FEWEST_KEPT, LARGEST_ERROR, GridCell
from netaudit.results.payload import six_digits
from netaudit.shadow.inversion import DRAW_METRICS, MeasuredCell
from netaudit.shadow.prediction import Prediction


def counts(k: int, rho: float, prediction: Prediction, n: int) -> bool:
    """Whether the theory speaks of a cell (k, rho): its range, and an error that has not saturated."""
    return k < rho * n and rho * n >= FEWEST_KEPT and prediction.relative_error <= LARGEST_ERROR


def grid_cell(cell: MeasuredCell, n: int) -> GridCell:
    """Means over the draws, to six digits, beside the predictions."""
    means = {name: six_digits(mean) for name, mean in zip(DRAW_METRICS, cell.measured.mean(0), strict=True)}
    at_predicted = means.pop("relative_error")
    prediction = cell.prediction
    return GridCell(
        k=cell.k,
        rho=cell.rho,
        used=counts(cell.k, cell.rho, prediction, n),
        relative_error=six_digits(float(cell.own_errors.mean())),
        relative_error_predicted_offset=at_predicted,
        **means,
        predicted_relative_error=prediction.relative_error,
        predicted_relative_error_none=prediction.relative_error_none,
        predicted_relative_error_hard=prediction.relative_error_hard,
        predicted_support_auc=prediction.support_auc,
        predicted_support_precision=prediction.support_precision,
        predicted_support_recall=prediction.support_recall,
        offset=prediction.offset,
        own_offset=six_digits(cell.own_offset),
        threshold=prediction.threshold,
    )


def measured(cell: MeasuredCell) -> dict[str, float]:
    """The figures of one cell by the names of ``MEASURED``: means over its draws."""
    means = dict(zip(DRAW_METRICS, map(float, cell.measured.mean(0)), strict=True))
    error = float(cell.own_errors.mean())
    return {
        "gain": means["gain"],
        "cross_talk_inflation": means["cross_talk_inflation"],
        "relative_error": error,
        "relative_error_ratio": error / cell.prediction.relative_error,
        "support_auc": means["support_auc"],
        "support_precision": means["support_precision"],
        "support_recall": means["support_recall"],
    }
