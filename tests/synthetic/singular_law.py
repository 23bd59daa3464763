"""A synthetic payload on the singular values of a layer, made without torch and without the analysis itself."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from netaudit.analyses.layer.singular_law.payload import (
    METRICS,
    RULE,
    TOLERANCES,
    SingularLaw,
    SpectrumCurve,
    SpectrumUsed,
    Spike,
)
from netaudit.results.payload import Condition, Null, Rule, curve_values, six_digits, unjudged
from netaudit.vocabulary import Verdict


def example(verdict: Verdict = "holds", shape: tuple[int, int] = (200, 320), **other: Any) -> SingularLaw:
    """A Gaussian layer that holds, or a trained one with five spikes; ``other`` replaces fields."""
    if verdict == "not_applicable":
        return unjudged(SingularLaw, METRICS, "the smaller side is below 32")
    u, edge, curve = _binned(verdict == "holds", *shape)
    distance = 0.0041 if verdict == "holds" else 0.13
    bulk = float((u[u <= edge] ** 2).sum() / (u**2).sum())
    metrics = {
        "ks_marchenko_pastur": distance,
        "wasserstein_marchenko_pastur": 0.0062,
        "ks_bulk": 0.0045,
        "sigma": 0.05,
        "sigma_bulk": 0.049,
        "bulk_variance_share": bulk,
        "spikes": len(curve.spikes),
        "largest_over_edge": float(u[0] / edge),
        "tracy_widom_p": 1e-12 if curve.spikes else 0.31,
        "stable_rank": float((u**2).sum() / u[0] ** 2),
    }
    own = {"sigma_bulk_low": 0.0488, "sigma_bulk_high": 0.0493, "largest_entry_over_limit": 0.36, "share_judged": 1.0}
    uncentred = {f"{name}_uncentred": value for name, value in metrics.items()}
    uncentred |= {"ks_marchenko_pastur_uncentred": 0.0043, "spikes_uncentred": len(curve.spikes) + 1}
    parts: dict[str, Any] = {
        "verdict": verdict,
        "metrics": metrics | own | uncentred,
        "conditions": (
            Condition("ks_marchenko_pastur", distance, (distance - 0.003, distance + 0.003), (None, 0.05), verdict),
            Condition("bulk_variance_share", bulk, (bulk - 0.01, min(1.0, bulk + 0.01)), (0.95, None), verdict),
        ),
        "rule": Rule(RULE, TOLERANCES),
        "nulls": (
            Null("gaussian", "ks_marchenko_pastur", 40, 0.002, 0.0033, 0.0061),
            *(
                Null(kind, statistic, 1, value, value, value, own_value, (128, 128))
                for kind in ("permuted", "signs")
                for statistic, value, own_value in (("ks_marchenko_pastur", 0.0123, 0.0321), ("spikes", 0.0, 2.0))
            ),
        ),
        "spikes": tuple(_spike(value) for value in curve.spikes[:20]),
        "curve": curve,
        "spectrum": SpectrumUsed("exact", 0.0, min(shape)),
    }
    return SingularLaw(**(parts | other))


def _spike(u: float) -> Spike:
    return Spike(u, score=40.5, p=1e-12 if u > 2.5 else 0.00031, strength=u, variance_share=0.031, top_rows_share=0.12)


@cache
def _binned(random: bool, m: int, n: int) -> tuple[np.ndarray[Any, np.dtype[np.float64]], float, SpectrumCurve]:
    """u descending, the edge of the noise, and the curve."""
    rng = np.random.default_rng([m, n])
    A = rng.normal(0, 0.05, (m, n))
    for strength in () if random else (1.3, 1.6, 1.9, 3, 8):
        x, y = rng.normal(size=m), rng.normal(size=n)
        A += 0.05 * strength * (m * n) ** 0.25 * np.outer(x, y) / np.linalg.norm(x) / np.linalg.norm(y)
    big, q = max(m, n), min(m, n) / max(m, n)
    u = np.linalg.svd(A - A.mean(), compute_uv=False) / (A.std() * np.sqrt(big))
    low, high = 1 - np.sqrt(q), 1 + np.sqrt(q)
    edge = float(high * (1 + 1.2 * big ** (-2 / 3)))
    at = low + (high - low) * (1 - np.cos(np.linspace(0, np.pi, 200))) / 2
    inner = np.maximum((high**2 - at**2) * (at**2 - low**2), 0)
    density, edges = np.histogram(u, bins=70, range=(max(0, low - 0.2), high * 1.5))
    return (
        u,
        edge,
        SpectrumCurve(
            edges=curve_values(edges),
            density=curve_values(density / len(u) / np.diff(edges)),
            u=curve_values(at),
            law=curve_values(np.sqrt(inner) / (np.pi * q * np.maximum(at, 1e-9))),
            law_edge=six_digits(high),
            tracy_widom_edge=six_digits(edge),
            spikes=curve_values(u[u > edge]),
        ),
    )
