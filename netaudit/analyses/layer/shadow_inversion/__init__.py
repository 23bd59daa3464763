"""H4: the layer can be run in reverse."""

from netaudit.analyses.analysis import Analysis, Claim
from netaudit.analyses.layer.shadow_inversion.labels import LABELS
from netaudit.analyses.layer.shadow_inversion.payload import JUDGED, METRICS, TOLERANCE, ShadowInversion
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.layer.shadow_inversion"

ANALYSIS = Analysis(
    name="shadow_inversion",
    title="Shadow inversion",
    asks="Can the layer be run in reverse, with the error that a Gaussian layer would have?",
    scope="layer",
    needs=("weights",),
    payload=ShadowInversion,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.present:method"),
    claim=Claim("shadow inversion works as in a random layer", METRICS, dict.fromkeys(JUDGED, TOLERANCE), number="H4"),
    labels=LABELS,
)
