"""What is kept of whether layers are injective, with the pairs of inputs that prove that one is not."""

from __future__ import annotations

import base64
from typing import Annotated

from msgspec import Meta

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


class Injectivity(Payload, frozen=True):
    """The layers of the head, bottom to top."""

    layers: tuple[LayerInjectivity, ...]
    """Those that were looked at."""
    left_out: tuple[str, ...] = ()
    """Names of layers that are skipped, not finite, or too large for the time that an audit may take."""
