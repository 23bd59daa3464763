"""What users of other tools look for, under WeightWatcher's column names."""

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.layer.power_law.payload import PowerLaw, columns
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.layer.power_law"

ANALYSIS = Analysis(
    name="power_law",
    title="What other tools report",
    asks="Which norms, ranks and power-law exponent has the spectrum, and are they unlike those of a Gaussian matrix?",
    scope="layer",
    needs=("weights", "spectrum"),
    payload=PowerLaw,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.present:method"),
    columns=columns,
)
