"""What is kept of H3: the verdict, the strongest spikes, the binned singular values, and how these were computed."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from msgspec import Meta

from netaudit.results.payload import (
    LARGEST,
    LONGEST_CURVE,
    Bounded,
    Count,
    Finding,
    Record,
    Share,
    increasing,
    same_length,
)

RULE = "equivalence_of_the_bulk"
TOLERANCE = 0.05
"""Of the distance: five percentage points. Convention of netaudit: a Gaussian matrix lies at 2 to 3 over min(m, n)
(2.0 / 64 at 64, 2.9 / 256 at 256); at 512 x 512 rows correlated as AR(1) with coefficient 0.5 lie at 0.09 with 60 % of
the variance outside, an orthogonal matrix at 0.6."""
OUTSIDE = 0.05
"""Of the variance: five percent of the squared Frobenius norm may lie in spikes."""
TOLERANCES = {"ks_marchenko_pastur": TOLERANCE, "bulk_variance_share": OUTSIDE}
SMALLEST_SIDE = 32
"""Theory: below, the law's own finite-size error is as large as any effect."""

EDGE_LEVEL = 0.999
"""Quantile of the Tracy-Widom law that is the edge of the noise; that of :mod:`netaudit.numerics.laws.tracy_widom`."""
SMALLEST_P = 1e-12
"""A p-value of this size says "at most": the law is known no better."""
TOP_ROWS = 0.01
"""Share of the outputs whose part in a spike's singular vector is given."""
EVEN_SHARE = 0.085
"""What a singular vector spread like a Gaussian one has of its weight in those outputs."""
MOST_DESCRIBED = 20
"""Spikes that are stored with strength and vector."""
MOST_DRAWN = 200
"""Spikes that are stored for the figure."""

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
    "share_judged",
    *(f"{name}_uncentred" for name in LAW_METRICS),
)

SINGLE_WEIGHTS = "single_weights_beyond_limit"
NO_RANK = "spikes_are_no_rank"
UNEQUAL_UNITS = "unequal_units_make_spikes"
FEWEST_UNEQUAL = 5
"""Spikes from which it is said that unequal units make them, where random signs leave half as many. A single strong
direction makes rows and columns unequal itself, and leaves one."""

Positive = Annotated[float, Meta(gt=0, le=LARGEST)]
Filled = Annotated[tuple[Bounded, ...], Meta(min_length=1, max_length=LONGEST_CURVE)]


class Spike(Record, frozen=True):
    """One singular value beyond the edge of the noise."""

    u: Bounded
    """s / (sigma sqrt N)."""
    score: Bounded
    """Tracy-Widom score."""
    p: Share
    """How often the largest singular value of a Gaussian matrix scores higher."""
    strength: Bounded | None
    """Of the signal behind it, in units of the detection threshold; None where the spikes leave no noise at all."""
    variance_share: Share
    """Share of the layer's variance that lies in this singular value."""
    top_rows_share: Share
    """Share of its singular vector's weight in the ``TOP_ROWS`` of the outputs where it is largest."""


class SpectrumCurve(Record, frozen=True):
    """The binned singular values, in u = s / (sigma sqrt N)."""

    edges: Filled
    """Bin edges, ``[B + 1]``."""
    density: Filled
    """``[B]``."""
    u: Filled
    """``[U]``."""
    law: Filled
    """The law's density at ``u``, ``[U]``."""
    law_edge: Positive
    """Where the law ends."""
    tracy_widom_edge: Positive
    """Where the noise ends: the largest value of a Gaussian matrix with the variance that the spikes leave."""
    spikes: Annotated[tuple[Bounded, ...], Meta(max_length=MOST_DRAWN)]
    """Values beyond the edge of the noise, largest first; at most 200."""

    def __post_init__(self) -> None:
        same_length(edges=self.edges[1:], density=self.density)
        same_length(u=self.u, law=self.law)
        increasing("edges", self.edges)
        if any(later > earlier for earlier, later in pairwise(self.spikes)):
            raise ValueError("spikes must be in descending order")


class SpectrumUsed(Record, frozen=True):
    """How the singular values of A - mean(A) were computed."""

    method: Literal["exact", "one_decomposition", "lanczos"]
    """``exact``: by a decomposition of A - mean(A). ``one_decomposition``: from that of A as stored, with the largest
    found again without the mean. ``lanczos``: stochastic Lanczos quadrature."""
    error: Annotated[float, Meta(ge=0, le=LARGEST)]
    """Bound of the error of their distribution function; 0 where every value is exact."""
    known: Count
    """How many of the largest are exact."""
    probes: Count | None = None
    """Random vectors of the quadrature."""
    steps: Count | None = None
    """Lanczos steps from each."""


class SingularLaw(Finding, frozen=True, kw_only=True):
    """H3: the singular values of a layer follow the Marchenko-Pastur law of a Gaussian matrix of its shape."""

    spikes: Annotated[tuple[Spike, ...], Meta(max_length=100)] = ()
    """The strongest, largest first; the metric ``spikes`` counts all."""
    curve: SpectrumCurve | None = None
    """The figure's data; None where nothing was judged."""
    spectrum: SpectrumUsed | None = None
    """How the singular values were computed; None where nothing was judged."""
