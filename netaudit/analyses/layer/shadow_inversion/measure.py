"""H4: the layer can be run in reverse: A r(A^T h) is close to a multiple of h for sparse h.

Shadows of random sparse h are drawn over a grid of sparsity and dropout, sent back through the layer, and compared
with what a Gaussian layer of that shape must do (closed forms, no free constant). Judged on A - mean(A).

Source: properties (a), (b) and Theorem 2.3 of arXiv:1511.05653; constants in :mod:`netaudit.shadow.prediction`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.analyses.context import AuditedLayer
from netaudit.analyses.judging import WIDENED, clean, judge, not_applicable, summarise, widened, worst
from netaudit.analyses.surrogates import KINDS
from netaudit.numerics import device as devices
from netaudit.numerics.spectrum import NO_MEAN
from netaudit.results import Condition, Finding, Null, Rule
from netaudit.shadow.activations import ActivationRecovery, recover
from netaudit.shadow.gaussian_layer import GaussianLayers, control_auc
from netaudit.shadow.inversion import DRAW_METRICS, RHOS, GridCell, GridDraws, draw_grid, invert
from netaudit.shadow.prediction import Prediction

if TYPE_CHECKING:
    from torch import Tensor

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
_FORMED = 4_000_000  # entries up to which a null layer is formed; above, it is drawn without the matrix
_NULL_DRAWS = (6, 100)
_NULL_WORK = 8e6  # entries times draws: 100 up to 280 x 280, 30 at 512 x 512, 6 from 1200 x 1200
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
        matrix, mean = audited.standardised, audited.entries.mean / audited.entries.std
        cells = invert(matrix, grid, audited.device)
        if not any(used(cell, n) for cell in cells):
            return not_applicable(self.claim, NO_CELL, METRICS)
        has_mean = abs(mean) * (m * n) ** 0.25 >= NO_MEAN
        raw = invert(matrix, _counted(grid, n), audited.device, mean=mean) if has_mean else cells
        values = summary(cells, n)
        values |= {f"{name}_raw": value for name, value in summary(raw, n).items()}
        values["control_support_auc"] = control_auc(
            matrix, grid[len(grid) // 2][0], devices.generator(audited.seed, *key, "control")
        )
        metrics, reasons = clean(values, {})
        nulls = matched_null(audited.seed, m, n)
        conditions = tuple(self._condition(audited, name, values[name], cells, n, nulls[name]) for name in JUDGED)
        inflation = values["cross_talk_inflation"]
        recovered = _from_activations(audited, matrix, mean)
        return Finding(
            claim=self.claim,
            verdict=worst(conditions),
            metrics=metrics,
            reasons=reasons,
            conditions=conditions,
            rule=self._rule(conditions),
            nulls=(*nulls.values(), _control(values["control_support_auc"]), *_surrogate_nulls(audited, values)),
            details={"recovered": [_digits(one) for one in recovered]},
            curve={"cells": [_row(cell, n) for cell in cells]},
            note=f"Off the support the layer returns {inflation:.3g} times the cross-talk of a random-like layer, the "
            f"gain is {values['gain']:.3g}, and the error is {values['relative_error_ratio']:.3g} times the "
            f"prediction; the support is recovered with AUC {values['support_auc']:.3f} "
            f"(independent matrix: {values['control_support_auc']:.3f})." + _note(recovered),
        )

    def _condition(
        self, audited: AuditedLayer, name: str, value: float, cells: list[GridCell], n: int, null: Null
    ) -> Condition:
        """A factor within the tolerance of 1; known up to the null's range, or a bootstrap where that is wider."""
        noise = _log_range(null)
        low, high = self._interval(audited, name, cells, n)
        factor = float(np.exp(widened(np.log(self.tolerance), noise)))
        interval = min(low, value * float(np.exp(-noise))), max(high, value * float(np.exp(noise)))
        return judge(name, value, interval, (1 / factor, factor))

    def _interval(self, audited: AuditedLayer, name: str, cells: list[GridCell], n: int) -> tuple[float, float]:
        """95 % percentile bootstrap of a judged figure over the drawn h."""
        generator = devices.numpy_generator(audited.seed, self.claim, audited.layer.name, "bootstrap")
        column = DRAW_METRICS.index("relative_error" if name == "relative_error_ratio" else name)
        counted = [cell for cell in cells if used(cell, n)]
        draws = np.stack([cell.measured[:, column] for cell in counted], axis=1)
        if name == "relative_error_ratio":
            draws = draws / [cell.prediction.relative_error for cell in counted]
        picks = generator.integers(0, len(draws), (_RESAMPLES, len(draws)))
        low, high = np.quantile(np.median(draws[picks].mean(1), axis=1), [0.025, 0.975])
        return float(low), float(high)

    def _rule(self, conditions: tuple[Condition, ...]) -> Rule:
        factors = {condition.statistic: condition.limits[1] or self.tolerance for condition in conditions}
        wide = any(factor > self.tolerance * (1 + 1e-9) for factor in factors.values())
        limits = ", ".join(f"{name} {factor:.3g}" for name, factor in factors.items())
        return Rule(
            name="equivalence with a random-like layer",
            origin=f"netaudit convention: a factor of {self.tolerance}" + (WIDENED if wide else ""),
            statement=f"holds if each, with its interval, is within this factor of 1: {limits}; fails if all of one "
            "interval lies beyond; undecided otherwise",
        )


