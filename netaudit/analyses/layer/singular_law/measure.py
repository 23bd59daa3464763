"""H3: the singular values of a layer follow the Marchenko-Pastur law of a Gaussian matrix of its shape.

Judged on A - mean(A) with sigma from the entries: a mean alone adds one singular value. The verdict rests on the
bulk: the Kolmogorov-Smirnov distance to the law, and the share of the variance that lies in the spikes. Spikes are
listed and counted; one value in thousands cannot move a distance.

Source: the quarter-circular law of arXiv:1511.05653 is the square case; see
:mod:`netaudit.numerics.laws.marchenko_pastur` and :mod:`netaudit.numerics.laws.spikes`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from netaudit.analyses.context import LayerContext
from netaudit.analyses.judging import finite, judge, null_of, of_null, widened, worst
from netaudit.analyses.layer.singular_law.payload import (
    FEWEST_UNEQUAL,
    METRICS,
    MOST_DESCRIBED,
    MOST_DRAWN,
    NO_RANK,
    OUTSIDE,
    RULE,
    SINGLE_WEIGHTS,
    SMALLEST_SIDE,
    TOLERANCE,
    TOLERANCES,
    TOP_ROWS,
    UNEQUAL_UNITS,
    SingularLaw,
    SpectrumCurve,
    SpectrumUsed,
    Spike,
)
from netaudit.analyses.surrogates import KINDS
from netaudit.numerics import lanczos
from netaudit.numerics import spectrum as spectra
from netaudit.numerics.gaussian_spectra import gaussian_spectra
from netaudit.numerics.laws import marchenko_pastur, spikes, tracy_widom
from netaudit.numerics.laws.distances import ks, midpoints, wasserstein
from netaudit.results.payload import Condition, Null, Rule, curve_values, six_digits, unjudged
from netaudit.vocabulary import SET_ASIDE

SURROGATE_METRICS = ("ks_marchenko_pastur", "bulk_variance_share", "spikes", "largest_over_edge")


def measure(context: LayerContext) -> SingularLaw:
    """Judge H3 on one layer.

    The claim holds when the distance to the law and the variance in spikes are both within their tolerances.
    """
    left = context.remainder  # a law of random matrices says nothing of special weights
    m, n = left.shape
    if min(m, n) < SMALLEST_SIDE:
        of_what = "" if left is context else " of what is left without special weights"
        return unjudged(SingularLaw, METRICS, f"the smaller side{of_what} is below {SMALLEST_SIDE}")
    if left.unusable is not None:
        return unjudged(SingularLaw, METRICS, f"special weights set aside, {left.unusable}")
    entries, spectrum = left.entries, left.spectrum
    found = spikes.find(spectrum.centred, m, n)
    own = law_metrics(spectrum.centred, 1.0, m, n, found)
    ratios = bulk_ratios(context.seed, m, n)
    values = own | {
        "sigma_bulk_low": own["sigma_bulk"] / ratios[1],
        "sigma_bulk_high": own["sigma_bulk"] / ratios[0],
        "largest_entry_over_limit": entries.largest / spikes.entry_limit(m, n),
        "share_judged": (entries.count - len(context.special_weights.heavy)) / context.entries.count,
    }
    values = _in_own_units(values, entries.std) | _as_stored(context)
    metrics, reasons = finite(values, {})
    null = law_null(context.seed, m, n)
    surrogates = _surrogate_nulls(left, own)
    conditions = _conditions(own, null, spectrum.error, m, n)
    far, least = conditions[0].limits[1] or TOLERANCE, conditions[1].limits[0] or 0.0
    return SingularLaw(
        verdict=worst(conditions),
        metrics=metrics,
        reasons=reasons,
        conditions=conditions,
        rule=Rule(RULE, TOLERANCES, widened=far > TOLERANCE or least < 1 - OUTSIDE),
        nulls=(null, *surrogates),
        warnings=(
            *(() if left is context else (SET_ASIDE,)),
            *_warnings(own, values["largest_entry_over_limit"], far, surrogates),
        ),
        spikes=_described(left, found),
        curve=_curve(spectrum.centred, m, n, found),
        spectrum=_used(spectrum),
    )


def _as_stored(context: LayerContext) -> dict[str, float | int]:
    """The figures of all weights, with their mean."""
    scale = float(np.hypot(1.0, context.entries.mean_over_std))
    found = _in_own_units(law_metrics(context.spectrum.uncentred, scale, *context.shape), context.entries.std)
    return {f"{name}_uncentred": value for name, value in found.items()}


def _in_own_units(metrics: dict[str, float | int], std: float) -> dict[str, float | int]:
    return {name: value * std if name.startswith("sigma") else value for name, value in metrics.items()}


def _conditions(own: dict[str, float | int], null: Null, error: float, m: int, n: int) -> tuple[Condition, ...]:
    """``error`` is the bound of what the distribution function may be off by: it widens the interval alone."""
    noise, found = null.q99 or 0.0, float(own["ks_marchenko_pastur"])
    limit = widened(TOLERANCE, noise)
    # one value at the edge, more or less: what a single false alarm or a missed spike changes
    one = float(tracy_widom.edge(1.0, m, n) ** 2 / (m * n))
    share = float(own["bulk_variance_share"])
    outside = max(OUTSIDE, 2 * one)
    return (
        judge(
            "ks_marchenko_pastur",
            found,
            (max(0.0, found - noise - error), found + noise + error),
            (None, limit),
            **of_null(null, 0.99),
        ),
        judge("bulk_variance_share", share, (share - one, min(1.0, share + one)), (1 - outside, None)),
    )


def _used(spectrum: spectra.Spectrum) -> SpectrumUsed:
    p = spectrum.centred.size
    if spectrum.gram is not None or spectrum.factored:
        return SpectrumUsed("one_decomposition" if spectrum.error else "exact", spectrum.error, spectrum.known)
    return SpectrumUsed(
        "lanczos", spectrum.error, spectrum.known, probes=lanczos.probes_for(p), steps=min(lanczos.STEPS, p)
    )


def law_metrics(
    s: NDArray[np.float64], sigma: float, m: int, n: int, found: spikes.Spikes | None = None
) -> dict[str, float | int]:
    """The metrics of ``LAW_METRICS`` for ascending singular values s of an ``[m, n]`` matrix of entry scale sigma."""
    found = spikes.find(s, m, n) if found is None else found
    u, total = s / (sigma * np.sqrt(max(m, n))), float(np.sum(s**2))
    q = marchenko_pastur.aspect(m, n)
    rest, rest_m, rest_n = s[: s.size - found.count], m - found.count, n - found.count
    rest_q, rest_unit = marchenko_pastur.aspect(rest_m, rest_n), np.sqrt(max(rest_m, rest_n))
    return {
        "ks_marchenko_pastur": ks(marchenko_pastur.cdf(u, q)),
        "wasserstein_marchenko_pastur": wasserstein(u, marchenko_pastur.quantile(midpoints(u.size), q)),
        "ks_bulk": ks(marchenko_pastur.cdf(rest / (found.sigma * rest_unit), rest_q)) if found.sigma else float("nan"),
        "sigma": sigma,
        "sigma_bulk": spikes.bulk_sigma(rest, rest_m, rest_n),
        "bulk_variance_share": float(np.sum(rest**2)) / total,
        "spikes": found.count,
        "largest_over_edge": float(s[-1] / tracy_widom.edge(sigma, m, n)),
        "tracy_widom_p": tracy_widom.p_value(float(found.scores[0])),
        "stable_rank": total / float(s[-1] ** 2),
    }


@cache
def bulk_ratios(seed: int, m: int, n: int) -> tuple[float, float]:
    """1 % and 99 % quantiles of the median rule's estimate on Gaussian matrices with sigma = 1."""
    low, high = np.quantile([spikes.bulk_sigma(s, m, n) for s in gaussian_spectra(seed, m, n)], [0.01, 0.99])
    return float(low), float(high)


