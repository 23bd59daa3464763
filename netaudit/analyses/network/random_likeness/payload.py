"""What is kept of the ladder of nulls over all layers."""

from __future__ import annotations

from collections.abc import Mapping

from netaudit.analyses.layer.random_likeness.payload import RungOrUndecided
from netaudit.results.payload import Count, Payload, Share


class NetworkRandomLikeness(Payload, frozen=True, kw_only=True):
    """The ladder over the layers that were judged."""

    rung: RungOrUndecided
    """The rung up to which every judged layer is random-like: the last that any of them needs; ``undecided`` where that
    of a layer is."""
    directions: Count | None
    """Directions of all judged layers together; null where the rung is ``local``, ``none`` or ``undecided``."""
    random_like_share: Share | None
    """Mean of the layers' random-like shares, over the layers that have one, weighted by their numbers of weights
    without the dead, constant and duplicate units that were set aside; null where none has."""
    interval: tuple[float, float] | None = None
    """Range of that mean, from the ranges of the layers' shares."""
    share_of_parameters: Share | None = None
    """Random-like weights as a share of all parameters of the model: what was not audited, not judged or set aside
    counts as not known to be."""
    layers: Mapping[RungOrUndecided, Count]
    """Number of judged layers by rung."""
    not_judged: Count = 0
    """Number of audited layers that could not be judged, such as those with a side below 32."""
