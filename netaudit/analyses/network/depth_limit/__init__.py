"""Square layers and residual blocks beside the identity, and what leaving out the last of them changes."""

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.network.depth_limit.payload import DepthLimit
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.network.depth_limit"

ANALYSIS = Analysis(
    name="depth_limit",
    title="Depth limit",
    asks="How near are square layers and residual blocks to the identity, and what does leaving out the last change?",
    scope="network",
    needs=(),
    payload=DepthLimit,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.present:method"),
)
