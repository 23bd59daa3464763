"""A synthetic payload on the biases of a layer, made without torch and without the analysis itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from netaudit.analyses.layer.constant_bias.payload import (
    AGAINST_MEDIAN,
    AGAINST_PREACTIVATIONS,
    METRICS,
    TOLERANCE,
    BiasCurve,
    ConstantBias,
)
from netaudit.results.payload import Condition, Rule, curve_values, six_digits, unjudged
from netaudit.vocabulary import Verdict


def example(
    verdict: Verdict = "holds", shape: tuple[int, int] = (200, 320), *, data: bool = False, **other: Any
) -> ConstantBias:
    """Biases near 0.1 that vary by 0.004 where the claim holds and by 0.2 elsewhere; ``other`` replaces fields.

    With ``data`` they stand beside a pre-activation scale of 1. Without it the claim cannot fail.
    """
    if verdict == "not_applicable":
        return unjudged(ConstantBias, METRICS, "the layer has no bias")
    m = shape[0]
    b = np.sort(np.random.default_rng(m).normal(0.1, 0.004 if verdict == "holds" else 0.2, m))
    p = (np.arange(min(200, m)) + 0.5) / min(200, m)
    std, median = float(b.std()), float(np.median(b))
    unit = 1.0 if data else abs(median)
    statistic = "std_over_preactivation_scale" if data else "std_over_abs_median"
    of_scale = ("share_within_10pct_of_scale", "std_over_preactivation_scale", "preactivation_scale")
    metrics = {
        "mean": float(b.mean()),
        "std": std,
        "median": median,
        "mad": float(np.median(abs(b - median))),
        "share_negative": float((b < 0).mean()),
        "std_over_abs_median": std / abs(median),
        "share_within_10pct_of_scale": float((abs(b - median) <= 0.1).mean()) if data else None,
        "std_over_preactivation_scale": std if data else None,
        "preactivation_scale": 1.0 if data else None,
    }
    value = std / unit
    parts: dict[str, Any] = {
        "verdict": verdict,
        "metrics": metrics,
        "reasons": {} if data else dict.fromkeys(of_scale, "needs_data"),
        "conditions": (Condition(statistic, value, (0.9 * value, 1.1 * value), (None, TOLERANCE), verdict),),
        "rule": Rule(AGAINST_PREACTIVATIONS if data else AGAINST_MEDIAN, {statistic: TOLERANCE}),
        "curve": BiasCurve(
            probability=curve_values(p),
            bias=curve_values(np.quantile(b, p)),
            median=six_digits(median),
            band=(six_digits(median - TOLERANCE * unit), six_digits(median + TOLERANCE * unit)),
        ),
    }
    return ConstantBias(**(parts | other))