def used(cell: GridCell, n: int) -> bool:
    """Whether the cell counts for the summary."""
    return counts(cell.k, cell.rho, cell.prediction, n)


def counts(k: int, rho: float, prediction: Prediction, n: int) -> bool:
    """Whether a cell (k, rho) counts: the theory's range, and an error that has not saturated."""
    return k < rho * n and rho * n >= FEWEST_KEPT and prediction.relative_error <= LARGEST_ERROR


def _counted(grid: list[list[GridDraws]], n: int) -> list[list[GridDraws]]:
    """The cells of a grid that count: where only the summary is asked for, the others need no pass."""
    rows = ([cell for cell in row if counts(cell.h.support.shape[1], cell.rho, cell.prediction, n)] for row in grid)
    return [row for row in rows if row]


def summary(cells: list[GridCell], n: int) -> dict[str, float]:
    """Medians over the cells that count, by the names of ``SUMMARY``."""
    rows = [_row(cell, n) for cell in cells if used(cell, n)]
    for row in rows:
        row["relative_error_ratio"] = row["relative_error"] / row["predicted_relative_error"]
    return {name: float(np.median([row[name] for row in rows])) for name in SUMMARY}


@cache
def matched_null(seed: int, m: int, n: int) -> dict[str, Null]:
    """The judged figures on Gaussian layers ``[m, n]``, over a grid of their own."""
    import torch

    cpu = torch.device("cpu")
    generator = devices.generator(seed, "shadow_inversion", "null", str(m), str(n))
    grid = _counted(draw_grid(m, n, generator), n)
    layers = GaussianLayers(grid, n) if grid and m * n > _FORMED else None
    found: dict[str, list[float]] = {name: [] for name in JUDGED}
    for _ in range(int(np.clip(_NULL_WORK / (m * n), *_NULL_DRAWS)) if grid else 0):
        cells = layers.invert(generator) if layers else invert(torch.randn(m, n, generator=generator), grid, cpu)
        values = summary(cells, n)
        for name in JUDGED:
            found[name].append(values[name])
    return {name: summarise("gaussian", name, draws, "Gaussian layer, same grid") for name, draws in found.items()}


def _from_activations(audited: AuditedLayer, matrix: Tensor, mean: float) -> list[ActivationRecovery]:
    """How real activations come back; empty without any."""
    if audited.activations is None:
        return []
    generator = devices.generator(audited.seed, "shadow_inversion", audited.layer.name, "activations")
    return recover(matrix, mean, audited.activations, RHOS, generator, audited.device)


def _digits(recovery: ActivationRecovery) -> dict[str, object]:
    values = asdict(recovery)
    return {key: float(f"{value:.6g}") if isinstance(value, float) else value for key, value in values.items()}


def _note(recovered: list[ActivationRecovery]) -> str:
    """How real activations come back without dropout, in words."""
    cosine = {found.kind: found.cosine for found in recovered if found.rho == 1}
    if not cosine:
        return ""
    return (
        f" Real activations come back with cosine {cosine['real']:.2f}, through a Gaussian matrix with "
        f"{cosine['gaussian']:.2f}; synthetic ones as sparse with {cosine['synthetic']:.2f}."
    )


def _control(auc: float) -> Null:
    note = "the shadow sent through an independent Gaussian matrix"
    return Null("independent", "support_auc", 1, auc, auc, auc, note=note)


def _surrogate_nulls(audited: AuditedLayer, whole: dict[str, float]) -> tuple[Null, ...]:
    drawn = audited.surrogates
    if drawn is None:
        return ()
    m, n = drawn.matrix.shape
    generator = devices.generator(audited.seed, "shadow_inversion", audited.layer.name, "surrogate")
    grid = _counted(draw_grid(m, n, generator), n)
    if not grid:
        return ()

    def figures(matrix: Tensor) -> dict[str, float]:
        values = summary(invert(matrix, grid, audited.device), n)
        return {name: values[name] for name in JUDGED}

    own = {name: whole[name] for name in JUDGED} if drawn.shape is None else figures(drawn.matrix)
    return drawn.nulls(own, {kind: [figures(matrix) for matrix in drawn.of(kind)] for kind in KINDS})


def _log_factor(value: float) -> float:
    return float(abs(np.log(value))) if value > 0 else float("inf")


def _log_range(null: Null) -> float:
    return max((_log_factor(q) for q in (null.q01, null.q99) if q is not None), default=0.0)


def _row(cell: GridCell, n: int) -> dict[str, float]:
    """One cell for the JSON: means over the draws, beside the predictions."""
    means: NDArray[np.float64] = cell.measured.mean(0)
    row = {"k": cell.k, "rho": cell.rho, "used": used(cell, n)}
    row |= {name: float(f"{mean:.6g}") for name, mean in zip(DRAW_METRICS, means, strict=True)}
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
