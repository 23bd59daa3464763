"""H1: the entries of a layer look like draws from a Gaussian.

The statistic is the Kolmogorov-Smirnov distance between the entries and the Gaussian of their own mean and variance:
the largest difference between the two distribution functions. With 10^6 to 10^8 weights its p-value is always 0, so
the verdict compares the distance itself with a tolerance.

Source: hypothesis tested on AlexNet in Arora, Liang and Ma, arXiv:1511.05653.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import ndtr, ndtri

from netaudit import device as devices
from netaudit.analysers.entries import Entries
from netaudit.analysers.interface import AuditedLayer
from netaudit.analysers.rules import BAND, at_most, clean, floor_interval, not_applicable, summarise
from netaudit.laws.distances import ks, wasserstein
from netaudit.laws.gaussian import normal_pdf
from netaudit.results import Finding, Null, Rule, curve_values

METRICS = (
    "mean",
    "std",
    "skewness",
    "excess_kurtosis",
    "ks_gaussian",
    "wasserstein_gaussian",
    "share_beyond_4std",
    "gaussian_share_beyond_4std",
)
FEWEST = 32  # weights: below, no distance to a fitted Gaussian says anything
DRAWS = 200
_NULL_SIZE = 2000  # sqrt(N) times the distance is free of N from here on (Lilliefors 1967), so larger layers are scaled
_BINS = np.linspace(-5, 5, 101)  # in standard deviations: a Gaussian leaves 6e-7 outside
_QQ = np.linspace(-5, 5, 201)


@dataclass(frozen=True)
class GaussianWeights:
    """``holds`` when the distance is within the tolerance, or within the null's 99 % quantile if that is larger."""

    tolerance: float = 0.02
    """Two percentage points of probability. Convention of netaudit: uniform entries, PyTorch's default start, lie at
    0.057, Laplace at 0.062, Student-t(3) at about 0.08, and all of them must fail by a clear margin."""
    claim: str = "gaussian_weights"

    def __call__(self, audited: AuditedLayer) -> Finding:
        """Judge H1."""
        if audited.unusable:
            return not_applicable(self.claim, audited.unusable, METRICS)
        entries = audited.entries
        if entries.count < FEWEST:
            return not_applicable(self.claim, f"fewer than {FEWEST} weights", METRICS)
        law = ndtr(entries.z)
        distance = float(max(np.max(entries.after - law), np.max(law - entries.before)))
        null = gaussian_null(audited.seed, entries.count)
        threshold = max(self.tolerance, null.q99 or 0.0)
        metrics, reasons = clean(
            {
                "mean": entries.mean,
                "std": entries.std,
                "skewness": entries.skewness,
                "excess_kurtosis": entries.excess_kurtosis,
                "ks_gaussian": distance,
                "wasserstein_gaussian": wasserstein(entries.z, ndtri(entries.probability)),
                "share_beyond_4std": entries.share_beyond_4std,
                "gaussian_share_beyond_4std": float(2 * ndtr(-4)),
            },
            {},
        )
        verdict = at_most(distance, threshold)
        return Finding(
            claim=self.claim,
            verdict=verdict,
            statistic="ks_gaussian",
            value=distance,
            interval=floor_interval(distance, null.q99),
            null=null,
            rule=Rule(
                name="equivalence",
                threshold=threshold,
                origin="netaudit convention: two percentage points of probability"
                + ("" if threshold == self.tolerance else "; widened to the null's 99 % quantile, for a small layer"),
                statement=f"holds if ks_gaussian <= {threshold:.3g}; fails if it exceeds {BAND * threshold:.3g}; "
                "undecided between",
            ),
            metrics=metrics,
            reasons=reasons,
            curve=_curve(entries),
            note=_note(entries, distance),
        )


@cache
def gaussian_null(seed: int, count: int) -> Null:
    """The distance of ``count`` Gaussian draws to the Gaussian of their own mean and variance."""
    size = min(count, _NULL_SIZE)
    generator = devices.numpy_generator(seed, "gaussian_weights", "null", str(size))
    sample = np.sort(generator.standard_normal((DRAWS, size)), axis=1)
    sample = (sample - sample.mean(1, keepdims=True)) / sample.std(1, keepdims=True)
    distances = [ks(row) * np.sqrt(size / count) for row in ndtr(sample)]
    scaled = "" if size == count else f", drawn at {size} and scaled by the square root of the size"
    return summarise(distances, f"Gaussian sample, mean and variance fitted{scaled}")


def _note(entries: Entries, distance: float) -> str:
    tails = entries.share_beyond_4std / (2 * ndtr(-4))
    return (
        f"The weights' distribution function differs from a Gaussian's by at most {distance:.2g}; excess kurtosis "
        f"{entries.excess_kurtosis:.2f}, {tails:,.{0 if tails >= 10 else 1}f} times a Gaussian's share beyond 4 "
        "standard deviations."
    )


def _curve(entries: Entries) -> dict[str, object]:
    at = np.searchsorted(entries.z, _BINS, side="right")
    reached = np.concatenate([[0.0], entries.after])[at]
    probability = ndtr(_QQ)
    inside = (probability >= entries.probability[0]) & (probability <= entries.probability[-1])
    middle = (_BINS[1:] + _BINS[:-1]) / 2
    return {
        "edges": curve_values(_BINS),
        "density": curve_values(np.diff(reached) / np.diff(_BINS)),
        "gaussian": curve_values(normal_pdf(middle)),
        "clipped": curve_values([reached[0], 1 - reached[-1]]),
        "qq": {
            "theoretical": curve_values(_QQ[inside]),
            "sample": curve_values(np.interp(probability[inside], entries.probability, entries.z)),
        },
    }
