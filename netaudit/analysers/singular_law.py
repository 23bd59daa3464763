"""H3: the singular values of a layer follow the Marchenko-Pastur law of a Gaussian matrix of its shape.

Judged on A - mean(A) with sigma from the entries: a mean alone adds one singular value. The verdict rests on the
bulk: the Kolmogorov-Smirnov distance to the law, and the share of the variance below the Tracy-Widom edge. Spikes
beyond it are listed and counted; one value in thousands cannot move a distance.

Source: the quarter-circular law of arXiv:1511.05653 is the square case; see :mod:`netaudit.laws.marchenko_pastur`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from netaudit import device as devices
from netaudit.analysers.interface import AuditedLayer
from netaudit.analysers.rules import BAND, at_most, clean, floor_interval, not_applicable, summarise, worst
from netaudit.laws import marchenko_pastur, tracy_widom
from netaudit.laws.distances import ks, midpoints, wasserstein
from netaudit.laws.ensembles import gaussian_singular_values
from netaudit.results import Finding, Null, Rule, curve_values

LAW_METRICS = (
    "ks_marchenko_pastur",
    "wasserstein_marchenko_pastur",
    "sigma",
    "bulk_variance_share",
    "spikes",
    "largest_over_edge",
    "stable_rank",
)
METRICS = LAW_METRICS + tuple(f"{name}_raw" for name in LAW_METRICS)
SMALLEST_SIDE = 32  # theory: below, the law's own finite-size error is as large as any effect
_DRAWS = (10, 200)
_DRAW_WORK = 1e8  # min(m, n)^2 times draws: about two seconds a shape
_SPIKES_LISTED = 200


@dataclass(frozen=True)
class SingularLaw:
    """``holds`` when the distance to the law and the variance outside the bulk are both within their tolerances."""

    tolerance: float = 0.05
    """Of the distance: five percentage points. Convention of netaudit: a Gaussian matrix lies at about 3 / min(m, n)
    (0.006 at 512); at 512 x 512 rows correlated as AR(1) with coefficient 0.5 lie at 0.09 with a tenth of the
    variance outside, an orthogonal matrix at 0.6."""
    outside: float = 0.05
    """Of the variance: five percent of the squared Frobenius norm beyond the edge."""
    claim: str = "singular_law"

    def __call__(self, audited: AuditedLayer) -> Finding:
        """Judge H3."""
        m, n = audited.shape
        if min(m, n) < SMALLEST_SIDE:
            return not_applicable(self.claim, f"the smaller side is below {SMALLEST_SIDE}", METRICS)
        if audited.unusable:
            return not_applicable(self.claim, audited.unusable, METRICS)
        entries, spectrum = audited.entries, audited.spectrum
        own = law_metrics(spectrum.centred, 1.0, m, n)
        raw = law_metrics(spectrum.raw, float(np.hypot(1.0, entries.mean / entries.std)), m, n)
        values = own | {f"{name}_raw": value for name, value in raw.items()}
        values |= {name: values[name] * entries.std for name in ("sigma", "sigma_raw")}  # in the weights' own units
        metrics, reasons = clean(values, {})
        null = law_null(audited.seed, m, n)
        distance, inside = float(own["ks_marchenko_pastur"]), float(own["bulk_variance_share"])
        threshold = max(self.tolerance, null.q99 or 0.0)
        verdict = worst([at_most(distance, threshold), at_most(1 - inside, self.outside)])
        return Finding(
            claim=self.claim,
            verdict=verdict,
            statistic="ks_marchenko_pastur",
            value=distance,
            interval=floor_interval(distance, null.q99),
            null=null,
            rule=Rule(
                name="equivalence of the bulk",
                threshold=threshold,
                origin="netaudit convention: five percentage points"
                + ("" if threshold == self.tolerance else "; widened to the null's 99 % quantile, for a small layer"),
                statement=f"holds if ks_marchenko_pastur <= {threshold:.3g} and bulk_variance_share >= "
                f"{1 - self.outside:.3g}; fails if the first exceeds {BAND * threshold:.3g} or the second is below "
                f"{1 - BAND * self.outside:.3g}; undecided between",
            ),
            metrics=metrics,
            reasons=reasons,
            curve=_curve(spectrum.centred, m, n),
            note=self._note(own, raw),
        )

    def _note(self, own: dict[str, float | int], raw: dict[str, float | int]) -> str:
        spikes = int(own["spikes"])
        beyond = (
            "no singular value lies" if spikes == 0 else f"{spikes} singular value{'s lie' if spikes > 1 else ' lies'}"
        )
        text = (
            f"The singular values follow the law within {own['ks_marchenko_pastur']:.2g}; {beyond} beyond the edge "
            f"(largest {own['largest_over_edge']:.3g} times the edge) and {own['bulk_variance_share']:.1%} of the "
            "variance is in the bulk."
        )
        if raw["spikes"] > spikes:
            text += " The mean of the weights adds a spike, which is left out here (see the raw figures)."
        return text


def law_metrics(s: NDArray[np.float64], sigma: float, m: int, n: int) -> dict[str, float | int]:
    """The figures of ``LAW_METRICS`` for ascending singular values s of an ``[m, n]`` matrix of entry scale sigma."""
    q, unit = marchenko_pastur.aspect(m, n), sigma * np.sqrt(max(m, n))
    u, total = s / unit, float(np.sum(s**2))
    edge = tracy_widom.edge(sigma, m, n)
    inside = s <= edge
    return {
        "ks_marchenko_pastur": ks(marchenko_pastur.cdf(u, q)),
        "wasserstein_marchenko_pastur": wasserstein(u, marchenko_pastur.quantile(midpoints(u.size), q)),
        "sigma": sigma,
        "bulk_variance_share": float(np.sum(s[inside] ** 2)) / total,
        "spikes": int(np.sum(~inside)),
        "largest_over_edge": float(s[-1] / edge),
        "stable_rank": total / float(s[-1] ** 2),
    }


@cache
def law_null(seed: int, m: int, n: int) -> Null:
    """The distance to the law of Gaussian spectra of the same shape."""
    p, q = min(m, n), marchenko_pastur.aspect(m, n)
    draws = int(np.clip(_DRAW_WORK / p**2, *_DRAWS))
    generator = devices.numpy_generator(seed, "singular_law", "null", str(min(m, n)), str(max(m, n)))
    spectra = (gaussian_singular_values(m, n, generator) / np.sqrt(max(m, n)) for _ in range(draws))
    return summarise([ks(marchenko_pastur.cdf(u, q)) for u in spectra], "Gaussian matrix of the same shape")


def _curve(s: NDArray[np.float64], m: int, n: int) -> dict[str, object]:
    q, unit = marchenko_pastur.aspect(m, n), np.sqrt(max(m, n))
    edge = tracy_widom.edge(1.0, m, n) / unit
    u = s / unit
    bulk = u[u <= edge]
    bins = np.linspace(min(float(u[0]), marchenko_pastur.support(q)[0]), edge, int(np.clip(s.size // 8, 12, 80)) + 1)
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
        "spikes": curve_values(u[u > edge][::-1][:_SPIKES_LISTED]),
    }
