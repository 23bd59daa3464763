"""The recurrent matrices of each cell: do their eigenvalues fill a disc, as those of random matrices do?"""

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.network.circular_law.payload import CircularLaws
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.network.circular_law"

ANALYSIS = Analysis(
    name="circular_law",
    title="Eigenvalues of recurrent matrices",
    asks="Do the eigenvalues of each recurrent matrix fill a disc, like those of a random one, and which lie beyond?",
    scope="network",
    needs=("cells",),
    payload=CircularLaws,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.present:method"),
)
