"""H3: the singular values follow the Marchenko-Pastur law."""

from netaudit.analyses.analysis import Analysis, Claim
from netaudit.analyses.layer.singular_law.payload import METRICS, TOLERANCES, SingularLaw
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.layer.singular_law"

ANALYSIS = Analysis(
    name="singular_law",
    title="Singular value law",
    asks="Do the singular values follow the law of a Gaussian matrix, and which of them stand out as spikes?",
    scope="layer",
    needs=("weights", "spectrum"),
    payload=SingularLaw,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.present:method"),
    claim=Claim(
        "the singular values of the weights as stored follow the Marchenko-Pastur law", METRICS, TOLERANCES, number="H3"
    ),
    labels={
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
    },
)
