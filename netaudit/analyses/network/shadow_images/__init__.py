"""What each label looks like at the network's input."""

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.network.shadow_images.payload import ShadowImages
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.network.shadow_images"

ANALYSIS = Analysis(
    name="shadow_images",
    title="Shadow images",
    asks="What does each label look like when it is sent down the head to the pixels of the input?",
    scope="network",
    needs=("head", "data"),
    payload=ShadowImages,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.present:method"),
)
