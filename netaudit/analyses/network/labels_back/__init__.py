"""Labels sent down the head as shadows and forward again."""

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.network.labels_back.payload import LabelsBack
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.network.labels_back"

ANALYSIS = Analysis(
    name="labels_back",
    title="Labels sent down and back",
    asks="How often does a label come back when it is sent down the head as a shadow and forward again?",
    scope="network",
    on_page_one=True,
    needs=("head",),
    payload=LabelsBack,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.present:method"),
)
