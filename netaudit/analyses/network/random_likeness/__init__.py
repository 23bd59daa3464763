"""How random-like the fully connected layers of a network are, all together."""

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.network.random_likeness.payload import NetworkRandomLikeness
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.network.random_likeness"

ANALYSIS = Analysis(
    name="random_likeness",
    title="Random-like layers",
    asks="How much of the network is random-like, and up to what?",
    scope="network",
    on_page_one=True,
    needs=(),
    payload=NetworkRandomLikeness,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
)
