"""H4: the layer can be run in reverse: A r(A^T h) is close to a multiple of h for sparse h.

Sparse h are sent down as shadows and forward again through the layer in the fixed gauge, without its common mode, and
compared with what a Gaussian layer of that shape must do (closed forms, no free constant); the layer as it is stored
stands beside. With real activations the verdict rests on these, beside Gaussian layers that are fed the same ones.

Source: properties (a), (b) and Theorem 2.3 of arXiv:1511.05653; constants in :mod:`netaudit.shadow.prediction`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from netaudit.analyses.context import LayerContext
from netaudit.analyses.judging import finite, judge, null_of, widened, worst
from netaudit.analyses.layer.shadow_inversion.grid import grid_cell, measured
from netaudit.analyses.layer.shadow_inversion.nulls import (
    draw_judged,
    first_draws,
    log_range,
    matched_null,
    surrogate_nulls,
)
from netaudit.analyses.layer.shadow_inversion.payload import (
    FEWEST_KEPT,
    JUDGED,
    LARGEST_ERROR,
    LEVEL,
    METRICS,
    REAL,
    RULE,
    TOLERANCE,
    InversionCurve,
    ShadowInversion,
    Standing,
)
from netaudit.analyses.layer.shadow_inversion.real import RealActivations, real_activations
from netaudit.numerics import device as devices
from netaudit.results.payload import Condition, Null, Rule, unjudged
from netaudit.shadow.coherence import coherence
from netaudit.shadow.gauge import Gauge, column_mode, fixed_gauge
from netaudit.shadow.gaussian_layer import control_auc
from netaudit.shadow.inversion import DRAW_METRICS, DRAWS, GridDraws, MeasuredCell, draw_grid, invert

NO_CELL = f"no k of the grid has k < n and a predicted error of at most {LARGEST_ERROR}"
NO_ACTIVATIONS = "no_real_activations"
UNUSABLE = "unusable_activations"
_AS_STORED = 128  # draws of the layer as it is stored, on which no verdict rests
_RESAMPLES = 500


def measure(context: LayerContext) -> ShadowInversion:
    """Judge H4 on one layer: it holds where the layer inverts no worse than a Gaussian one, up to ``TOLERANCE``."""
    as_drawn = draw_judged(context.seed, *context.shape)
    as_stored, mode = _as_stored(context, as_drawn)  # before the gauge, which has a copy of the weights of its own
    gauge = fixed_gauge(context.layer.weight, context.device, context.unit_scales)
    m, n = gauge.matrix.shape
    if m < 2 or n < FEWEST_KEPT:
        return unjudged(ShadowInversion, METRICS, f"fewer than 2 outputs or {FEWEST_KEPT} inputs")
    cell = as_drawn if (m, n) == context.shape else draw_judged(context.seed, m, n)
    real = real_activations(context, gauge)
    on_real = real is not None and real.judged
    if cell is None and not on_real:
        return unjudged(ShadowInversion, METRICS, NO_CELL)
    values: dict[str, float | int | None] = dict.fromkeys(METRICS)
    reasons = dict.fromkeys(METRICS, NO_CELL)
    nulls: tuple[Null, ...] = ()
    conditions: tuple[Condition, ...] = ()
    curve = None
    if cell is not None:
        [found] = invert(gauge.matrix, [[cell]], context.device)
        values |= {**_synthetic(context, gauge, cell, found), **as_stored}
        matched = matched_null(context.seed, m, n)
        conditions = tuple(_condition(context, name, found, matched[name]) for name in JUDGED)
        auc = values["control_support_auc"]
        control = null_of("independent", "support_auc", [] if auc is None else [auc])
        nulls = (*matched.values(), control, *surrogate_nulls(context))
        grid = draw_grid(m, n, devices.generator(context.seed, "shadow_inversion", "grid", f"{m}x{n}"))
        curve = InversionCurve(tuple(grid_cell(each, n) for each in invert(gauge.matrix, grid, context.device)))
    values |= {**_common(context, gauge), "common_mode_as_stored": mode}
    if real is None:
        reasons[REAL] = NO_ACTIVATIONS if context.activations is None else UNUSABLE
    else:
        values[REAL] = real.value
    if real is not None and on_real:
        conditions, nulls = (_real_condition(real),), (real.null, *nulls)
    metrics, reasons = finite(values, reasons)
    wide = any((condition.limits[1] or TOLERANCE) > TOLERANCE * (1 + 1e-9) for condition in conditions)
    return ShadowInversion(
        verdict=worst(conditions),
        standing=standing(conditions),
        metrics=metrics,
        reasons=reasons,
        conditions=conditions,
        rule=Rule(RULE, {condition.statistic: TOLERANCE for condition in conditions}, widened=wide),
        nulls=nulls,
        warnings=() if gauge.scaled else ("no_unit_scales",),
        recovered=() if real is None else real.rows,
        curve=curve,
    )


def standing(conditions: tuple[Condition, ...]) -> Standing:
    """How the layer inverts beside a Gaussian one: better where the first statistic is beyond the tolerance on the good
    side, and its whole interval below 1."""
    verdict = worst(conditions)
    if verdict != "holds":
        return "worse" if verdict == "fails" else "unclear"
    first = conditions[0]
    beyond = 1 / (first.limits[1] or TOLERANCE)
    return "better" if first.value < beyond and first.interval[1] < 1 else "as_gaussian"


def _synthetic(
    context: LayerContext, gauge: Gauge, cell: GridDraws, found: MeasuredCell
) -> Mapping[str, float | int | None]:
    """The figures of sparse h, in the judged cell."""
    m, n = context.shape
    values: dict[str, float | int | None] = dict(measured(found))
    error = float(found.measured[:, DRAW_METRICS.index("relative_error")].mean())
    inflation = float(found.measured[:, DRAW_METRICS.index("cross_talk_inflation")].mean())
    values |= {
        "effective_inputs_share": 1 / inflation if inflation > 0 else None,
        "relative_error_ratio_at_predicted_offset": error / cell.prediction.relative_error,
        "predicted_relative_error": cell.prediction.relative_error,
        "predicted_support_auc": cell.prediction.support_auc,
        "own_offset": found.own_offset,
        "predicted_offset": cell.prediction.offset,
        "nonzeros": found.k,
        "control_support_auc": control_auc(
            gauge.matrix,
            first_draws(cell, DRAWS),
            devices.generator(context.seed, "shadow_inversion", "control", f"{m}x{n}"),
        ),
    }
    return values


def _as_stored(context: LayerContext, cell: GridDraws | None) -> tuple[dict[str, float], float]:
    """The figures of sparse h through the layer as it is stored, none without a cell; and its common mode."""
    matrix = context.standardised()
    if cell is None:
        return {}, column_mode(matrix)
    mean = context.entries.mean_over_std
    [found] = invert(matrix, [[first_draws(cell, _AS_STORED)]], context.device, mean=mean)
    return {f"{name}_as_stored": value for name, value in measured(found).items()}, column_mode(matrix)


def _common(context: LayerContext, gauge: Gauge) -> Mapping[str, float]:
    """The closed forms, which need no draws of h."""
    m, n = context.shape
    generator = devices.generator(context.seed, "shadow_inversion", "coherence", f"{m}x{n}")
    found = coherence(gauge.matrix, context.device, generator)
    return {
        "coherence": found.kappa,
        "coherence_cross_talk": found.cross_talk,
        "common_mode": gauge.common_mode,
    }


def _condition(context: LayerContext, name: str, found: MeasuredCell, null: Null) -> Condition:
    """At most the tolerance; known up to a bootstrap over the draws, or the null's range where that is wider."""
    draws = _of_each_draw(name, found)
    generator = devices.numpy_generator(context.seed, "shadow_inversion", "bootstrap", str(draws.size))
    picks = generator.integers(0, draws.size, (_RESAMPLES, draws.size))
    low, high = (float(q) for q in np.quantile(draws[picks].mean(1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    return _judged(name, float(draws.mean()), (low, high), null)


def _real_condition(real: RealActivations) -> Condition:
    return _judged(REAL, real.value, real.interval, real.null)


def _judged(name: str, value: float, interval: tuple[float, float], null: Null) -> Condition:
    noise = log_range(null)
    factor = float(np.exp(widened(np.log(TOLERANCE), noise)))
    wide = min(interval[0], value * float(np.exp(-noise))), max(interval[1], value * float(np.exp(noise)))
    return judge(name, value, wide, (None, factor))


def _of_each_draw(name: str, found: MeasuredCell) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if name == "relative_error_ratio":
        return np.asarray(found.own_errors / found.prediction.relative_error)
    return np.asarray(found.measured[:, DRAW_METRICS.index(name)])
