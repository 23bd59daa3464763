"""What is kept of whether layers are injective, with the pairs of inputs that prove that one is not."""

from __future__ import annotations

import base64
from math import prod
from typing import Annotated, Literal

from msgspec import Meta

from netaudit.analyses.network.shadow_images.payload import CHANNELS, SIDES, Pixels
from netaudit.geometry.injectivity.certificate import Answer, Domain, Step
from netaudit.results.payload import Bounded, Count, Payload, Record, Share

LONGEST = 1024
"""Numbers of an input that is stored, so that a layer adds 45 kB to the JSON at most."""

Stored = Annotated[str, Meta(max_length=4 * -(-8 * LONGEST // 3))]
"""float64 numbers, little-endian, in base64."""


class Pair(Record, frozen=True):
    """Two inputs with the same outputs, up to what rounding them to float64 changes.

    Raises:
        ValueError: the two are not equally long, or not whole float64 numbers.
    """

    first: Stored
    """The one input."""
    second: Stored
    """The other."""
    distance: Bounded
    """Their Euclidean distance."""
    residual: Bounded
    """Largest difference of two outputs over the norm of the output's weights times the distance, in exact arithmetic:
    0 for the same outputs."""

    def __post_init__(self) -> None:
        lengths = {len(base64.b64decode(text, validate=True)) for text in (self.first, self.second)}
        if len(lengths) != 1 or lengths.pop() % 8:
            raise ValueError("two inputs that collide are not of one length, or not float64 numbers")


class Decision(Record, frozen=True):
    """Whether one map is injective, and what decided."""

    rows: Count
    """Outputs of the map."""
    columns: Count
    """Inputs of the map."""
    domain: Domain
    """``all`` real inputs, or the ``orthant`` of those that are not negative, as after a ReLU."""
    answer: Answer
    """``yes`` and ``no`` are proved for the stored numbers."""
    step: Step
    """What decided; ``none`` for an undecided answer."""
    fewest_active: int | None = None
    """The fewest rows that were active at any input that was looked at; None where none was."""
    pair: Pair | None = None
    """Two inputs that prove a ``no``; None for another answer, and for inputs of more than 1,024 numbers."""


class RandomTwin(Record, frozen=True):
    """The same of one random layer of the same shape, with the layer's own bias."""

    kind: Literal["gaussian", "permuted"]
    """``gaussian``: independent Gaussian weights with the layer's standard deviation and the mean 0. ``permuted``: its
    own weights in random places."""
    forward: Answer | None
    """Whether the layer is injective; None where no ReLU follows it."""
    forward_fewest: int | None
    """The fewest rows that were active at any input that was looked at."""
    shadow: Answer
    """Whether the shadow direction is."""
    shadow_fewest: int | None
    """The fewest rows that were active there."""
    condition: Bounded | None
    """The condition number of its shadow direction at the layer's own real outputs."""


class ImagePair(Record, frozen=True):
    """A real image and one beside it that the layer cannot tell apart.

    Raises:
        ValueError: the pixels are not those of images of the shape.
    """

    shape: tuple[int, int, int]
    """Channels (1 or 3), height, width."""
    real: Pixels
    """The real image, 8-bit pixels ``[channels, height, width]`` in base64, on one scale with the other."""
    other: Pixels
    """The other image."""
    difference: Pixels
    """Their difference: grey (127 or 128) where there is none, black and white at its largest."""
    distance: Bounded
    """Their Euclidean distance, at the input of the layer."""
    length: Bounded
    """The Euclidean length of the real one there."""
    residual: Bounded
    """As in a pair of inputs that collide: 0 for the same outputs."""
    active: Count
    """Rows that are active at either."""

    def __post_init__(self) -> None:
        channels, height, width = self.shape
        if channels not in CHANNELS or height not in SIDES or width not in SIDES:
            raise ValueError(f"images of shape {self.shape} are not what netaudit stores")
        for name in ("real", "other", "difference"):
            if len(base64.b64decode(getattr(self, name), validate=True)) != prod(self.shape):
                raise ValueError(f"{name} has an image whose pixels do not fit the shape {self.shape}")


class LayerInjectivity(Record, frozen=True):
    """One layer of the head."""

    name: str
    """Name of the layer."""
    forward: Decision | None
    """The layer itself; None where no ReLU follows it."""
    shadow: Decision
    """The shadow direction, from the outputs h >= 0 of the layer to r(A^T h)."""
    k_budget: Count
    """Active units up to which an exact inverse of a Gaussian shadow direction is to be expected: a rule of thumb."""
    active_units: Bounded | None
    """Median number of active units of the layer over real inputs; None without them, or without a ReLU."""
    within_budget: Share | None
    """Share of the real inputs with at most ``k_budget`` active units."""
    enough_active: Share | None
    """Share of the real inputs at which as many rows of the layer are active as inputs can move (those that are not 0
    after a ReLU, all of them else): without that the layer is not injective near them."""
    condition: Bounded | None
    """Median local condition number of the shadow direction at real h: how much a relative error can grow on the way
    back. None without real inputs, where the direction is not injective near one of them, and for large layers."""
    chance: Share | None = None
    """How often a layer of its shape with random rows is injective on all inputs without a bias, by an exact law; None
    for three inputs and more where the number of rows does not decide, and for inputs after a ReLU."""
    twins: tuple[RandomTwin, ...] = ()
    """Random layers of the same shape; none for very large layers."""
    near: ImagePair | None = None
    """Of a layer that takes the pixels of images: two images that it cannot tell apart."""


class Injectivity(Payload, frozen=True):
    """The layers of the head, bottom to top."""

    layers: tuple[LayerInjectivity, ...]
    """Those that were looked at."""
    left_out: tuple[str, ...] = ()
    """Names of layers that are skipped, not finite, or too large for the time that an audit may take."""
