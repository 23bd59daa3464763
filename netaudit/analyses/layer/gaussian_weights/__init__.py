"""H1: the entries of a layer look like draws from a Gaussian."""

from netaudit.analyses.analysis import Analysis, Claim
from netaudit.analyses.layer.gaussian_weights.payload import METRICS, TOLERANCE, GaussianWeights
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.layer.gaussian_weights"

ANALYSIS = Analysis(
    name="gaussian_weights",
    title="Gaussian weights",
    asks="Do the weights look like draws from a Gaussian, and which simple distribution do they follow?",
    scope="layer",
    needs=("weights",),
    payload=GaussianWeights,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.present:method"),
    claim=Claim("the weights are Gaussian", METRICS, {"ks_gaussian": TOLERANCE}, number="H1"),
    labels={
        "mean": "mean",
        "std": "standard deviation",
        "skewness": "skewness",
        "excess_kurtosis": "excess kurtosis",
        "ks_gaussian": "KS distance to the Gaussian",
        "ks_gaussian_as_stored": "the same, nothing set aside",
        "share_judged": "share of the weights that is judged",
        "few_levels": "the weights take too few levels for a distribution to be told",
        "all_equal": "the weights that are not 0 are all equal",
        "wasserstein_gaussian": "Wasserstein distance, in std",
        "share_beyond_4std": "share beyond 4 std",
        "gaussian_share_beyond_4std": "the same share of a Gaussian",
        "share_zero": "share exactly 0",
        "gain_over_gaussian": "best fit's gain over the Gaussian, nats",
        "student_t_degrees": "Student-t degrees of freedom",
    },
)
