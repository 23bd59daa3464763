"""The p-values of an audit, in one family: does each layer have a spike at all?"""

from __future__ import annotations

from collections.abc import Sequence

from netaudit.numerics.laws.multiplicity import holm
from netaudit.results import LayerResult, PValue, PValues

STATEMENT = (
    "The Tracy-Widom test of the largest singular value of A − mean(A), one a layer: how often that of a Gaussian "
    "matrix of the same shape scores higher. The family is these tests and no others: the law is tabulated, while the "
    "other claims rest on effect sizes, since at 10⁶ weights every exact test rejects."
)


def edge_tests(layers: Sequence[LayerResult]) -> PValues:
    """Collect the p-values of H3 over the layers and correct them by Holm's method."""
    found = [
        (layer.name, finding.claim, float(p))
        for layer in layers
        for finding in layer.findings
        if (p := finding.metrics.get("tracy_widom_p")) is not None
    ]
    adjusted = holm([p for *_, p in found])
    return PValues(STATEMENT, "Holm", tuple(PValue(*row, value) for row, value in zip(found, adjusted, strict=True)))
