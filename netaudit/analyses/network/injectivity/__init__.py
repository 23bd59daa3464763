"""Whether the layers of the head, and their shadow directions, can be inverted exactly."""

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.network.injectivity.payload import Injectivity
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.network.injectivity"

ANALYSIS = Analysis(
    name="injectivity",
    title="Injectivity",
    asks="Which layers of the head keep all inputs apart, forward and in the shadow direction?",
    scope="network",
    needs=(),  # a head is needed, but not that every layer of it can be read
    payload=Injectivity,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.present:method"),
)
