"""H1: the entries of a layer look like draws from a Gaussian.

The statistic is the Kolmogorov-Smirnov distance between the entries and the Gaussian of their own mean and variance:
the largest difference between the two distribution functions. With 10^6 to 10^8 weights its p-value is always 0, so
the verdict compares the distance itself with a tolerance. Beside it stands which simple alternative the entries
follow, and by how much better.

Special weights are set aside first: zeros of a pruned layer, dead and constant rows and columns, heavy single entries.
Of quantised weights the distribution function is taken at the middle of each step, since rounding alone moves its ends
by half a step.

Permuting the entries or giving them random signs leaves H1's question as it is or changes it, so the only null here
is the Gaussian one.

Source: hypothesis tested on AlexNet in Arora, Liang and Ma, arXiv:1511.05653.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from scipy.special import ndtr, ndtri

from netaudit.analyses.context import LayerContext
from netaudit.analyses.judging import finite, judge, widened, worst
from netaudit.analyses.layer.gaussian_weights.payload import (
    ALL_EQUAL,
    FEW_LEVELS,
    FEWEST_LEVELS,
    METRICS,
    MIDDLE_OF_STEPS,
    RULE,
    TOLERANCE,
    Alternative,
    Family,
    GaussianCurve,
    GaussianWeights,
    Quantiles,
)
from netaudit.numerics.entries import Entries
from netaudit.numerics.laws import lilliefors
from netaudit.numerics.laws.alternatives import Fit, fit
from netaudit.numerics.laws.distances import wasserstein
from netaudit.numerics.laws.gaussian import normal_pdf
from netaudit.results.payload import Null, Rule, curve_values, six_digits, unjudged
from netaudit.vocabulary import SET_ASIDE

FEWEST = 32  # weights: below, no distance to a fitted Gaussian says anything
LEVEL = 0.99
_STEEPEST = float(normal_pdf(1.0))  # of the distance in the logarithm of the standard deviation: z phi(z) at z = 1
_BINS = np.linspace(-5, 5, 101)  # in standard deviations: a Gaussian leaves 6e-7 outside
_QQ = np.linspace(-5, 5, 201)


def measure(context: LayerContext) -> GaussianWeights:
    """Judge H1 on one layer.

    The claim holds when the KS distance, with the noise of a sample of that size, lies within ``TOLERANCE``.
    """
    special, whole = context.special_weights, context.entries
    entries = special.left
    if whole.count < FEWEST:
        return unjudged(GaussianWeights, METRICS, f"fewer than {FEWEST} weights")
    if isinstance(entries, str):
        return unjudged(GaussianWeights, METRICS, f"special weights set aside, {entries}")
    if entries.count < FEWEST:
        return unjudged(GaussianWeights, METRICS, f"special weights set aside, fewer than {FEWEST} weights are left")
    quantised = special.levels is not None and not special.levels_by_row
    ks_distance = middle_distance(entries) if quantised else distance_of(entries)
    null = gaussian_null(entries.count)
    condition = judge(
        "ks_gaussian",
        ks_distance,
        interval(ks_distance, entries),
        (None, widened(TOLERANCE, null.q99 or 0.0)),
        level=LEVEL,
    )
    few = quantised and (special.levels or 0) < FEWEST_LEVELS
    fits = () if few else fit(entries.nonzero)
    metrics, reasons = finite(
        {
            "mean": whole.mean,
            "std": whole.std,
            "skewness": entries.skewness,
            "excess_kurtosis": entries.excess_kurtosis,
            "ks_gaussian": ks_distance,
            "ks_gaussian_as_stored": distance_of(whole),
            "wasserstein_gaussian": wasserstein(entries.z, ndtri(entries.probability)),
            "share_beyond_4std": entries.share_beyond_4std,
            "gaussian_share_beyond_4std": float(2 * ndtr(-4)),
            "share_zero": whole.zeros / whole.count,
            "share_judged": entries.count / whole.count,
            "gain_over_gaussian": fits[0].gain if fits else None,
            "student_t_degrees": next((fitted.degrees for fitted in fits if fitted.name == "student_t"), None),
        },
        {} if fits else dict.fromkeys(("gain_over_gaussian", "student_t_degrees"), FEW_LEVELS if few else ALL_EQUAL),
    )
    return GaussianWeights(
        verdict=worst([condition]),
        metrics=metrics,
        reasons=reasons,
        conditions=(condition,),
        rule=Rule(RULE, {"ks_gaussian": TOLERANCE}, widened=(condition.limits[1] or 0.0) > TOLERANCE),
        nulls=(null,),
        warnings=(*((SET_ASIDE,) if special.set_aside else ()), *((MIDDLE_OF_STEPS,) if quantised else ())),
        alternatives=tuple(_in_own_units(fitted, entries) for fitted in fits),
        curve=_curve(entries),
    )


def distance_of(entries: Entries) -> float:
    """KS distance of the entries to the Gaussian of their own mean and variance."""
    law = ndtr(entries.z)
    return float(max(np.max(entries.after - law), np.max(law - entries.before)))


def middle_distance(entries: Entries) -> float:
    """The same with the distribution function at the middle of the step at each level: (P(w < v) + P(w <= v)) / 2."""
    assert entries.levels is not None
    levels = (entries.levels / entries.unit - entries.centre) / entries.spread
    reached = np.concatenate([[0.0], entries.after])
    below, up_to = (reached[np.searchsorted(entries.z, levels, side)] for side in ("left", "right"))
    return float(np.abs((below + up_to) / 2 - ndtr(levels)).max())


def interval(value: float, entries: Entries) -> tuple[float, float]:
    """Where the distance of the law lies that the entries were drawn from, at ``LEVEL``.

    By the triangle inequality it is off by no more than the sample lies from the law. Heavy tails make the standard
    deviation noisier than a Gaussian's, by sqrt(excess kurtosis / (4 n)) of it (delta method), and the two add up in
    squares. Its coverage is measured in a test: at least the level for Gaussian, uniform, Laplace and t(5) weights,
    and about it for t(3), whose kurtosis is infinite.
    """
    heavy = ndtri((1 + LEVEL) / 2) * _STEEPEST * np.sqrt(max(entries.excess_kurtosis, 0.0) / (4 * entries.count))
    noise = float(np.hypot(lilliefors.quantile(LEVEL, entries.count), heavy))
    return max(0.0, value - noise), min(1.0, value + noise)


def gaussian_null(count: int) -> Null:
    """The distance of ``count`` Gaussian draws to the Gaussian of their own mean and variance."""
    q01, median, q99 = (lilliefors.quantile(p, count) for p in (0.01, 0.5, 0.99))
    return Null("gaussian", "ks_gaussian", lilliefors.DRAWS, q01, median, q99)


def _in_own_units(fitted: Fit, entries: Entries) -> Alternative:
    """A fitted family with location and scale in the weights' own units, all numbers to six digits."""
    own = entries.nonzero
    return Alternative(
        name=cast(Family, fitted.name),
        location=six_digits(own.mean + own.std * fitted.location),
        scale=six_digits(own.std * fitted.scale),
        degrees=None if fitted.degrees is None else six_digits(fitted.degrees),
        gain=six_digits(fitted.gain),
    )


def _curve(entries: Entries) -> GaussianCurve:
    at = np.searchsorted(entries.z, _BINS, side="right")
    reached = np.concatenate([[0.0], entries.after])[at]
    probability = ndtr(_QQ)
    inside = (probability >= entries.probability[0]) & (probability <= entries.probability[-1])
    middle = (_BINS[1:] + _BINS[:-1]) / 2
    low, high = curve_values([reached[0], 1 - reached[-1]])
    return GaussianCurve(
        edges=curve_values(_BINS),
        density=curve_values(np.diff(reached) / np.diff(_BINS)),
        gaussian=curve_values(normal_pdf(middle)),
        clipped=(low, high),
        qq=Quantiles(
            theoretical=curve_values(_QQ[inside]),
            sample=curve_values(np.interp(probability[inside], entries.probability, entries.z)),
        ),
    )
