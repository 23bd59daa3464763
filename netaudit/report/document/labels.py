"""What the claims, verdicts and metrics are called in the report."""

from __future__ import annotations

import re
from dataclasses import dataclass

from netaudit.report.document.model import Run
from netaudit.results import Verdict
from netaudit.text import printable

VERDICTS: dict[Verdict, str] = {
    "holds": "● holds",
    "undecided": "▲ undecided",
    "fails": "× fails",
    "not_applicable": "– not applicable",
}


@dataclass(frozen=True)
class Claim:
    """The title of a claim and its number in the hypothesis."""

    title: str
    number: str = ""

    @property
    def full(self) -> str:
        """The title with the number."""
        return f"{self.title} ({self.number})" if self.number else self.title


_CLAIMS = {
    "gaussian_weights": Claim("Gaussian weights", "H1"),
    "constant_bias": Claim("Constant bias", "H2"),
    "singular_law": Claim("Singular value law", "H3"),
    "shadow_inversion": Claim("Shadow inversion", "H4"),
}

METRICS = {
    "mean": "mean",
    "std": "standard deviation",
    "skewness": "skewness",
    "excess_kurtosis": "excess kurtosis",
    "ks_gaussian": "KS distance to the Gaussian",
    "wasserstein_gaussian": "Wasserstein distance, in std",
    "share_beyond_4std": "share beyond 4 std",
    "gaussian_share_beyond_4std": "the same share of a Gaussian",
    "share_zero": "share exactly 0",
    "gain_over_gaussian": "best fit's gain over the Gaussian, nats",
    "student_t_degrees": "Student-t degrees of freedom",
    "mad": "median absolute deviation",
    "median": "median",
    "share_within_10pct_of_scale": "share within 10% of scale",
    "std_over_preactivation_scale": "std / pre-activation scale",
    "std_over_abs_median": "std / |median|",
    "share_negative": "share negative",
    "ks_marchenko_pastur": "KS distance to the law",
    "wasserstein_marchenko_pastur": "Wasserstein distance, in σ√N",
    "ks_bulk": "KS distance of the bulk to its own law",
    "sigma": "σ of the entries",
    "sigma_bulk": "σ of the bulk (median rule)",
    "sigma_bulk_low": "σ of the bulk, low end",
    "sigma_bulk_high": "σ of the bulk, high end",
    "bulk_variance_share": "share of variance in the bulk",
    "spikes": "spikes beyond the noise",
    "largest_over_edge": "largest / edge",
    "tracy_widom_p": "Tracy-Widom p of the largest",
    "largest_entry_over_limit": "largest weight / σ(mn)^(1/4)",
    "stable_rank": "stable rank",
    "gain": "gain",
    "cross_talk_inflation": "cross-talk inflation",
    "relative_error": "relative error",
    "predicted_relative_error": "relative error, predicted",
    "relative_error_ratio": "relative error / predicted",
    "support_auc": "support AUC",
    "support_precision": "support precision",
    "support_recall": "support recall",
    "control_support_auc": "support AUC of the control",
}

_FAMILIES = {"gaussian": "Gaussian", "uniform": "uniform", "laplace": "Laplace", "student_t": "Student-t"}

# WeightWatcher's names, which its users look for, and what they mean
NORMS = {
    "norm": "sum of all eigenvalues",
    "log_norm": "its logarithm",
    "spectral_norm": "largest eigenvalue, lambda_max",
    "log_spectral_norm": "its logarithm",
    "stable_rank": "norm / lambda_max",
    "mp_softrank": "Marchenko-Pastur edge / lambda_max",
    "sv_max": "largest singular value",
    "sv_min": "smallest singular value",
    "matrix_rank": "rank",
    "rank_loss": "smaller side − rank",
}
POWER_LAW = {
    "alpha": "exponent",
    "D": "KS distance of the tail to the power law",
    "xmin": "eigenvalue at which the tail starts",
    "num_pl_spikes": "eigenvalues in the tail",
    "sigma": "(alpha − 1) / √num_pl_spikes",
    "alpha_weighted": "alpha × log_spectral_norm",
    "log_alpha_norm": "logarithm of the sum of lambda^alpha",
}

SOURCES = {"onehot": "one-hot labels", "softmax": "softmax of real inputs"}


def claim(name: str) -> Claim:
    """The claim's title; an analyser that is not ours goes by its own name."""
    return _CLAIMS.get(name) or Claim(printable(name.replace("_", " "), 40))


def metric(name: str) -> str:
    """The metric's label; an unknown one goes by its own name."""
    return METRICS.get(name) or printable(name)


def family(name: str) -> str:
    """A family of distributions; an unknown one goes by its own name."""
    return _FAMILIES.get(name) or printable(name, 40)


_STARTS = {
    "real": "real, through the layer",
    "synthetic": "synthetic, through the layer",
    "gaussian": "real, through a Gaussian matrix",
}


def start(kind: str) -> str:
    """Where an inversion starts from; an unknown kind goes by its own name."""
    return _STARTS.get(kind) or printable(kind, 40)


def in_words(rule: str) -> str:
    """A rule's statement with the metrics by their labels.

    >>> in_words("holds if ks_gaussian <= 0.02")
    'holds if KS distance to the Gaussian ≤ 0.02'
    """
    named = re.sub(r"\b[a-z]+(?:_[a-z0-9]+)+\b", lambda found: METRICS.get(found[0], found[0]), rule)
    return named.replace("<=", "≤").replace(">=", "≥")


def verdict(value: Verdict) -> Run:
    """Symbol, word and colour of a verdict."""
    return Run(VERDICTS[value], value)
