"""A synthetic payload on the weights of a layer, made without torch and without the analysis itself."""

from __future__ import annotations

from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np

from netaudit.analyses.layer.gaussian_weights.payload import (
    METRICS,
    RULE,
    TOLERANCE,
    Alternative,
    GaussianCurve,
    GaussianWeights,
    Quantiles,
)
from netaudit.results.payload import Condition, Null, Rule, curve_values, unjudged
from netaudit.vocabulary import Verdict


def example(verdict: Verdict = "holds", shape: tuple[int, int] = (200, 320), **other: Any) -> GaussianWeights:
    """A Gaussian layer that holds, or a trained one with heavier tails; ``other`` replaces fields."""
    if verdict == "not_applicable":
        return unjudged(GaussianWeights, METRICS, "fewer than 32 weights")
    metrics, curve = _measured(verdict == "holds", *shape)
    distance = metrics["ks_gaussian"]
    families = [Alternative("gaussian", 0.0, 0.05, None, 0.0), Alternative("uniform", 0.0, 0.2, None, -0.8)]
    if verdict != "holds":
        families.insert(0, Alternative("student_t", 0.0, 0.04, 6.5, 0.012))
    parts: dict[str, Any] = {
        "verdict": verdict,
        "metrics": metrics,
        "conditions": (
            Condition("ks_gaussian", distance, (distance - 0.001, distance + 0.001), (None, TOLERANCE), verdict),
        ),
        "rule": Rule(RULE, {"ks_gaussian": TOLERANCE}),
        "nulls": (Null("gaussian", "ks_gaussian", 40, 0.0008, 0.0013, 0.0024, drawn_at=2000),),
        "alternatives": tuple(families),
        "curve": curve,
    }
    return GaussianWeights(**(parts | other))


@cache
def _measured(gaussian: bool, m: int, n: int) -> tuple[dict[str, float], GaussianCurve]:
    rng = np.random.default_rng([m, n])
    weights = rng.normal(0, 0.05, (m, n))
    if not gaussian:
        weights *= rng.gamma(4, 0.25, (m, 1)) ** 0.5
    w = np.sort((weights - weights.mean()).ravel() / weights.std())
    density, edges = np.histogram(w, bins=80, range=(-4.5, 4.5), density=True)
    p = (np.arange(200) + 0.5) / 200
    normal = NormalDist()
    curve = GaussianCurve(
        edges=curve_values(edges),
        density=curve_values(density),
        gaussian=curve_values(normal.pdf(centre) for centre in (edges[1:] + edges[:-1]) / 2),
        clipped=(float((w < -4.5).mean()), float((w > 4.5).mean())),
        qq=Quantiles(curve_values(normal.inv_cdf(q) for q in p), curve_values(np.quantile(w, p))),
    )
    metrics = {
        "mean": float(weights.mean()),
        "std": float(weights.std()),
        "skewness": float((w**3).mean()),
        "excess_kurtosis": float((w**4).mean() - 3),
        "ks_gaussian": 0.0021 if gaussian else 0.0432,
        "ks_gaussian_as_stored": 0.0021 if gaussian else 0.0432,
        "wasserstein_gaussian": 0.0031 if gaussian else 0.0541,
        "share_beyond_4std": float((abs(w) > 4).mean()),
        "gaussian_share_beyond_4std": 6.334248366623973e-05,
        "share_zero": 0.0,
        "share_judged": 1.0,
        "gain_over_gaussian": 0.0 if gaussian else 0.012,
        "student_t_degrees": 200.0 if gaussian else 6.5,
    }
    return metrics, curve
