"""H3: the singular values of a layer follow the Marchenko-Pastur law of a Gaussian matrix of its shape.

Judged on A - mean(A) with sigma from the entries: a mean alone adds one singular value. The verdict rests on the
bulk: the Kolmogorov-Smirnov distance to the law, and the share of the variance that lies in the spikes. Spikes are
listed and counted; one value in thousands cannot move a distance.

Source: the quarter-circular law of arXiv:1511.05653 is the square case; see
:mod:`netaudit.numerics.laws.marchenko_pastur` and :mod:`netaudit.numerics.laws.spikes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from netaudit.analyses.context import AuditedLayer
from netaudit.analyses.judging import WIDENED, clean, judge, not_applicable, summarise, widened, worst
from netaudit.analyses.surrogates import KINDS
from netaudit.numerics import spectrum as spectra
from netaudit.numerics.gaussian_spectra import gaussian_spectra
from netaudit.numerics.laws import marchenko_pastur, spikes, tracy_widom
from netaudit.numerics.laws.distances import ks, midpoints, wasserstein
from netaudit.results import Condition, Finding, Null, Rule, curve_values

LAW_METRICS = (
    "ks_marchenko_pastur",
    "wasserstein_marchenko_pastur",
    "ks_bulk",
    "sigma",
    "sigma_bulk",
    "bulk_variance_share",
    "spikes",
    "largest_over_edge",
    "tracy_widom_p",
    "stable_rank",
)
METRICS = (
    *LAW_METRICS,
    "sigma_bulk_low",
    "sigma_bulk_high",
    "largest_entry_over_limit",
    *(f"{name}_raw" for name in LAW_METRICS),
)
SURROGATE_METRICS = ("ks_marchenko_pastur", "bulk_variance_share", "spikes", "largest_over_edge")
SMALLEST_SIDE = 32  # theory: below, the law's own finite-size error is as large as any effect
TOP_ROWS = 0.01
"""Share of the outputs whose part in a spike's singular vector is given: a vector spread like a Gaussian one has 8.5 %
of its weight in its top 1 %."""
_DESCRIBED = 20  # spikes with strength and vector
_SPIKES_LISTED = 200


@dataclass(frozen=True)
class SingularLaw:
    """``holds`` when the distance to the law and the variance in spikes are both within their tolerances."""

    tolerance: float = 0.05
    """Of the distance: five percentage points. Convention of netaudit: a Gaussian matrix lies at about 3 / min(m, n)
    (0.006 at 512); at 512 x 512 rows correlated as AR(1) with coefficient 0.5 lie at 0.09 with a tenth of the
    variance outside, an orthogonal matrix at 0.6."""
    outside: float = 0.05
    """Of the variance: five percent of the squared Frobenius norm in spikes."""
    claim: str = "singular_law"

    def __call__(self, audited: AuditedLayer) -> Finding:
        """Judge H3."""
        m, n = audited.shape
        if min(m, n) < SMALLEST_SIDE:
            return not_applicable(self.claim, f"the smaller side is below {SMALLEST_SIDE}", METRICS)
        if audited.unusable:
            return not_applicable(self.claim, audited.unusable, METRICS)
        entries, spectrum = audited.entries, audited.spectrum
        found = spikes.find(spectrum.centred, m, n)
        own = law_metrics(spectrum.centred, 1.0, m, n, found)
        raw = law_metrics(spectrum.uncentred, float(np.hypot(1.0, entries.mean / entries.std)), m, n)
        ratios = bulk_ratios(audited.seed, m, n)
        values = own | {f"{name}_raw": value for name, value in raw.items()}
        values |= {
            "sigma_bulk_low": own["sigma_bulk"] / ratios[1],
            "sigma_bulk_high": own["sigma_bulk"] / ratios[0],
            "largest_entry_over_limit": entries.largest / spikes.entry_limit(m, n),
        }
        in_units = [name for name in values if name.startswith("sigma")]
        values |= {name: values[name] * entries.std for name in in_units}  # in the weights' own units
        metrics, reasons = clean(values, {})
        null = law_null(audited.seed, m, n)
        conditions = self._conditions(own, null, spectrum.error, m, n)
        return Finding(
            claim=self.claim,
            verdict=worst(conditions),
            metrics=metrics,
            reasons=reasons,
            conditions=conditions,
            rule=self._rule(conditions),
            nulls=(null, *_surrogate_nulls(audited, own)),
            details={"spikes": _described(audited, found)},
            curve=_curve(spectrum.centred, m, n, found),
            note=" ".join(filter(None, (self._note(own, raw), spectrum.note))),
            warnings=_warnings(own, values["largest_entry_over_limit"], conditions[0].limits[1] or self.tolerance),
        )

    def _conditions(
        self, own: dict[str, float | int], null: Null, error: float, m: int, n: int
    ) -> tuple[Condition, ...]:
        """``error`` is the bound of what the distribution function may be off by: it widens the interval alone."""
        noise, found = null.q99 or 0.0, float(own["ks_marchenko_pastur"])
        limit = widened(self.tolerance, noise)
        # one value at the edge, more or less: what a single false alarm or a missed spike changes
        one = float(tracy_widom.edge(1.0, m, n) ** 2 / (m * n))
        share = float(own["bulk_variance_share"])
        outside = max(self.outside, 2 * one)
        return (
            judge(
                "ks_marchenko_pastur", found, (max(0.0, found - noise - error), found + noise + error), (None, limit)
            ),
            judge("bulk_variance_share", share, (share - one, min(1.0, share + one)), (1 - outside, None)),
        )

    def _rule(self, conditions: tuple[Condition, ...]) -> Rule:
        far, least = conditions[0].limits[1] or self.tolerance, conditions[1].limits[0] or 0.0
        widened = far > self.tolerance or least < 1 - self.outside
        return Rule(
            name="equivalence of the bulk",
            origin="netaudit convention: five percentage points, and five percent of the variance"
            + (WIDENED if widened else ""),
            statement=f"holds if ks_marchenko_pastur with its interval is at most {far:.3g} and bulk_variance_share "
            f"with its own at least {least:.3g}; fails if all of one interval lies beyond; undecided otherwise",
        )

    def _note(self, own: dict[str, float | int], raw: dict[str, float | int]) -> str:
        count = int(own["spikes"])
        beyond = (
            "no singular value lies" if count == 0 else f"{count} singular value{'s lie' if count > 1 else ' lies'}"
        )
        text = (
            f"The singular values follow the law within {own['ks_marchenko_pastur']:.2g}; {beyond} beyond the edge of "
            f"the noise (largest {own['largest_over_edge']:.3g} times the law's edge) and "
            f"{own['bulk_variance_share']:.1%} of the variance is in the bulk, which follows its own law within "
            f"{own['ks_bulk']:.2g}."
        )
        if raw["spikes"] > count:
            text += " The mean of the weights adds a spike, which is left out here (see the raw figures)."
        return text


def law_metrics(
    s: NDArray[np.float64], sigma: float, m: int, n: int, found: spikes.Spikes | None = None
) -> dict[str, float | int]:
    """The figures of ``LAW_METRICS`` for ascending singular values s of an ``[m, n]`` matrix of entry scale sigma."""
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
        "sigma_bulk": bulk_sigma(rest, rest_m, rest_n),
        "bulk_variance_share": float(np.sum(rest**2)) / total,
        "spikes": found.count,
        "largest_over_edge": float(s[-1] / tracy_widom.edge(sigma, m, n)),
        "tracy_widom_p": tracy_widom.p_value(float(found.scores[0])),
        "stable_rank": total / float(s[-1] ** 2),
    }


def bulk_sigma(s: NDArray[np.float64], m: int, n: int) -> float:
    """Sigma by the median rule: the median singular value over the law's median, which a few spikes cannot move.

    Source: M. Gavish and D. L. Donoho, IEEE Trans. Inf. Theory 60 (2014) 5040, section III.E.
    """
    return float(np.median(s) / (np.sqrt(max(m, n)) * marchenko_pastur.median(marchenko_pastur.aspect(m, n))))


@cache
def bulk_ratios(seed: int, m: int, n: int) -> tuple[float, float]:
    """1 % and 99 % quantiles of the median rule's estimate on Gaussian matrices with sigma = 1."""
    low, high = np.quantile([bulk_sigma(s, m, n) for s in gaussian_spectra(seed, m, n)], [0.01, 0.99])
    return float(low), float(high)