@cache
def law_null(seed: int, m: int, n: int) -> Null:
    """The distance to the law of Gaussian spectra of the same shape."""
    q, unit = marchenko_pastur.aspect(m, n), np.sqrt(max(m, n))
    distances = [ks(marchenko_pastur.cdf(s / unit, q)) for s in gaussian_spectra(seed, m, n)]
    return null_of("gaussian", "ks_marchenko_pastur", distances)


def _surrogate_nulls(context: LayerContext, whole: dict[str, float | int]) -> tuple[Null, ...]:
    drawn = context.surrogates
    if drawn is None or min(drawn.matrix.shape) < SMALLEST_SIDE:
        return ()
    m, n = drawn.matrix.shape

    def figures(metrics: dict[str, float | int]) -> dict[str, float]:
        return {name: float(metrics[name]) for name in SURROGATE_METRICS}

    own = whole if drawn.shape is None else law_metrics(spectra.centred_values(drawn.matrix, context.device), 1.0, m, n)
    found = {
        kind: [
            figures(law_metrics(spectra.centred_values(matrix, context.device), 1.0, m, n)) for matrix in drawn.of(kind)
        ]
        for kind in KINDS
    }
    return drawn.nulls(figures(own), found)


def _described(context: LayerContext, found: spikes.Spikes) -> tuple[Spike, ...]:
    """The strongest spikes: where they lie, the signal behind them, and how much of it a few outputs carry."""
    count = min(found.count, MOST_DESCRIBED)
    if not count:
        return ()
    (m, n), own, s = context.shape, context.own_scale, context.spectrum.centred
    vectors = spectra.output_vectors(context.spectrum, own.weight, own.mean, own.std, count)
    top = max(1, round(TOP_ROWS * m))
    weight = np.sort(vectors**2, axis=0)[-top:].sum(axis=0)
    return tuple(
        Spike(
            u=six_digits(s[-1 - i] / np.sqrt(max(m, n))),
            score=six_digits(found.scores[i]),
            p=tracy_widom.p_value(float(found.scores[i])),
            # an exactly low-rank matrix leaves no noise to be compared with
            strength=six_digits(float(spikes.strength(s[-1 - i], found.sigma, m, n))) if found.sigma else None,
            variance_share=six_digits(s[-1 - i] ** 2 / np.sum(s**2)),
            top_rows_share=six_digits(weight[i]),
        )
        for i in range(count)
    )


