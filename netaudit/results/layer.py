"""One audited layer: its findings, and what other tools report of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from netaudit.results.finding import Finding, Null


@dataclass(frozen=True)
class SpectralFigures:
    """What other tools report of a layer, under WeightWatcher's names; no verdict rests on it.

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
    lambda_max: float | None = None
    spectral_norm: float | None = None
    """lambda_max again: the *square* of the spectral norm, as WeightWatcher has it."""
    log_spectral_norm: float | None = None
    norm: float | None = None
    """Sum of lambda: the *square* of the Frobenius norm."""
    log_norm: float | None = None
    stable_rank: float | None = None
    """norm / lambda_max."""
    mp_softrank: float | None = None
    """lambda_plus / lambda_max, lambda_plus = sigma^2 (sqrt N + sqrt M)^2, with sigma by the median rule of Gavish and
    Donoho (2014). WeightWatcher fits sigma to a smoothed density instead, so that the two differ a little."""
    sv_max: float | None = None
    sv_min: float | None = None
    matrix_rank: int | None = None
    rank_loss: int | None = None
    """M - matrix_rank."""
    alpha: float | None = None
    """Exponent of the power law fitted to the eigenvalues from xmin on."""
    xmin: float | None = None
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
    alpha_interval: tuple[float, float] | None = None
    """95 % interval of alpha, xmin chosen again in each resample; takes the eigenvalues for independent."""
    alpha_null: Null | None = None
    """alpha of Gaussian matrices of the layer's shape."""
    D_null: Null | None = None
    """Their D."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why a figure is None."""

    @property
    def numbers(self) -> dict[str, float | int | None]:
        """The figures of one number each, by WeightWatcher's name."""
        others = ("alpha_interval", "alpha_null", "D_null", "reasons")
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in others}


@dataclass(frozen=True)
class LayerResult:
    """One audited layer: what it is, and one finding a claim."""

    name: str
    shape: tuple[int, int]
    dtype: str
    activation: str | None
    origin: str
    findings: tuple[Finding, ...]
    figures: SpectralFigures | None = None
    """What other tools report."""

    def finding(self, claim: str) -> Finding:
        """The finding on ``claim``.

        Raises:
            KeyError: no such claim was judged.
        """
        for finding in self.findings:
            if finding.claim == claim:
                return finding
        raise KeyError(claim)
