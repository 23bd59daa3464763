"""Was a layer trained, or is it still as an initialisation drew it?"""

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.layer.initialisation.payload import Initialisation, columns
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.layer.initialisation"

ANALYSIS = Analysis(
    name="initialisation",
    title="Trained or initialised",
    asks="Was the layer trained, or could a usual initialisation have drawn it as it is?",
    scope="layer",
    needs=(),
    payload=Initialisation,
    measure=lazily(f"{_HERE}.measure:measure"),
    alarms={"untrained": lambda found: found.verdict == "as_drawn"},
    present=lazily(f"{_HERE}.present:present"),
    columns=columns,
    method=lazily(f"{_HERE}.present:method"),
)
