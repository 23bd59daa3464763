"""Synthetic answers to whether layers are injective."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence

from netaudit.analyses.network.injectivity.payload import (
    Decision,
    ImagePair,
    Injectivity,
    LayerInjectivity,
    Pair,
    RandomTwin,
)


def stored(*numbers: float) -> str:
    """An input as it is kept."""
    return base64.b64encode(struct.pack(f"<{len(numbers)}d", *numbers)).decode()


def example(layers: Sequence[str] = ("fc1", "fc2", "fc3")) -> Injectivity:
    """The first layers are not injective, and the top one has no ReLU; its shadow direction is injective."""
    pair = Pair(stored(0.5, -1.0), stored(0.5, 2.0), 3.0, 1e-16)
    no = Decision(400, 640, "all", "no", "counting", 190, pair)
    open_ = Decision(640, 400, "orthant", "undecided", "none", 300)
    yes = Decision(400, 10, "orthant", "yes", "exact_search")
    twins = (
        RandomTwin("gaussian", "no", 180, "undecided", 310, 4.5),
        RandomTwin("permuted", "no", 185, "undecided", 305, None),
    )
    grey = base64.b64encode(bytes(range(64))).decode()
    near = ImagePair((1, 8, 8), grey, grey, grey, 0.25, 5.0, 0.0, 120)
    made = [
        LayerInjectivity(name, no, open_, 47, 31.5, 0.96, 0.0, 12.5, 0.0, twins, None if place else near)
        for place, name in enumerate(layers[:-1])
    ]
    return Injectivity((*made, LayerInjectivity(layers[-1], None, yes, 29, None, None, None, None)) if layers else ())
