"""What other tools report of a layer, under WeightWatcher's names; no verdict rests on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from netaudit.results.payload import Bounded, Count, Null, Payload, Record, Values, increasing, same_length

FEWEST = 10
"""Eigenvalues that a fit takes; that of :mod:`netaudit.numerics.laws.power_law`."""

Reason = Literal[
    "beyond_float64",
    "only_estimated",
    "smallest_too_small",
    "bulk_within_rounding",
    "too_few_eigenvalues",
    "equal_eigenvalues",
    "no_resample_fitted",
    "too_large_for_another_decomposition",
    "no_unit_scales",
    "tail_too_short",
]
"""Why a number is None."""


class HillCurve(Record, frozen=True):
    """The exponent for each length of the tail."""

    tail: Values
    """Numbers of eigenvalues in the tail, ``[Q]``, increasing."""
    alpha: Values
    """The exponent fitted to so many of the largest eigenvalues, ``[Q]``."""
    gaussian_low: Values
    """1 % quantile of the same for Gaussian matrices of the layer's shape, ``[Q]``, the smallest of fewer than 100;
    empty where some eigenvalues are within rounding of 0."""
    gaussian_high: Values
    """99 % quantile, or the largest."""
    chosen: Count
    """Number of eigenvalues of the tail that the power law is fitted to."""

    def __post_init__(self) -> None:
        same_length(tail=self.tail, alpha=self.alpha)
        same_length(gaussian_low=self.gaussian_low, gaussian_high=self.gaussian_high)
        increasing("tail", self.tail)
        if self.gaussian_low and len(self.gaussian_low) != len(self.tail):
            raise ValueError("the Gaussian matrices have other tails")


class PowerLaw(Payload, frozen=True, kw_only=True):
    """Norms, ranks and the power law that fits the largest eigenvalues best, under WeightWatcher's names.

    Of the eigenvalues lambda = s^2 of A as stored, its mean included and without a factor 1/N; logarithms to base 10.
    Each is one number, or None with its reason in ``reasons``.
    """

    N: int | None = None
    """The larger side of A."""
    M: int | None = None
    """The smaller side."""
    Q: float | None = None
    """N / M."""
    num_evals: int | None = None
    """Number of eigenvalues: M."""
    lambda_max: float | None = None
    """The largest eigenvalue."""
    spectral_norm: float | None = None
    """lambda_max again: the *square* of the spectral norm, as WeightWatcher has it."""
    log_spectral_norm: float | None = None
    """log10 of ``spectral_norm``."""
    norm: float | None = None
    """Sum of lambda: the *square* of the Frobenius norm."""
    log_norm: float | None = None
    """log10 of ``norm``."""
    stable_rank: float | None = None
    """norm / lambda_max."""
    mp_softrank: float | None = None
    """lambda_plus / lambda_max, lambda_plus = sigma^2 (sqrt N + sqrt M)^2, with sigma by the median rule of Gavish and
    Donoho (2014). WeightWatcher fits sigma to a smoothed density instead, so that the two differ a little."""
    sv_max: float | None = None
    """The largest singular value."""
    sv_min: float | None = None
    """The smallest singular value."""
    matrix_rank: int | None = None
    """Number of singular values above the rounding of the decomposition."""
    rank_loss: int | None = None
    """M - matrix_rank."""
    alpha: float | None = None
    """Exponent of the power law fitted to the eigenvalues from xmin on."""
    xmin: float | None = None
    """The smallest eigenvalue of the tail that the law is fitted to."""
    xmax: float | None = None
    """lambda_max: no eigenvalue is left out at the top."""
    D: float | None = None
    """Kolmogorov-Smirnov distance of the tail to that law."""
    sigma: float | None = None
    """(alpha - 1) / sqrt(num_pl_spikes), as WeightWatcher has it: too small, since xmin is chosen by the data."""
    num_pl_spikes: int | None = None
    """Number of eigenvalues from xmin on."""
    alpha_weighted: float | None = None
    """alpha log10(lambda_max)."""
    log_alpha_norm: float | None = None
    """log10 of the sum of lambda^alpha."""
    alpha_interval: tuple[Bounded, Bounded] | None = None
    """95 % interval of the estimator, not of an exponent of the network: xmin chosen again in each resample, and the
    eigenvalues taken for independent, which they are not."""
    alpha_null: Null | None = None
    """alpha of Gaussian matrices of the layer's shape."""
    D_null: Null | None = None
    """Their D."""
    vuong: float | None = None
    """Vuong's V of the power law against a log-normal tail from xmin on: below -2 the log-normal one is clearly better,
    near 0 the two cannot be told apart. Takes the eigenvalues for independent."""
    alpha_unit_scales: float | None = None
    """alpha of the matrix whose rows and columns are scaled to equal mean squares: the same for all rescalings of
    units that leave a ReLU network's function as it is."""
    D_unit_scales: float | None = None
    """Its D."""
    hill: HillCurve | None = None
    """alpha over the length of the tail; None without a fit."""
    positive_evals: int | None = None
    """Eigenvalues above the rounding of the Gram product, to which the law is fitted; None where they are not known."""
    reasons: Mapping[str, Reason] = {}
    """Why a number is None, by its name."""

    @property
    def weightwatcher_metrics(self) -> dict[str, float | int | None]:
        """The metrics of one number each, by WeightWatcher's name."""
        return {name: getattr(self, name) for name in NAMES}


BESIDE = ("alpha_interval", "alpha_null", "D_null", "vuong", "alpha_unit_scales", "D_unit_scales")
"""What netaudit sets beside them."""
NAMES: tuple[str, ...] = tuple(
    name for name in PowerLaw.__struct_fields__ if name not in (*BESIDE, "positive_evals", "hill", "reasons")
)
"""WeightWatcher's names of the metrics of one number each."""


def columns(payload: PowerLaw) -> dict[str, float | int | None]:
    """The columns of a data frame of layers: WeightWatcher's, and beside them the interval of alpha and the nulls."""
    low, high = payload.alpha_interval or (None, None)
    found = payload.weightwatcher_metrics | {"alpha_low": low, "alpha_high": high}
    for name, null in (("alpha_null", payload.alpha_null), ("D_null", payload.D_null)):
        found |= {f"{name}_{end}": getattr(null, end, None) for end in ("q01", "median", "q99")}
    found |= {name: getattr(payload, name) for name in ("vuong", "alpha_unit_scales", "D_unit_scales")}
    return found
