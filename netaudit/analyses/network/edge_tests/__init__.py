"""The p-values of an audit, in one family: does each layer have a spike at all?"""

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.network.edge_tests.payload import EdgeTests
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.network.edge_tests"

ANALYSIS = Analysis(
    name="edge_tests",
    title="P-values",
    asks="Which layers have a spike at all, after correction for the number of layers?",
    scope="network",
    needs=(),
    payload=EdgeTests,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.present:method"),
)
