"""What is kept of H1: the verdict, the fitted families, and the binned weights."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from netaudit.results.payload import (
    Bounded,
    Finding,
    Record,
    Share,
    Values,
    increasing,
    same_length,
)

Family = Literal["gaussian", "uniform", "laplace", "student_t"]

RULE = "equivalence_with_gaussian"
TOLERANCE = 0.02
"""Two percentage points of probability. Convention of netaudit: uniform entries, PyTorch's default initialisation, lie
at 0.057, Laplace at 0.062, Student-t(3) at 0.087, and all of them must fail by a clear margin."""
ALL_EQUAL = "all_equal"
"""Reason: the weights that are not 0 are all equal, and no distribution is fitted to them."""
FEW_LEVELS = "few_levels"
"""Reason: the weights are quantised to fewer levels than a distribution can be told from."""
FEWEST_LEVELS = 16
"""Those of four bits: their steps are a third of a standard deviation or wider."""
MIDDLE_OF_STEPS = "quantised"
"""Code: the weights are quantised, and their distribution function was taken at the middle of each step."""
METRICS = (
    "mean",
    "std",
    "skewness",
    "excess_kurtosis",
    "ks_gaussian",
    "ks_gaussian_as_stored",
    "wasserstein_gaussian",
    "share_beyond_4std",
    "gaussian_share_beyond_4std",
    "share_zero",
    "share_judged",
    "gain_over_gaussian",
    "student_t_degrees",
)
NO_BETTER = 8e-4
"""Gain, in nats a weight, up to which the Gaussian is called as good: 2 x 0.02^2, the least Kullback-Leibler
divergence that a KS distance of the tolerance can have (Pinsker's inequality)."""


class Alternative(Record, frozen=True):
    """One family of distributions, fitted to the non-zero weights; in the weights' own units."""

    name: Family
    """The family of distributions."""
    location: float
    """As large as the weights are, and so is the scale: neither is drawn."""
    scale: float
    """Standard deviation, half width, mean absolute deviation, or the scale of t."""
    degrees: Bounded | None
    """Degrees of freedom of a Student-t; None for the others."""
    gain: Bounded
    """Penalised log-likelihood above the Gaussian's, in nats a weight."""


class Quantiles(Record, frozen=True):
    """Quantiles of the weights beside those of a Gaussian, in standard deviations from the mean."""

    theoretical: Values
    """Quantiles of the Gaussian, ``[Q]``."""
    sample: Values
    """Quantiles of the weights, ``[Q]``."""

    def __post_init__(self) -> None:
        same_length(theoretical=self.theoretical, sample=self.sample)


class GaussianCurve(Record, frozen=True):
    """The binned weights, in standard deviations from the mean."""

    edges: Values
    """Bin edges, ``[B + 1]``."""
    density: Values
    """``[B]``."""
    gaussian: Values
    """The fitted Gaussian's density at the bins' centres, ``[B]``."""
    clipped: tuple[Share, Share]
    """Share of the weights below and above the bins."""
    qq: Quantiles
    """The same in quantiles; empty where the weights reach none of them."""

    def __post_init__(self) -> None:
        same_length(edges=self.edges[1:], density=self.density, gaussian=self.gaussian)
        increasing("edges", self.edges)
        if not self.density:
            raise ValueError("a histogram needs at least one bin")


class GaussianWeights(Finding, frozen=True, kw_only=True):
    """H1: the entries of a layer look like draws from a Gaussian."""

    alternatives: Annotated[tuple[Alternative, ...], Meta(max_length=100)] = ()
    """Best first; none where the weights that are not 0 are all equal, or take fewer than 16 levels."""
    curve: GaussianCurve | None = None
    """The figure's data; None where nothing was judged."""
