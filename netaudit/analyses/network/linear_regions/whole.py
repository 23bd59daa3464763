"""The whole network, from its real inputs to its outputs, along a part of the way between two of them.

The head alone is walked from end to end. A whole network of convolutions has so many neurons that only a part of the
way is walked, chosen by the number of knots; the exact pieces of that part are a density.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.network.linear_regions.payload import WholeNetwork
from netaudit.errors import SourceError
from netaudit.geometry.evaluating import evaluating
from netaudit.geometry.line import exact_line
from netaudit.geometry.reading import piecewise_linear, points
from netaudit.geometry.steps import NotPiecewiseLinearError, PiecewiseLinear
from netaudit.geometry.walk import needs
from netaudit.text import capital, printable, sentence

KNOTS = 300
"""Knots that are walked: a density then has a noise of some percent."""
WORK = 2e10
"""Multiplications for all of them by default, about a second on one core."""
FEWEST = 20
"""Knots below which no density is told."""
MOST_WEIGHTS = 10**8
"""Weights of a network that is read whole: their copy in float64 takes 800 MB."""
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
    network, sample = context.network, context.sample
    if network.make_module is None or sample is None:
        return "the architecture of the whole network is not known"
    if network.cells:
        return "the whole network has recurrent cells, which are not read"
    other = next((x for x in sample.x[1:] if (x != sample.x[0]).any()), None)
    if other is None:
        return "all real inputs are the same"
    try:
        module = network.make_module()
    except SourceError as error:
        return f"the whole network cannot be made: {printable(str(error), 120)}"
    if sum(parameter.numel() for parameter in module.parameters()) > MOST_WEIGHTS:
        return "the whole network is too large to be read in float64 by default"
    ends = points(sample.x[0], other)
    try:
        multiplications = _multiplications(module, ends[:1])
    except Exception:  # noqa: BLE001 - a module may raise anything when its input has another shape or dtype
        return "the whole network does not take the real inputs as they are"
    try:
        read = piecewise_linear(module, ends, device)
    except NotPiecewiseLinearError as error:
        return f"the whole network is not read: {printable(str(error), 300)}"
    if _knots(multiplications) < FEWEST or max(needs(read)) > MOST_MEMORY:
        return "the whole network is too large to be walked exactly by default"
    return Read(read, ends, multiplications)


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


def _multiplications(module: nn.Module, x: Tensor) -> float:
    """How many one input takes, by PyTorch's own counter."""
    from torch.utils.flop_counter import FlopCounterMode

    parameter = next(module.parameters(), x)
    counter = FlopCounterMode(display=False)
    with evaluating(module), counter, torch.no_grad():
        module(x.to(parameter.device, parameter.dtype))
    return counter.get_total_flops() / 2
