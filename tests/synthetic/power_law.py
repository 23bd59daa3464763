"""A synthetic payload under WeightWatcher's names, made without torch and without the analysis itself."""

from __future__ import annotations

from typing import Any

from netaudit.analyses.layer.power_law.payload import BESIDE, HillCurve, PowerLaw
from netaudit.results.payload import Null

FITTED = ("alpha", "xmin", "xmax", "D", "sigma", "num_pl_spikes", "alpha_weighted", "log_alpha_norm")
FITTED += BESIDE


def example(shape: tuple[int, int] = (400, 640), *, fitted: bool = True, **other: Any) -> PowerLaw:
    """A layer with a tail closer to a power law than a Gaussian matrix's, or one without a fit.

    ``other`` replaces fields.
    """
    m, n = shape
    made: dict[str, Any] = {
        "N": max(m, n), "M": min(m, n), "Q": max(m, n) / min(m, n), "num_evals": min(m, n), "lambda_max": 98.5,
        "spectral_norm": 98.5, "log_spectral_norm": 1.9934, "norm": 1669.0, "log_norm": 3.2225, "stable_rank": 16.94,
        "mp_softrank": 0.0662, "sv_max": 9.9247, "matrix_rank": min(m, n), "rank_loss": 0, "alpha": 2.6796,
        "xmin": 2.5352, "xmax": 98.5, "D": 0.06106, "sigma": 0.1273, "num_pl_spikes": 174, "alpha_weighted": 5.3374,
        "log_alpha_norm": 5.6557, "alpha_interval": (2.309, 3.249),
        "alpha_null": Null("gaussian", "alpha", 100, 5.484, 10.34, 37.64),
        "D_null": Null("gaussian", "D", 100, 0.1065, 0.1259, 0.1352), "positive_evals": min(m, n),
        "reasons": {"sv_min": "smallest_too_small"}, "vuong": -0.42, "alpha_unit_scales": 3.1, "D_unit_scales": 0.08,
        "hill": HillCurve((5.0, 50.0, 400.0), (3.1, 2.7, 1.4), (4.1, 5.2, 1.6), (90.5, 9.1, 1.7), 174),
    }  # fmt: skip
    if not fitted:
        few = dict.fromkeys(FITTED, "too_few_eigenvalues")
        made |= dict.fromkeys((*FITTED, "hill")) | {"positive_evals": 9, "reasons": made["reasons"] | few}
    return PowerLaw(**(made | other))