@cache
def law_null(seed: int, m: int, n: int) -> Null:
    """The distance to the law of Gaussian spectra of the same shape."""
    q, unit = marchenko_pastur.aspect(m, n), np.sqrt(max(m, n))
    distances = [ks(marchenko_pastur.cdf(s / unit, q)) for s in gaussian_spectra(seed, m, n)]
    return summarise("gaussian", "ks_marchenko_pastur", distances, "Gaussian matrix, from the bidiagonal ensemble")


def _surrogate_nulls(audited: AuditedLayer, whole: dict[str, float | int]) -> tuple[Null, ...]:
    drawn = audited.surrogates
    if drawn is None or min(drawn.matrix.shape) < SMALLEST_SIDE:
        return ()
    m, n = drawn.matrix.shape

    def figures(metrics: dict[str, float | int]) -> dict[str, float]:
        return {name: float(metrics[name]) for name in SURROGATE_METRICS}

    own = whole if drawn.shape is None else law_metrics(spectra.centred_values(drawn.matrix, audited.device), 1.0, m, n)
    found = {
        kind: [
            figures(law_metrics(spectra.centred_values(matrix, audited.device), 1.0, m, n)) for matrix in drawn.of(kind)
        ]
        for kind in KINDS
    }
    return drawn.nulls(figures(own), found)


