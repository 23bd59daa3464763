"""Which hidden neurons, of the head or the whole network, can be told from outputs, and what hides the others."""

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.network.identifiability.payload import Identifiability
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.network.identifiability"

ANALYSIS = Analysis(
    name="identifiability",
    title="Identifiability",
    asks="Which hidden neurons could someone tell from the outputs of the network, and what hides the others?",
    scope="network",
    on_page_one=True,
    needs=(),  # the head, or else a whole network that is a plain stack
    payload=Identifiability,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.present:method"),
)
