"""Random-like, up to what: the ladder of nulls."""

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.layer.random_likeness.payload import RandomLikeness, columns
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.layer.random_likeness"

ANALYSIS = Analysis(
    name="random_likeness",
    title="Random-like, up to what",
    asks="What has to be set aside before a random matrix is left: nothing, the units' scales, or a few directions?",
    scope="layer",
    needs=("weights", "spectrum"),
    payload=RandomLikeness,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    columns=columns,
    method=lazily(f"{_HERE}.method:method"),
)
