"""The p-values of an audit, in one family: does each layer have a spike at all?

They are those of the Tracy-Widom test that H3 makes of the largest singular value of A - mean(A). The other claims
rest on effect sizes, since at a million weights every exact test rejects.
"""

from __future__ import annotations

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.network.edge_tests.payload import EdgeTest, EdgeTests
from netaudit.numerics.laws.multiplicity import holm
from netaudit.results.payload import Finding, NotApplicable


def measure(context: NetworkContext) -> EdgeTests | NotApplicable:
    """Collect the p-values of H3 over the layers and correct them by Holm's method."""
    found = [
        (layer.name, float(p))
        for layer in context.layers
        if (finding := layer.payload("singular_law", Finding)) is not None
        and (p := finding.metrics.get("tracy_widom_p")) is not None
    ]
    if not found:
        return NotApplicable("No layer's singular values were tested.")
    adjusted = holm([p for _, p in found])
    return EdgeTests("holm", tuple(EdgeTest(*row, value) for row, value in zip(found, adjusted, strict=True)))
