"""The recurrent cells as dynamical systems: where they stand still, how fast they forget, and whether along a line."""

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.network.rnn_fixed_points.payload import RnnFixedPoints
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.network.rnn_fixed_points"

ANALYSIS = Analysis(
    name="rnn_fixed_points",
    title="Fixed points of recurrent cells",
    asks="Where does each recurrent cell stand still, how fast does it forget, and does it remember along a line?",
    scope="network",
    on_page_one=True,
    needs=("cells",),
    payload=RnnFixedPoints,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.method:method"),
)
