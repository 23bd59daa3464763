"""What about the weights no law of random entries speaks of, and what is left without it."""

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.layer.special_weights.payload import SpecialWeights, columns
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.layer.special_weights"

ANALYSIS = Analysis(
    name="special_weights",
    title="Special weights",
    asks="Are the weights pruned, quantised, dead, duplicate, orthogonal, or special in another way?",
    scope="layer",
    needs=("weights", "spectrum"),
    payload=SpecialWeights,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.present:method"),
    columns=columns,
)
