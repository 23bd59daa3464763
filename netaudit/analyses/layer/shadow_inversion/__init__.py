"""H4: the layer can be run in reverse."""

from netaudit.analyses.analysis import Analysis, Claim
from netaudit.analyses.layer.shadow_inversion.labels import LABELS
from netaudit.analyses.layer.shadow_inversion.payload import JUDGED, METRICS, REAL, TOLERANCE, ShadowInversion
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.layer.shadow_inversion"

ANALYSIS = Analysis(
    name="shadow_inversion",
    title="Shadow inversion",
    asks="Can the layer be run in reverse, at most with the error that a Gaussian layer would have?",
    scope="layer",
    needs=("weights",),
    payload=ShadowInversion,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.present:method"),
    claim=Claim(
        "a layer can be run in reverse no worse than a random one",
        METRICS,
        dict.fromkeys((*JUDGED, REAL), TOLERANCE),
        number="H4",
    ),
    labels=LABELS,
)
