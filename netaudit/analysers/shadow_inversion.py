"""H4: the layer can be run in reverse: A r(A^T h) is close to a multiple of h for sparse h.

Shadows of random sparse h are drawn over a grid of sparsity and dropout, sent back through the layer, and compared
with what a Gaussian layer of that shape must do (closed forms, no free constant). Judged on A - mean(A).

Source: properties (a), (b) and Theorem 2.3 of arXiv:1511.05653; constants in :mod:`netaudit.shadow.prediction`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit import device as devices
from netaudit.analysers.interface import AuditedLayer
from netaudit.analysers.rules import BAND, at_most, clean, not_applicable, summarise, worst
from netaudit.results import Finding, Null, Rule
from netaudit.shadow.inversion import FIGURES, Cell, CellDraws, draw_grid, invert

if TYPE_CHECKING:
    import torch

SUMMARY = (
    "gain",
    "cross_talk_inflation",
    "relative_error",
    "predicted_relative_error",
    "relative_error_ratio",
    "support_auc",
    "support_precision",
    "support_recall",
)
METRICS = (*SUMMARY, "control_support_auc", *(f"{name}_raw" for name in SUMMARY))
JUDGED = ("cross_talk_inflation", "gain", "relative_error_ratio")

FEWEST_KEPT = 30  # rho n: with fewer coordinates x is not a sum of many terms
LARGEST_ERROR = 0.5  # predicted: beyond, the error saturates near 1 for any layer
NO_CELL = f"no cell of the grid has k < rho n, rho n >= {FEWEST_KEPT} and predicted error <= {LARGEST_ERROR}"
_NULL_SIDE = 256  # matched Gaussian layers are drawn with this smaller side at most: their spread only shrinks beyond
_NULL_DRAWS = (20, 100)
_NULL_WORK = 6e6  # entries times draws
_RESAMPLES = 500


@dataclass(frozen=True)
class ShadowInversion:
    """``holds`` when inflation, gain and error ratio are all within the tolerance of 1, as factors."""

    tolerance: float = 1.25
    """A factor of 1.25 either way. Convention of netaudit: a 256 x 256 Gaussian layer stays within 1.1 in 98 % of
    draws; a rank-one spike of four times the detection threshold adds a few percent, one of twenty a factor of 20."""
    claim: str = "shadow_inversion"

    def __call__(self, audited: AuditedLayer) -> Finding:
        """Judge H4."""
        m, n = audited.shape
        if m < 2 or n < FEWEST_KEPT:
            return not_applicable(self.claim, f"fewer than 2 outputs or {FEWEST_KEPT} inputs", METRICS)
        if audited.unusable:
            return not_applicable(self.claim, audited.unusable, METRICS)
        key = (self.claim, audited.layer.name)
        grid = draw_grid(m, n, devices.generator(audited.seed, *key))
        matrix, mean = audited.standardised(), audited.entries.mean / audited.entries.std
        cells = invert(matrix, grid, audited.device)
        if not any(used(cell, n) for cell in cells):
            return not_applicable(self.claim, NO_CELL, METRICS)
        raw = invert(matrix, grid, audited.device, mean=mean)
        values = summary(cells, n)
        values |= {f"{name}_raw": value for name, value in summary(raw, n).items()}
        values["control_support_auc"] = self._control(audited, matrix, grid)
        metrics, reasons = clean(values, {})
        nulls = matched_null(audited.seed, *null_shape(m, n))
        bounds = {name: max(np.log(self.tolerance), _log_range(nulls[name])) for name in JUDGED}
        verdict = worst(at_most(_log_factor(values[name]), bounds[name]) for name in JUDGED)
        inflation = values["cross_talk_inflation"]
        return Finding(
            claim=self.claim,
            verdict=verdict,
            statistic="cross_talk_inflation",
            value=metrics["cross_talk_inflation"],
            interval=self._interval(audited, cells, n),
            null=nulls["cross_talk_inflation"],
            rule=self._rule(bounds),
            metrics=metrics,
            reasons=reasons,
            curve={"cells": [_row(cell, n) for cell in cells]},
            note=f"Off the support the layer returns {inflation:.3g} times the cross-talk of a random-like layer, the "
            f"gain is {values['gain']:.3g}, and the error is {values['relative_error_ratio']:.3g} times the "
            f"prediction; the support is recovered with AUC {values['support_auc']:.3f} "
            f"(independent matrix: {values['control_support_auc']:.3f}).",
        )

    def _control(self, audited: AuditedLayer, matrix: torch.Tensor, grid: list[list[CellDraws]]) -> float:
        """AUC with the shadow sent through an independent Gaussian matrix: 1/2 unless the method itself leaks."""
        import torch

        generator = devices.generator(audited.seed, self.claim, audited.layer.name, "control")
        other = torch.randn(matrix.shape, generator=generator)
        middle = [[grid[len(grid) // 2][0]]]
        [cell] = invert(matrix, middle, audited.device, back=other)
        return float(cell.measured[:, FIGURES.index("support_auc")].mean())

    def _interval(self, audited: AuditedLayer, cells: list[Cell], n: int) -> tuple[float, float]:
        """95 % percentile bootstrap of the median inflation over the drawn h."""
        generator = devices.numpy_generator(audited.seed, self.claim, audited.layer.name, "bootstrap")
        column = FIGURES.index("cross_talk_inflation")
        draws = np.stack([cell.measured[:, column] for cell in cells if used(cell, n)], axis=1)
        picks = generator.integers(0, len(draws), (_RESAMPLES, len(draws)))
        low, high = np.quantile(np.median(draws[picks].mean(1), axis=1), [0.025, 0.975])
        return float(low), float(high)

    def _rule(self, bounds: dict[str, float]) -> Rule:
        factors = {name: float(np.exp(bound)) for name, bound in bounds.items()}
        widened = any(factor > self.tolerance * (1 + 1e-9) for factor in factors.values())
        limits = ", ".join(f"{name} {factor:.3g}" for name, factor in factors.items())
        fails = ", ".join(f"{factor**BAND:.3g}" for factor in factors.values())
        return Rule(
            name="equivalence with a random-like layer",
            threshold=factors["cross_talk_inflation"],
            origin=f"netaudit convention: a factor of {self.tolerance}"
            + ("; widened to the matched null's 1 to 99 % range, for a small layer" if widened else ""),
            statement=f"holds if each is within this factor of 1: {limits}; fails if one is beyond {fails}; "
            "undecided between",
        )


def used(cell: Cell, n: int) -> bool:
    """Whether the cell counts for the summary: the theory's range, and an error that has not saturated."""
    return cell.k < cell.rho * n and cell.rho * n >= FEWEST_KEPT and cell.prediction.relative_error <= LARGEST_ERROR


