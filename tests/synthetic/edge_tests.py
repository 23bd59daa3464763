"""A synthetic family of p-values."""

from __future__ import annotations

from collections.abc import Sequence

from netaudit.analyses.network.edge_tests.payload import EdgeTest, EdgeTests


def example(layers: Sequence[str] = ("fc1", "fc2", "fc3")) -> EdgeTests:
    """One test a layer: the first has a spike beyond doubt, the others may have one."""
    return EdgeTests(
        "holm",
        tuple(
            EdgeTest(name, *((1e-12, len(layers) * 1e-12) if not index else (0.0004, 0.0012)))
            for index, name in enumerate(layers)
        ),
    )
