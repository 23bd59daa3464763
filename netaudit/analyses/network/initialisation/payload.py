"""What is kept of whether the network was trained, and of what changed since its first weights."""

from __future__ import annotations

from typing import Literal

from netaudit.analyses.layer.initialisation.payload import Start
from netaudit.results.payload import Bounded, Count, Payload, Record, Share

NetworkStart = Literal["as_drawn", "trained", "partly_trained", "too_small", "unknown_start"]


class LayerStart(Record, frozen=True):
    """The verdict on one layer."""

    layer: str
    """Name of the layer."""
    verdict: Start
    """As in the layer's own payload."""
    family: str | None
    """The start that fits, as few of them for the whole network as do; None where none fits."""
    p_adjusted: Share
    """As in the layer's own payload."""


class LayerChange(Record, frozen=True):
    """What happened to one layer since its first weights W0: D = W - W0."""

    layer: str
    """Name of the layer."""
    relative: Bounded
    """||D|| / ||W0||, Frobenius norms."""
    rank: Count
    """Singular values of D above the largest times max(m, n) 2^-23, the rounding of float32."""
    stable_rank: Bounded | None
    """||D||^2 / (largest singular value of D)^2; None where nothing changed."""
    spikes: Count
    """Singular values of D beyond the edge of its bulk."""
    overlap_with_start: Share | None
    """Of the leading singular vectors of W, as many as D has spikes (1 to 8), the share within those of W0: 1 where
    they are the same, about their number over p where they have nothing to do with each other."""
    overlap_with_change: Share | None
    """The same with those of D: 1 where training made them."""


class Since(Record, frozen=True):
    """What changed since the first weights."""

    name: str
    """What the file, or the model, of the first weights is called."""
    changes: tuple[LayerChange, ...]
    """In the order of the layers."""
    missing: tuple[str, ...] = ()
    """Layers that the first weights do not have."""
    other_shape: tuple[str, ...] = ()
    """Layers that have another shape there."""


class NetworkInitialisation(Payload, frozen=True, kw_only=True):
    """Which layers were trained."""

    verdict: NetworkStart
    """``as_drawn`` and ``trained``: every layer that is large enough. ``partly_trained``: some layers were trained, and
    others not, or not to be seen. ``unknown_start``: none was seen to be trained, and the start of some is not known.
    ``too_small``: no layer is large enough."""
    family: str | None
    """The start of all layers that are as drawn; None where there are several, or none."""
    families: tuple[str, ...]
    """The fewest starts that cover the layers which are as drawn, the most frequent first."""
    p_adjusted: Share
    """Smallest adjusted p-value of a layer, which is that of a network with no trained layer."""
    layers: tuple[LayerStart, ...]
    """In the order of the report; without layers whose weights cannot be judged."""
    since: Since | None = None
    """What changed since the first weights (``--init``); None where they were not given."""
