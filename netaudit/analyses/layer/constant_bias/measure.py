"""H2: the biases of a layer are essentially one constant.

What counts is the spread of b against that of the pre-activations A x which it shifts: their root mean square over
the units and real inputs, without the bias. Random weights would make them sigma ||x|| large, trained ones make them up
to eight times as large. Without real inputs only a bias that varies by a tenth of its own median can be called
constant; ratios to the median mean nothing for biases near 0, and std(b) / (sigma sqrt n) is small for any
initialisation, so every other case is undecided.

The biases of a layer are all that there are, and std(b) is known exactly: there is no interval.

Source: hypothesis tested on AlexNet in Arora, Liang and Ma, arXiv:1511.05653; the rule is netaudit's.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from netaudit.analyses.context import LayerContext
from netaudit.analyses.judging import finite, judge
from netaudit.analyses.layer.constant_bias.payload import (
    AGAINST_MEDIAN,
    AGAINST_PREACTIVATIONS,
    METRICS,
    TOLERANCE,
    BiasCurve,
    ConstantBias,
)
from netaudit.results.payload import LARGEST, Condition, Rule, curve_values, six_digits, unjudged

_POINTS = 200  # quantiles drawn
_OF_SCALE = ("share_within_10pct_of_scale", "std_over_preactivation_scale", "preactivation_scale")

Floats = NDArray[np.float64]


def measure(context: LayerContext) -> ConstantBias:
    """Judge H2 on one layer.

    With real inputs the claim holds when std(b) is at most ``TOLERANCE`` of the root mean square of A x, and else it
    fails. Without them it holds when std(b) is at most ``TOLERANCE`` of \\|median(b)\\|, and else it is undecided.
    """
    bias = context.layer.bias
    if bias is None:
        return unjudged(ConstantBias, METRICS, "the layer has no bias")
    if bias.numel() < 2:
        return unjudged(ConstantBias, METRICS, "the layer has a single bias")
    b = bias.double().numpy()
    if not np.isfinite(b).all():
        return unjudged(ConstantBias, METRICS, "the bias holds NaN or infinite values")
    if np.abs(b).max() > LARGEST:  # its square must be finite
        return unjudged(ConstantBias, METRICS, f"the bias holds values beyond {LARGEST:.0e}")
    std, median, scale = float(b.std()), float(np.median(b)), preactivation_scale(context)
    metrics, reasons = finite(
        {
            "mean": float(b.mean()),
            "std": std,
            "median": median,
            "mad": float(np.median(np.abs(b - median))),
            "share_negative": float((b < 0).mean()),
            "std_over_abs_median": 0.0 if std == 0 else std / abs(median) if median else None,
            "share_within_10pct_of_scale": None if scale is None else share_within_a_tenth(b, median, scale),
            "std_over_preactivation_scale": None if scale is None else std / scale,
            "preactivation_scale": scale,
        },
        {"std_over_abs_median": "median_is_zero"} | ({} if scale else dict.fromkeys(_OF_SCALE, "needs_data")),
    )
    statistic, rule = (
        ("std_over_abs_median", AGAINST_MEDIAN)
        if scale is None
        else ("std_over_preactivation_scale", AGAINST_PREACTIVATIONS)
    )
    unit = abs(median) if scale is None else scale
    value = metrics[statistic]
    condition = None if value is None else _condition(statistic, value)
    return ConstantBias(
        verdict="undecided" if condition is None else condition.verdict,
        metrics=metrics,
        reasons=reasons,
        conditions=() if condition is None else (condition,),
        rule=Rule(rule, {statistic: TOLERANCE}),
        curve=_curve(b, median, unit),
    )


def preactivation_scale(context: LayerContext) -> float | None:
    """Root mean square of A x over the units and real inputs; None without any, or where it is 0 or not finite."""
    scale = context.preactivation_scale
    return scale if scale and np.isfinite(scale) else None


def share_within_a_tenth(b: Floats, median: float, scale: float) -> float:
    """Share of biases within a tenth of ``scale`` from the median."""
    return float((np.abs(b - median) <= 0.1 * scale).mean())


def _condition(statistic: str, value: float) -> Condition:
    condition = judge(statistic, value, (value, value), (None, TOLERANCE))
    if condition.verdict == "fails" and statistic == "std_over_abs_median":
        # the median is no scale: it can clear a bias, not convict it
        return msgspec.structs.replace(condition, verdict="undecided")
    return condition


def _curve(b: Floats, median: float, unit: float) -> BiasCurve | None:
    if abs(median) + TOLERANCE * unit > LARGEST:
        return None
    probability = (np.arange(min(b.size, _POINTS)) + 0.5) / min(b.size, _POINTS)
    low, high = curve_values([median - TOLERANCE * unit, median + TOLERANCE * unit])
    return BiasCurve(
        probability=curve_values(probability),
        bias=curve_values(np.quantile(b, probability)),
        median=six_digits(median),
        band=(low, high),
    )