def _warnings(
    own: dict[str, float | int], largest: float, tolerance: float, surrogates: tuple[Null, ...]
) -> tuple[str, ...]:
    codes = []
    if largest > 1:
        codes.append(SINGLE_WEIGHTS)
    if own["spikes"] and own["ks_bulk"] > tolerance:
        codes.append(NO_RANK)
    of_signs = [null.median or 0 for null in surrogates if (null.kind, null.statistic) == ("signs", "spikes")]
    if of_signs and own["spikes"] >= FEWEST_UNEQUAL and of_signs[0] >= own["spikes"] / 2:
        codes.append(UNEQUAL_UNITS)
    return tuple(codes)


def _curve(s: NDArray[np.float64], m: int, n: int, found: spikes.Spikes) -> SpectrumCurve:
    q, unit = marchenko_pastur.aspect(m, n), np.sqrt(max(m, n))
    # of the noise that is left without the spikes, so that each of them lies beyond; a low-rank matrix leaves none
    edge = tracy_widom.edge(found.sigma or 1.0, m - found.count, n - found.count) / unit
    u = s / unit
    bulk, beyond = u[: u.size - found.count], u[u.size - found.count :]
    end = max(edge, float(bulk[-1]))
    bins = np.linspace(min(float(u[0]), marchenko_pastur.support(q)[0]), end, int(np.clip(s.size // 8, 12, 80)) + 1)
    counts, _ = np.histogram(bulk, bins)
    low, high = marchenko_pastur.support(q)
    at = low + (high - low) * (1 - np.cos(np.linspace(0, np.pi, 201))) / 2
    return SpectrumCurve(
        edges=curve_values(bins),
        density=curve_values(counts / (u.size * np.diff(bins))),
        u=curve_values(at),
        law=curve_values(marchenko_pastur.pdf(at, q)),
        law_edge=six_digits(high),
        tracy_widom_edge=six_digits(edge),
        spikes=curve_values(beyond[::-1][:MOST_DRAWN]),
    )
