"""The whole network, from its real inputs to its outputs, along a part of the way between two of them.

The head alone is walked from end to end. A whole network of convolutions has so many neurons that only a part of the
way is walked, chosen by the number of knots; the exact pieces of that part are a density.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.network.linear_regions.payload import WholeNetwork
from netaudit.analyses.whole_network import gap, read_module
from netaudit.geometry.line import exact_line
from netaudit.geometry.reading import points
from netaudit.geometry.steps import PiecewiseLinear
from netaudit.geometry.walk import needs
from netaudit.text import capital, sentence

KNOTS = 300
"""Knots that are walked: a density then has a noise of some percent."""
WORK = 2e10
"""Multiplications for all of them by default, about a second on one core."""
FEWEST = 20
"""Knots below which no density is told."""
MOST_MEMORY = 2**28
"""Bytes that one point may take: 256 MiB."""
FIRST = 2.0**-14
"""Share of the way of the first try: a network of a million neurons crosses some dozens of them there."""


@dataclass(frozen=True)
class Read:
    """The whole network, as it was read."""

    network: PiecewiseLinear
    ends: Tensor
    """The first two real inputs that differ, ``[2, ...]``, float64, on the CPU."""
    multiplications: float
    """Of one input."""


def whole(context: NetworkContext, device: torch.device, memory: int) -> WholeNetwork | None:
    """Walk a part of the way between the first two real inputs that differ; None where the head is the whole network.

    Args:
        context: the network with its real inputs.
        device: where it runs.
        memory: bytes for the values at the knots.
    """
    read = read_whole(context, device)
    if isinstance(read, str):
        return WholeNetwork(note=sentence(capital(read)))
    head = context.network.head
    hidden = () if head is None else tuple(context.network.spec(layer.name).shape[0] for layer in head.layers[:-1])
    return None if read.network.widths == hidden else walked(read, device, memory)


def read_whole(context: NetworkContext, device: torch.device) -> Read | str:
    """Read the whole network in float64 on the device; or why it is not read or walked, as a clause."""
    missing, sample = gap(context), context.sample
    if missing is not None:
        return missing
    assert sample is not None
    other = next((x for x in sample.x[1:] if (x != sample.x[0]).any()), None)
    if other is None:
        return "all real inputs are the same"
    ends = points(sample.x[0], other)
    read = read_module(context, ends, device)
    if isinstance(read, str):
        return read
    if _knots(read.multiplications) < FEWEST or max(needs(read.network)) > MOST_MEMORY:
        return "the whole network is too large to be walked exactly by default"
    return Read(read.network, ends, read.multiplications)


def _knots(multiplications: float) -> int:
    return int(min(KNOTS, WORK / max(multiplications, 1)))


def walked(read: Read, device: torch.device, memory: int) -> WholeNetwork:
    """Walk so much of the way that it has some ``KNOTS`` knots, or fewer for a large network."""
    ends, knots = read.ends, _knots(read.multiplications)

    def line(share: float) -> tuple[int, tuple[int, ...]]:
        end = ends[0] + share * (ends[1] - ends[0])
        found = exact_line(read.network, ends[0], end, device=device, memory=memory)
        return found.pieces, found.crossed

    share, (pieces, crossed) = FIRST, line(FIRST)
    while pieces < knots / 2 and share < 1:
        share = min(1.0, share * min(8.0, knots / pieces))
        pieces, crossed = line(share)
    return WholeNetwork(
        neurons=sum(read.network.widths),
        layers=len(read.network.layers),
        share=share,
        length=share * float((ends[1] - ends[0]).norm()),
        pieces=pieces,
        crossed=sum(crossed),
    )