def summary(cells: list[Cell], n: int) -> dict[str, float]:
    """Medians over the cells that count, by the names of ``SUMMARY``."""
    rows = [_row(cell, n) for cell in cells if used(cell, n)]
    for row in rows:
        row["relative_error_ratio"] = row["relative_error"] / row["predicted_relative_error"]
    return {name: float(np.median([row[name] for row in rows])) for name in SUMMARY}


def null_shape(m: int, n: int) -> tuple[int, int]:
    """The layer's shape, or one of the same aspect ratio with the smaller side at ``_NULL_SIDE``."""
    factor = min(1.0, _NULL_SIDE / min(m, n))
    return round(m * factor), round(n * factor)


@cache
def matched_null(seed: int, m: int, n: int) -> dict[str, Null]:
    """The judged figures on Gaussian layers ``[m, n]``, over the same grid."""
    import torch

    cpu = torch.device("cpu")
    generator = devices.generator(seed, "shadow_inversion", "null", str(m), str(n))
    grid = draw_grid(m, n, generator)
    found: dict[str, list[float]] = {name: [] for name in JUDGED}
    for _ in range(int(np.clip(_NULL_WORK / (m * n), *_NULL_DRAWS))):
        cells = invert(torch.randn(m, n, generator=generator), grid, cpu)
        if any(used(cell, n) for cell in cells):
            values = summary(cells, n)
            for name in JUDGED:
                found[name].append(values[name])
    return {name: summarise(draws, "Gaussian layer, same grid", (m, n)) for name, draws in found.items()}


def _log_factor(value: float) -> float:
    return float(abs(np.log(value))) if value > 0 else float("inf")


def _log_range(null: Null) -> float:
    return max((_log_factor(q) for q in (null.q01, null.q99) if q is not None), default=0.0)


def _row(cell: Cell, n: int) -> dict[str, float]:
    """One cell for the JSON: means over the draws, beside the predictions."""
    means: NDArray[np.float64] = cell.measured.mean(0)
    row = {"k": cell.k, "rho": cell.rho, "used": used(cell, n)}
    row |= {name: float(f"{mean:.6g}") for name, mean in zip(FIGURES, means, strict=True)}
    prediction = cell.prediction
    return row | {
        "predicted_relative_error": prediction.relative_error,
        "predicted_relative_error_none": prediction.relative_error_none,
        "predicted_relative_error_hard": prediction.relative_error_hard,
        "predicted_support_auc": prediction.support_auc,
        "predicted_support_precision": prediction.support_precision,
        "predicted_support_recall": prediction.support_recall,
        "offset": prediction.offset,
        "threshold": prediction.threshold,
    }
