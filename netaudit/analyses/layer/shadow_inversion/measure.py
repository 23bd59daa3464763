"""H4: the layer can be run in reverse: A r(A^T h) is close to a multiple of h for sparse h.

Shadows of random sparse h are drawn over a grid of sparsity and dropout, sent back through the layer, and compared
with what a Gaussian layer of that shape must do (closed forms, no free constant). Judged on A - mean(A).

Source: properties (a), (b) and Theorem 2.3 of arXiv:1511.05653; constants in :mod:`netaudit.shadow.prediction`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, cast

import numpy as np

from netaudit.analyses.context import LayerContext
from netaudit.analyses.judging import finite, judge, null_of, widened, worst
from netaudit.analyses.layer.shadow_inversion.grid import counted, grid_cell, summary, used
from netaudit.analyses.layer.shadow_inversion.payload import (
    FEWEST_KEPT,
    JUDGED,
    LARGEST_ERROR,
    METRICS,
    RULE,
    TOLERANCE,
    InversionCurve,
    Recovered,
    ShadowInversion,
    Start,
)
from netaudit.analyses.surrogates import KINDS
from netaudit.numerics import device as devices
from netaudit.numerics.spectrum import NO_MEAN
from netaudit.results.payload import Condition, Null, Rule, number, six_digits, unjudged
from netaudit.shadow.activations import recover
from netaudit.shadow.gaussian_layer import GaussianLayers, control_auc
from netaudit.shadow.inversion import DRAW_METRICS, RHOS, MeasuredCell, draw_grid, invert

if TYPE_CHECKING:
    from torch import Tensor

NO_CELL = f"no cell of the grid has k < rho n, rho n >= {FEWEST_KEPT} and predicted error <= {LARGEST_ERROR}"
_FORMED = 4_000_000  # entries up to which a null layer is formed; above, it is drawn without the matrix
_NULL_DRAWS = (6, 100)
_NULL_WORK = 8e6  # entries times draws: 100 up to 280 x 280, 30 at 512 x 512, 6 from 1200 x 1200
_RESAMPLES = 500


def measure(context: LayerContext) -> ShadowInversion:
    """Judge H4 on one layer.

    The claim holds when inflation, gain and error ratio, with their intervals, are all within ``TOLERANCE`` of 1, as
    factors. The layer as stored, mean included, is measured beside it; no verdict rests on that.
    """
    m, n = context.shape
    if m < 2 or n < FEWEST_KEPT:
        return unjudged(ShadowInversion, METRICS, f"fewer than 2 outputs or {FEWEST_KEPT} inputs")
    key = ("shadow_inversion", context.layer.name)
    grid = draw_grid(m, n, devices.generator(context.seed, *key))
    matrix, mean = context.standardised, context.entries.mean_over_std
    cells = invert(matrix, grid, context.device)
    if not any(used(cell, n) for cell in cells):
        return unjudged(ShadowInversion, METRICS, NO_CELL)
    has_mean = abs(mean) * (m * n) ** 0.25 >= NO_MEAN
    uncentred = invert(matrix, counted(grid, n), context.device, mean=mean) if has_mean else cells
    values = summary(cells, n)
    values |= {f"{name}_uncentred": value for name, value in summary(uncentred, n).items()}
    auc = control_auc(matrix, grid[len(grid) // 2][0], devices.generator(context.seed, *key, "control"))
    values["control_support_auc"] = auc
    metrics, reasons = finite(values, {})
    nulls = matched_null(context.seed, m, n)
    conditions = tuple(_condition(context, name, values[name], cells, n, nulls[name]) for name in JUDGED)
    wide = any((condition.limits[1] or TOLERANCE) > TOLERANCE * (1 + 1e-9) for condition in conditions)
    return ShadowInversion(
        verdict=worst(conditions),
        metrics=metrics,
        reasons=reasons,
        conditions=conditions,
        rule=Rule(RULE, dict.fromkeys(JUDGED, TOLERANCE), widened=wide),
        nulls=(*nulls.values(), null_of("independent", "support_auc", [auc]), *_surrogate_nulls(context, values)),
        recovered=_from_activations(context, matrix, mean),
        curve=InversionCurve(tuple(grid_cell(cell, n) for cell in cells)),
    )


def _condition(
    context: LayerContext, name: str, value: float, cells: Sequence[MeasuredCell], n: int, null: Null
) -> Condition:
    """A factor within the tolerance of 1; known up to the null's range, or a bootstrap where that is wider."""
    noise = _log_range(null)
    low, high = _interval(context, name, cells, n)
    factor = float(np.exp(widened(np.log(TOLERANCE), noise)))
    interval = min(low, value * float(np.exp(-noise))), max(high, value * float(np.exp(noise)))
    return judge(name, value, interval, (1 / factor, factor))


