"""The head, or the whole network, along segments between inputs: its exact linear pieces, and the neurons crossed."""

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.network.linear_regions.payload import LinearRegions
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.network.linear_regions"

ANALYSIS = Analysis(
    name="linear_regions",
    title="Linear regions",
    asks="Into how many linear pieces does the network cut the way between inputs, and as many as a random one?",
    scope="network",
    on_page_one=True,
    needs=("sample",),
    payload=LinearRegions,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.method:method"),
)