def _described(audited: AuditedLayer, found: spikes.Spikes) -> list[dict[str, float]]:
    """The strongest spikes: where they lie, the signal behind them, and how much of it a few outputs carry."""
    count = min(found.count, _DESCRIBED)
    if not count:
        return []
    (m, n), entries, s = audited.shape, audited.entries, audited.spectrum.centred
    vectors = spectra.output_vectors(audited.spectrum, audited.layer.weight, entries.mean, entries.std, count)
    top = max(1, round(TOP_ROWS * m))
    weight = np.sort(vectors**2, axis=0)[-top:].sum(axis=0)
    return [
        {
            "u": float(f"{s[-1 - i] / np.sqrt(max(m, n)):.6g}"),
            "score": float(f"{found.scores[i]:.6g}"),
            "p": tracy_widom.p_value(float(found.scores[i])),
            "strength": float(f"{float(spikes.strength(s[-1 - i], found.sigma, m, n)):.6g}"),
            "variance_share": float(f"{s[-1 - i] ** 2 / np.sum(s**2):.6g}"),
            "top_rows_share": float(f"{weight[i]:.6g}"),
        }
        for i in range(count)
    ]


def _warnings(own: dict[str, float | int], largest: float, tolerance: float) -> tuple[str, ...]:
    found = []
    if largest > 1:
        found.append(
            f"The largest weight is {largest:.2g} times the size at which a single weight makes a spike, σ(mn)^(1/4): "
            "the edge law is void here, and spikes may be single weights (compare the permuted null)."
        )
    if own["spikes"] and own["ks_bulk"] > tolerance:
        found.append(
            "What is left without the spikes does not follow the law either, so their number is no rank: it counts "
            "the values beyond the edge that noise of the same variance would have."
        )
    return tuple(found)


def _curve(s: NDArray[np.float64], m: int, n: int, found: spikes.Spikes) -> dict[str, object]:
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
    return {
        "edges": curve_values(bins),
        "density": curve_values(counts / (u.size * np.diff(bins))),
        "u": curve_values(at),
        "law": curve_values(marchenko_pastur.pdf(at, q)),
        "law_edge": float(f"{high:.6g}"),
        "tracy_widom_edge": float(f"{edge:.6g}"),
        "spikes": curve_values(beyond[::-1][:_SPIKES_LISTED]),
    }
