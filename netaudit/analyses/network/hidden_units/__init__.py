"""The hidden units between the layers of the head: do their weights look trained, and which are idle?"""

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.network.hidden_units.payload import HiddenUnits
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.network.hidden_units"

ANALYSIS = Analysis(
    name="hidden_units",
    title="Hidden units",
    asks="Do the weights of the hidden units look trained, and how many units are dead, unused or duplicates?",
    scope="network",
    on_page_one=True,
    needs=(),  # a head is needed, but not that every layer of it can be read
    payload=HiddenUnits,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.present:method"),
)
