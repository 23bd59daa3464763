"""A piecewise-linear network along a segment of its inputs: every breakpoint, and the neuron that makes it.

The algorithm is ExactLine (Sotoudeh and Thakur 2019, arXiv:1908.06214): the knots of the layers below cut the segment
into pieces on which the input of a layer is affine; the layer adds a knot where one of its neurons changes its state.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from netaudit.geometry.reading import device_of, piecewise_linear, points
from netaudit.geometry.walk import BYTES, Walk

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from torch import Tensor, nn

    from netaudit.geometry.reading import Layers
    from netaudit.geometry.steps import Floats, Integers, PiecewiseLinear


class Event(NamedTuple):
    """One neuron changes its state, or one window of a max pooling its largest entry."""

    layer: int
    """The number of the layer, bottom to top; ``Line.layers`` has its name."""
    neuron: int
    """Its number in the flattened layer."""
    t: float
    """Where, from 0 to 1."""


@dataclass(frozen=True, eq=False)
class Line:
    """A network f on the segment x(t) = x0 + t (x1 - x0), t in [0, 1]: affine between the knots."""

    knots: Floats
    """t ascending, 0 and 1 included, ``[K]``."""
    values: Floats
    """f(x(t)) at the knots, ``[K, outputs]``."""
    layers: tuple[str, ...]
    """The names of the activations and max poolings, bottom to top (untrusted text)."""
    widths: tuple[int, ...]
    """How many neurons each has, or windows."""
    event_layer: Integers
    """The layer of each event, ``[E]``, sorted by t."""
    event_neuron: Integers
    """Its neuron, ``[E]``."""
    event_t: Floats
    """Its t, which is one of the knots, ``[E]``."""

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """Every change of state, in the order of t."""
        columns = (self.event_layer.tolist(), self.event_neuron.tolist(), self.event_t.tolist())
        return tuple(Event(*event) for event in zip(*columns, strict=True))

    @property
    def pieces(self) -> int:
        """The number of pieces on which no neuron changes its state."""
        return len(self.knots) - 1

    @property
    def crossed(self) -> tuple[int, ...]:
        """How many different neurons of each layer change their state at least once."""
        return tuple(len(np.unique(self.event_neuron[self.event_layer == layer])) for layer in range(len(self.layers)))

    def at(self, t: ArrayLike) -> Floats:
        """f(x(t)) for t ``[N]`` in [0, 1], by interpolation, ``[N, outputs]``."""
        t = np.atleast_1d(np.asarray(t, dtype=np.float64))
        piece = np.clip(np.searchsorted(self.knots, t, side="right") - 1, 0, self.pieces - 1)
        left, right = self.knots[piece], self.knots[piece + 1]
        weight = ((t - left) / (right - left))[:, None]
        values: Floats = self.values[piece] * (1 - weight) + self.values[piece + 1] * weight
        return values


def exact_line(
    network: nn.Module | Layers | PiecewiseLinear,
    x0: Tensor | ArrayLike,
    x1: Tensor | ArrayLike,
    *,
    device: str | torch.device = "cpu",
    memory: int = BYTES,
) -> Line:
    """Find every breakpoint of a network along a segment, in float64.

    Args:
        network: a module of linear layers, convolutions, batch norm, ReLU and other piecewise-linear activations, max
            and average pooling, dropout and additions, in eval mode; or pairs of a weight ``[m, n]`` and a bias ``[m]``
            or None, bottom to top, with ReLU between them and none at the end; or what
            :func:`netaudit.geometry.reading.piecewise_linear` gave, so that it is not read again for each segment.
        x0: one input, without the axis of a batch.
        x1: another one of the same shape.
        device: where it runs; ``auto`` takes a GPU where there is one.
        memory: bytes for the values at the knots. Where they do not fit, the segment is cut into parts, which are done
            one after the other; the result is the same.

    Raises:
        NotPiecewiseLinearError: an operation is not piecewise linear, or it is not read.
        ValueError: the inputs have different shapes or are not finite, or the layers do not fit.
        DeviceError: this machine has no such device.
    """
    where, ends = device_of(device), points(x0, x1)
    with torch.no_grad():
        read = piecewise_linear(network, ends, where)
        walk = Walk(read, ends.to(where), memory)
        walk.run()
    layer, neuron, t = walk.found_events()
    order = np.lexsort((neuron, layer, t))
    knots, values = walk.found_values()
    return Line(knots, values, read.layers, read.widths, layer[order], neuron[order], t[order])
