"""Synthetic findings with realistic curves, made without torch and without the analysers."""

from __future__ import annotations

from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np

from netaudit.results import Condition, Finding, Null, Rule, Verdict, curve_values


@cache
def matrix(kind: str, m: int, n: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """``gaussian``; ``trained``: spikes near and far, heavier tails."""
    rng = np.random.default_rng([m, n])
    A = rng.normal(0, 0.05, (m, n))
    if kind == "trained":
        A *= rng.gamma(4, 0.25, (m, 1)) ** 0.25
        for strength in (1.3, 1.6, 1.9, 3, 8):
            u, v = rng.normal(size=m), rng.normal(size=n)
            A += 0.05 * strength * (m * n) ** 0.25 * np.outer(u, v) / np.linalg.norm(u) / np.linalg.norm(v)
    return A


def gaussian_finding(A: np.ndarray[Any, Any], verdict: Verdict) -> Finding:
    w = np.sort((A - A.mean()).ravel() / A.std())
    normal = NormalDist()
    density, edges = np.histogram(w, bins=80, range=(-4.5, 4.5), density=True)
    p = (np.arange(200) + 0.5) / 200
    centres = (edges[1:] + edges[:-1]) / 2
    curve = {
        "edges": curve_values(edges),
        "density": curve_values(density),
        "gaussian": curve_values([normal.pdf(c) for c in centres]),
        "clipped": [float((w < -4.5).mean()), float((w > 4.5).mean())],
        "qq": {
            "theoretical": curve_values([normal.inv_cdf(q) for q in p]),
            "sample": curve_values(np.quantile(w, p)),
        },
    }
    metrics = {
        "mean": float(A.mean()),
        "std": float(A.std()),
        "skewness": float((w**3).mean()),
        "excess_kurtosis": float((w**4).mean() - 3),
        "ks_gaussian": 0.0021 if verdict == "holds" else 0.0432,
        "wasserstein_gaussian": 0.0031,
        "share_beyond_4std": float((abs(w) > 4).mean()),
        "gaussian_share_beyond_4std": 6.334e-05,
    }
    value = metrics["ks_gaussian"]
    return Finding(
        "gaussian_weights",
        verdict,
        metrics,
        conditions=(Condition("ks_gaussian", value, (value - 0.001, value + 0.001), (None, 0.02), verdict),),
        rule=Rule("gaussian-distance", "twice the distance at which a QQ plot looks bent", "ks_gaussian <= 0.02"),
        nulls=(Null("gaussian", "ks_gaussian", 40, 0.0008, 0.0013, 0.0024, note="Gaussian matrix of the same shape"),),
        details={
            "alternatives": [
                {"name": "student_t", "location": 0.0, "scale": 0.04, "degrees": 6.5, "gain": 0.012},
                {"name": "gaussian", "location": 0.0, "scale": 0.05, "degrees": None, "gain": 0.0},
                {"name": "uniform", "location": 0.0, "scale": 0.2, "degrees": None, "gain": -0.8},
            ]
        },
        curve=curve,
        note="the KS distance to the fitted Gaussian is "
        + ("within" if verdict == "holds" else "beyond")
        + " the threshold",
    )


def bias_finding(m: int, verdict: Verdict) -> Finding:
    if verdict == "not_applicable":
        return Finding("constant_bias", verdict, {}, note="the layer has no bias")
    b = np.sort(np.random.default_rng(m).normal(0.1, 0.004 if verdict == "holds" else 0.2, m))
    p = np.linspace(0, 1, min(200, m))
    median = float(np.median(b))
    spread = float(b.std() / abs(median))
    return Finding(
        "constant_bias",
        verdict,
        {
            "mean": float(b.mean()),
            "std": float(b.std()),
            "mad": 0.0027,
            "median": median,
            "share_within_10pct_of_scale": None,
            "std_over_preactivation_scale": None,
            "std_over_abs_median": spread,
            "share_negative": float((b < 0).mean()),
        },
        {"share_within_10pct_of_scale": "needs --data", "std_over_preactivation_scale": "needs --data"},
        conditions=(Condition("std_over_abs_median", spread, (spread * 0.9, spread * 1.1), (None, 0.1), verdict),),
        rule=Rule("constant-bias", "a convention of these tests", "std(b) <= 0.1 |median(b)|, else undecided"),
        curve={
            "probability": curve_values(p),
            "bias": curve_values(np.quantile(b, p)),
            "median": median,
            "band": [median * 0.9, median * 1.1],
        },
        note="the spread of the biases is small beside their median"
        if verdict == "holds"
        else "biases near zero cannot be told from constant ones without real inputs",
    )


def spectrum_finding(A: np.ndarray[Any, Any], verdict: Verdict) -> Finding:
    m, n = A.shape
    big, q = max(m, n), min(m, n) / max(m, n)
    s = np.linalg.svd(A - A.mean(), compute_uv=False) / (A.std() * np.sqrt(big))
    edge, tw = 1 + np.sqrt(q), (1 + np.sqrt(q)) * (1 + 1.2 * big ** (-2 / 3))
    low = 1 - np.sqrt(q)
    u = low + (edge - low) * (1 - np.cos(np.linspace(0, np.pi, 200))) / 2
    inner = np.maximum((edge**2 - u**2) * (u**2 - low**2), 0)
    law = np.sqrt(inner) / (np.pi * q * np.maximum(u, 1e-9))
    density, edges = np.histogram(s, bins=70, range=(max(0, low - 0.2), edge * 1.5))
    density = density / len(s) / np.diff(edges)
    spikes = s[s > tw]
    bulk = float((s[s <= tw] ** 2).sum() / (s**2).sum())
    metrics = {
        "ks_marchenko_pastur": 0.0041 if verdict == "holds" else 0.13,
        "wasserstein_marchenko_pastur": 0.0062,
        "sigma": float(A.std()),
        "bulk_variance_share": bulk,
        "spikes": len(spikes),
        "largest_over_edge": float(s.max() / tw),
        "stable_rank": float((s**2).sum() / s.max() ** 2),
        "ks_marchenko_pastur_raw": 0.0043,
        "spikes_raw": len(spikes) + 1,
        "largest_over_edge_raw": 1.31,
    }
    curve = {
        "edges": curve_values(edges),
        "density": curve_values(density),
        "u": curve_values(u),
        "law": curve_values(law),
        "law_edge": float(edge),
        "tracy_widom_edge": float(tw),
        "spikes": curve_values(spikes[:200]),
    }
    return Finding(
        "singular_law",
        verdict,
        metrics,
        conditions=(
            Condition(
                "ks_marchenko_pastur",
                metrics["ks_marchenko_pastur"],
                (metrics["ks_marchenko_pastur"] - 0.003, metrics["ks_marchenko_pastur"] + 0.003),
                (None, 0.05),
                verdict,
            ),
            Condition("bulk_variance_share", bulk, (bulk - 0.01, min(1.0, bulk + 0.01)), (0.95, None), verdict),
        ),
        rule=Rule(
            "bulk",
            "ten times the null's 99 % quantile at 512 x 512",
            "ks_marchenko_pastur <= 0.05 and bulk_variance_share >= 0.9",
        ),
        nulls=(
            Null(
                "gaussian", "ks_marchenko_pastur", 40, 0.002, 0.0033, 0.0061, note="Gaussian matrix of the same shape"
            ),
            *(
                Null(kind, statistic, 1, value, value, value, own, (128, 128), "the layer's own entries")
                for kind in ("permuted", "signs")
                for statistic, value, own in (("ks_marchenko_pastur", 0.0123, 0.0321), ("spikes", 0.0, 2.0))
            ),
        ),
        details={
            "spikes": [
                {
                    "u": float(u),
                    "score": 40.5,
                    "p": 1e-12 if u > 2.5 else 0.00031,
                    "strength": float(u),
                    "variance_share": 0.031,
                    "top_rows_share": 0.12,
                }
                for u in np.sort(spikes)[::-1][:20]
            ]
        },
        curve=curve,
        note="the bulk follows the law" if verdict == "holds" else "too little of the variance lies in the bulk",
    )


def inversion_finding(m: int, n: int, verdict: Verdict) -> Finding:
    rng = np.random.default_rng(m + n)
    cells = []
    for k in sorted({max(1, round(m * share)) for share in (0.005, 0.02, 0.1)}):
        for rho in (1.0, 0.5, 0.1):
            predicted = min(1.05, (k / (rho * n)) ** 0.62 * 1.5)
            inflation = 1.02 if verdict == "holds" else 17.0
            measured = predicted * (1 if verdict == "holds" else 9.0) * float(rng.normal(1, 0.02))
            used = k < rho * n and rho * n >= 30 and predicted <= 0.5
            cells.append(
                {
                    "k": k, "rho": rho, "used": used, "gain": 1.01, "cross_talk_inflation": inflation,
                    "relative_error": measured, "relative_error_none": 2 * measured, "relative_error_hard": measured,
                    "predicted_relative_error": predicted, "predicted_relative_error_none": 2 * predicted,
                    "support_auc": 0.98, "predicted_support_auc": 0.981, "support_precision": 0.9,
                    "support_recall": 0.91, "offset": 2.3,
                }
            )  # fmt: skip
    inflation = 1.02 if verdict == "holds" else 17.0
    metrics = {
        "gain": 1.004,
        "cross_talk_inflation": inflation,
        "relative_error": 0.092,
        "predicted_relative_error": 0.0915,
        "relative_error_ratio": 1.0055 if verdict == "holds" else 9.1,
        "support_auc": 0.981,
        "support_precision": 0.9,
        "support_recall": 0.913,
        "control_support_auc": 0.5004,
        "gain_raw": 1.21,
        "cross_talk_inflation_raw": 14.2,
        "relative_error_ratio_raw": 3.4,
    }
    return Finding(
        "shadow_inversion",
        verdict,
        metrics,
        conditions=(
            Condition("cross_talk_inflation", inflation, (0.95 * inflation, 1.05 * inflation), (0.8, 1.25), verdict),
            Condition("gain", 1.004, (0.98, 1.02), (0.8, 1.25), "holds"),
        ),
        rule=Rule(
            "shadow", "five standard deviations of the null at 256 x 256", "inflation and ratio within 25 % of 1"
        ),
        nulls=(
            Null("gaussian", "cross_talk_inflation", 20, 0.93, 1.001, 1.08, note="Gaussian matrix, same grid"),
            Null("independent", "support_auc", 1, 0.5004, 0.5004, 0.5004, note="independent matrix"),
        ),
        curve={"cells": cells},
        note="the layer can be inverted as a Gaussian matrix can"
        if verdict == "holds"
        else "spikes raise the cross-talk seventeenfold",
    )


@cache
def findings(m: int, n: int, verdicts: tuple[Verdict, ...]) -> tuple[Finding, ...]:
    """The four findings of an ``[m, n]`` layer with these verdicts, in the order of ``CLAIMS``."""
    A = matrix("trained" if verdicts[2] == "fails" else "gaussian", m, n)
    spectrum = (
        Finding("singular_law", "not_applicable", {}, note="min(m, n) = 10 is below 32")
        if verdicts[2] == "not_applicable"
        else spectrum_finding(A, verdicts[2])
    )
    return (
        gaussian_finding(A, verdicts[0]),
        bias_finding(m, verdicts[1]),
        spectrum,
        inversion_finding(m, n, verdicts[3]),
    )