def _interval(context: LayerContext, name: str, cells: Sequence[MeasuredCell], n: int) -> tuple[float, float]:
    """95 % percentile bootstrap of a judged metric over the drawn h."""
    generator = devices.numpy_generator(context.seed, "shadow_inversion", context.layer.name, "bootstrap")
    column = DRAW_METRICS.index("relative_error" if name == "relative_error_ratio" else name)
    kept = [cell for cell in cells if used(cell, n)]
    draws = np.stack([cell.measured[:, column] for cell in kept], axis=1)
    if name == "relative_error_ratio":
        draws = draws / [cell.prediction.relative_error for cell in kept]
    picks = generator.integers(0, len(draws), (_RESAMPLES, len(draws)))
    low, high = np.quantile(np.median(draws[picks].mean(1), axis=1), [0.025, 0.975])
    return float(low), float(high)


def _log_range(null: Null) -> float:
    """How far the null reaches from 1, as the logarithm of a factor."""
    return max((_log_factor(q) for q in (null.q01, null.q99) if q is not None), default=0.0)


def _log_factor(value: float) -> float:
    return float(abs(np.log(value))) if value > 0 else float("inf")


@cache
def matched_null(seed: int, m: int, n: int) -> dict[str, Null]:
    """The judged metrics on Gaussian layers ``[m, n]``, over a grid of their own."""
    import torch

    cpu = torch.device("cpu")
    generator = devices.generator(seed, "shadow_inversion", "null", str(m), str(n))
    grid = counted(draw_grid(m, n, generator), n)
    layers = GaussianLayers(grid, n) if grid and m * n > _FORMED else None
    drawn: dict[str, list[float]] = {name: [] for name in JUDGED}
    for _ in range(int(np.clip(_NULL_WORK / (m * n), *_NULL_DRAWS)) if grid else 0):
        cells = layers.invert(generator) if layers else invert(torch.randn(m, n, generator=generator), grid, cpu)
        values = summary(cells, n)
        for name in JUDGED:
            drawn[name].append(values[name])
    return {name: null_of("gaussian", name, draws) for name, draws in drawn.items()}


def _surrogate_nulls(context: LayerContext, whole: Mapping[str, float]) -> tuple[Null, ...]:
    """The judged metrics on the layer's own entries, permuted and with random signs, if they were asked for."""
    drawn = context.surrogates
    if drawn is None:
        return ()
    m, n = drawn.matrix.shape
    generator = devices.generator(context.seed, "shadow_inversion", context.layer.name, "surrogate")
    grid = counted(draw_grid(m, n, generator), n)
    if not grid:
        return ()

    def judged(matrix: Tensor) -> dict[str, float]:
        values = summary(invert(matrix, grid, context.device), n)
        return {name: values[name] for name in JUDGED}

    own = {name: whole[name] for name in JUDGED} if drawn.shape is None else judged(drawn.matrix)
    return drawn.nulls(own, {kind: [judged(matrix) for matrix in drawn.of(kind)] for kind in KINDS})


def _from_activations(context: LayerContext, matrix: Tensor, mean: float) -> tuple[Recovered, ...]:
    """How real activations come back, all numbers to six digits; empty without any."""
    if context.activations is None:
        return ()
    generator = devices.generator(context.seed, "shadow_inversion", context.layer.name, "activations")
    return tuple(
        Recovered(
            kind=cast(Start, row.kind),
            rho=six_digits(row.rho),
            n=row.n,
            k=six_digits(row.k),
            cosine=number(six_digits(row.cosine)),
            relative_error=number(six_digits(row.relative_error)),
            support_auc=number(six_digits(row.support_auc)),
        )
        for row in recover(matrix, mean, context.activations, RHOS, generator, context.device)
    )
