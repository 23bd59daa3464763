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

from functools import cache
from typing import cast

import numpy as np
from scipy.special import ndtr, ndtri

from netaudit.analyses.context import LayerContext
from netaudit.analyses.judging import distance, finite, null_of, worst
from netaudit.analyses.layer.gaussian_weights.payload import (
    METRICS,
    RULE,
    TOLERANCE,
    Alternative,
    Family,
    GaussianCurve,
    GaussianWeights,
    Quantiles,
)
from netaudit.numerics import device as devices
from netaudit.numerics.entries import Entries
from netaudit.numerics.laws.alternatives import Fit, fit
from netaudit.numerics.laws.distances import ks, wasserstein
from netaudit.numerics.laws.gaussian import normal_pdf
from netaudit.results.payload import Null, Rule, curve_values, six_digits, unjudged

FEWEST = 32  # weights: below, no distance to a fitted Gaussian says anything
DRAWS = 200
_NULL_SIZE = 2000  # sqrt(N) times the distance is free of N from here on (Lilliefors 1967), so larger layers are scaled
_BINS = np.linspace(-5, 5, 101)  # in standard deviations: a Gaussian leaves 6e-7 outside
_QQ = np.linspace(-5, 5, 201)


def measure(context: LayerContext) -> GaussianWeights:
    """Judge H1 on one layer.

    The claim holds when the KS distance, with the noise of a Gaussian sample of that size, lies within ``TOLERANCE``.
    """
    entries = context.entries
    if entries.count < FEWEST:
        return unjudged(GaussianWeights, METRICS, f"fewer than {FEWEST} weights")
    law = ndtr(entries.z)
    ks_distance = float(max(np.max(entries.after - law), np.max(law - entries.before)))
    null = gaussian_null(context.seed, entries.count)
    condition = distance("ks_gaussian", ks_distance, null.q99 or 0.0, TOLERANCE)
    fits = fit(entries.nonzero.counts, entries.nonzero.lowest, entries.nonzero.highest)
    metrics, reasons = finite(
        {
            "mean": entries.mean,
            "std": entries.std,
            "skewness": entries.skewness,
            "excess_kurtosis": entries.excess_kurtosis,
            "ks_gaussian": ks_distance,
            "wasserstein_gaussian": wasserstein(entries.z, ndtri(entries.probability)),
            "share_beyond_4std": entries.share_beyond_4std,
            "gaussian_share_beyond_4std": float(2 * ndtr(-4)),
            "share_zero": entries.zeros / entries.count,
            "gain_over_gaussian": fits[0].gain,
            "student_t_degrees": next(fitted.degrees for fitted in fits if fitted.name == "student_t"),
        },
        {},
    )
    return GaussianWeights(
        verdict=worst([condition]),
        metrics=metrics,
        reasons=reasons,
        conditions=(condition,),
        rule=Rule(RULE, {"ks_gaussian": TOLERANCE}, widened=(condition.limits[1] or 0.0) > TOLERANCE),
        nulls=(null,),
        alternatives=tuple(_in_own_units(fitted, entries) for fitted in fits),
        curve=_curve(entries),
    )


@cache
def gaussian_null(seed: int, count: int) -> Null:
    """The distance of ``count`` Gaussian draws to the Gaussian of their own mean and variance."""
    size = min(count, _NULL_SIZE)
    generator = devices.numpy_generator(seed, "gaussian_weights", "null", str(size))
    sample = np.sort(generator.standard_normal((DRAWS, size)), axis=1)
    sample = (sample - sample.mean(1, keepdims=True)) / sample.std(1, keepdims=True)
    distances = [ks(row) * np.sqrt(size / count) for row in ndtr(sample)]
    return null_of("gaussian", "ks_gaussian", distances, drawn_at=None if size == count else size)


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
