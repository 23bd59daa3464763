"""H2: the biases of a layer are essentially one constant.

What counts is the spread of b against the scale of the pre-activations that it shifts, sigma ||x||, and that scale
takes real inputs. Without them only a bias that varies by a tenth of its own median can be called constant; ratios
to the median mean nothing for biases near 0, and std(b) / (sigma sqrt n) is small for any initialisation, so every
other case is undecided.

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
from netaudit.numerics import device as devices
from netaudit.results.payload import LARGEST, Condition, Rule, curve_values, six_digits, unjudged

_RESAMPLES = 500
_POINTS = 200  # quantiles drawn
_OF_SCALE = ("share_within_10pct_of_scale", "std_over_preactivation_scale")

Floats = NDArray[np.float64]


def measure(context: LayerContext) -> ConstantBias:
    """Judge H2 on one layer.

    With real inputs the claim holds when std(b), with its interval, lies within ``TOLERANCE`` of sigma ||x||, and
    fails when it lies beyond. Without them it holds when std(b) lies within ``TOLERANCE`` of \\|median(b)\\|, and is
    undecided otherwise.
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
    condition = None if value is None else _condition(context, b, statistic, value, unit)
    return ConstantBias(
        verdict="undecided" if condition is None else condition.verdict,
        metrics=metrics,
        reasons=reasons,
        conditions=() if condition is None else (condition,),
        rule=Rule(rule, {statistic: TOLERANCE}),
        curve=_curve(b, median, unit),
    )


def preactivation_scale(context: LayerContext) -> float | None:
    """sigma ||x||, the typical pre-activation of a random-like layer on the real inputs; None without any."""
    if not context.input_norm or context.unusable:
        return None
    return context.entries.std * context.input_norm or None


def share_within_a_tenth(b: Floats, median: float, scale: float) -> float:
    """Share of biases within a tenth of ``scale`` from the median."""
    return float((np.abs(b - median) <= 0.1 * scale).mean())


def _condition(context: LayerContext, b: Floats, statistic: str, value: float, unit: float) -> Condition:
    interval = _interval(context, b, value, unit) if unit else (value, value)
    condition = judge(statistic, value, interval, (None, TOLERANCE))
    if condition.verdict == "fails" and statistic == "std_over_abs_median":
        # the median is no scale: it can clear a bias, not convict it
        return msgspec.structs.replace(condition, verdict="undecided")
    return condition


def _interval(context: LayerContext, b: Floats, value: float, unit: float) -> tuple[float, float]:
    """95 % percentile bootstrap of std(b), in the unit of the statistic; holds the value even for two biases."""
    generator = devices.numpy_generator(context.seed, "constant_bias", context.layer.name)
    spreads = [b[generator.integers(0, b.size, b.size)].std() for _ in range(_RESAMPLES)]
    low, high = np.quantile(spreads, [0.025, 0.975]) / unit
    return min(float(low), value), max(float(high), value)


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
