"""Which hidden neurons of the head can be told from its outputs, and what hides the others."""

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.network.identifiability.payload import Identifiability
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.network.identifiability"

ANALYSIS = Analysis(
    name="identifiability",
    title="Identifiability",
    asks="Which hidden neurons of the head could someone tell from its outputs, and what hides the others?",
    scope="network",
    on_page_one=True,
    needs=("head",),
    payload=Identifiability,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.present:method"),
)
