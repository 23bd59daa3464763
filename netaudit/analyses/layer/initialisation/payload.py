"""What is kept of whether a layer was trained: the verdict, the starts that fit, and every p-value behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from netaudit.results.payload import Bounded, Payload, Share

Start = Literal["as_drawn", "trained", "too_small", "unknown_start"]
STARTS: tuple[Start, ...] = ("as_drawn", "trained", "too_small", "unknown_start")

LEVEL = 0.005
"""Corrected p-value below which a start is refused: half of the 1 % of untrained networks that may be refused, since
the laws of some tests are approximations (reports/initialisation measures it). The correction is Bonferroni's, over the
tests of a layer and over the layers. It is the first step of Holm's, so that it keeps the same promise, and a layer's
verdict does not depend on what the other layers are."""
FEWEST = 1000
"""Weights below which no start is named: of 640 weights the tests tell a uniform from a normal law, but training only
once it has changed a weight by about its own size. Convention of netaudit."""


class Initialisation(Payload, frozen=True, kw_only=True):
    """Whether a usual initialisation could have drawn the layer as it is."""

    verdict: Start
    """``as_drawn``: a usual start could have drawn it. ``trained``: none could, nor could independent entries of any
    other law. ``unknown_start``: none could, but independent entries of another law could. ``too_small``: too few
    weights to tell."""
    family: str | None
    """The start that fits best, by its largest p-value; None where none fits."""
    families: tuple[str, ...]
    """All starts that fit, the best first."""
    p_adjusted: Share
    """Largest p-value over the starts, each corrected for the number of its tests and of the layers (Bonferroni):
    below 0.005 no start could have drawn the layer."""
    closest: str | None = None
    """The start of the nearest scale, where none fits."""
    structure_p_adjusted: Share = 1.0
    """p-value of independent entries of any law, corrected in the same way: below 0.005 the matrix has a structure that
    no draw gives."""
    tests: Mapping[str, Share] = {}
    """p-value of each single test, not corrected; those of the law belong to ``family``, else to ``closest``."""
    std: Bounded | None = None
    """Standard deviation of the weights around 0."""


def columns(payload: Initialisation) -> dict[str, str | float | None]:
    """The columns of a data frame of layers."""
    return {f"initialisation.{name}": getattr(payload, name) for name in ("verdict", "family", "p_adjusted")}
