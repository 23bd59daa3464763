"""H1: the entries of a layer look like draws from a Gaussian.

The statistic is the Kolmogorov-Smirnov distance between the entries and the Gaussian of their own mean and variance:
the largest difference between the two distribution functions. With 10^6 to 10^8 weights its p-value is always 0, so
the verdict compares the distance itself with a tolerance. Beside it stands which simple alternative the entries
follow, and by how much better.

Permuting the entries or giving them random signs leaves H1's question as it is or changes it, so the only null here
is the Gaussian one.

Source: hypothesis tested on AlexNet in Arora, Liang and Ma, arXiv:1511.05653.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
from scipy.special import ndtr, ndtri

from netaudit.analyses.context import AuditedLayer
from netaudit.analyses.judging import WIDENED, clean, distance, not_applicable, summarise, worst
from netaudit.numerics import device as devices
from netaudit.numerics.entries import Entries
from netaudit.numerics.laws.alternatives import Fit, fit
from netaudit.numerics.laws.distances import ks, wasserstein
from netaudit.numerics.laws.gaussian import normal_pdf
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
    "share_zero",
    "gain_over_gaussian",
    "student_t_degrees",
)
FEWEST = 32  # weights: below, no distance to a fitted Gaussian says anything
DRAWS = 200
NO_BETTER = 8e-4
"""Gain, in nats a weight, up to which the Gaussian is called as good: 2 x 0.02^2, the least Kullback-Leibler
divergence that a KS distance of the tolerance can have (Pinsker's inequality)."""
_NULL_SIZE = 2000  # sqrt(N) times the distance is free of N from here on (Lilliefors 1967), so larger layers are scaled
_BINS = np.linspace(-5, 5, 101)  # in standard deviations: a Gaussian leaves 6e-7 outside
_QQ = np.linspace(-5, 5, 201)
_NAMES = {"gaussian": "Gaussian", "uniform": "uniform", "laplace": "Laplace", "student_t": "Student-t"}


@dataclass(frozen=True)
class GaussianWeights:
    """``holds`` when the distance, with the noise of a Gaussian sample of that size, is within the tolerance."""

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
        found = float(max(np.max(entries.after - law), np.max(law - entries.before)))
        null = gaussian_null(audited.seed, entries.count)
        condition = distance("ks_gaussian", found, null.q99 or 0.0, self.tolerance)
        fits = fit(entries.nonzero.counts, entries.nonzero.lowest, entries.nonzero.highest)
        metrics, reasons = clean(
            {
                "mean": entries.mean,
                "std": entries.std,
                "skewness": entries.skewness,
                "excess_kurtosis": entries.excess_kurtosis,
                "ks_gaussian": found,
                "wasserstein_gaussian": wasserstein(entries.z, ndtri(entries.probability)),
                "share_beyond_4std": entries.share_beyond_4std,
                "gaussian_share_beyond_4std": float(2 * ndtr(-4)),
                "share_zero": entries.zeros / entries.count,
                "gain_over_gaussian": fits[0].gain,
                "student_t_degrees": next(f.degrees for f in fits if f.name == "student_t"),
            },
            {},
        )
        threshold = condition.limits[1] or self.tolerance
        return Finding(
            claim=self.claim,
            verdict=worst([condition]),
            metrics=metrics,
            reasons=reasons,
            conditions=(condition,),
            rule=Rule(
                name="equivalence with a Gaussian",
                origin="netaudit convention: two percentage points of probability"
                + ("" if threshold == self.tolerance else WIDENED),
                statement=f"holds if ks_gaussian with its interval is at most {threshold:.3g}; fails if all of the "
                "interval lies above; undecided otherwise",
            ),
            nulls=(null,),
            details={"alternatives": [_row(f, entries) for f in fits]},
            curve=_curve(entries),
            note=_note(entries, found, fits[0]),
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
    return summarise("gaussian", "ks_gaussian", distances, f"Gaussian sample, mean and variance fitted{scaled}")


def _row(fitted: Fit, entries: Entries) -> dict[str, object]:
    """One alternative for the JSON, in the weights' own units."""
    own = entries.nonzero
    values = asdict(fitted) | {
        "location": own.mean + own.std * fitted.location,
        "scale": own.std * fitted.scale,
    }
    return {key: float(f"{value:.6g}") if isinstance(value, float) else value for key, value in values.items()}


def _note(entries: Entries, found: float, best: Fit) -> str:
    tails = entries.share_beyond_4std / (2 * ndtr(-4))
    text = (
        f"The weights' distribution function differs from a Gaussian's by at most {found:.2g}; excess kurtosis "
        f"{entries.excess_kurtosis:.2f}, {tails:,.{0 if tails >= 10 else 1}f} times a Gaussian's share beyond 4 "
        "standard deviations."
    )
    if entries.zeros / entries.count > 1e-3:
        text += f" {entries.zeros / entries.count:.1%} of the weights are exactly 0; the fits are of the others."
    degrees = f" with {best.degrees:.2g} degrees of freedom" if best.degrees is not None else ""
    if best.gain > NO_BETTER:
        text += f" A {_NAMES[best.name]} distribution{degrees} fits better, by {best.gain:.2g} nats a weight."
    else:
        text += " No simple alternative fits better."
    return text


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
