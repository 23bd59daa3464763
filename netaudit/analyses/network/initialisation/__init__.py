"""Was the network trained? And what did training change, where its first weights are given?"""

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.network.initialisation.payload import NetworkInitialisation
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.network.initialisation"

ANALYSIS = Analysis(
    name="initialisation",
    title="Which layers were trained",
    asks="Which layers were trained, and what did training change, where the first weights are given?",
    scope="network",
    on_page_one=True,
    needs=(),
    payload=NetworkInitialisation,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.present:method"),
)
