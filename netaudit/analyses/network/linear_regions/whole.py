"""The whole network, from its real inputs to its outputs, along a part of the way between two of them.

The head alone is walked from end to end. A whole network of convolutions has so many neurons that only a part of the
way is walked, chosen by the number of knots; the exact pieces of that part are a density.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.network.linear_regions.payload import WholeNetwork
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


def whole(context: NetworkContext, device: torch.device, memory: int) -> WholeNetwork | None:
    """Walk a part of the way between the first two real inputs that differ; None where the head is the whole network.

    Args:
        context: the network with its real inputs.
        device: where it runs.
        memory: bytes for the values at the knots.
    """
    network, sample = context.network, context.sample
    if network.make_module is None or sample is None:
        return _left_out("the architecture of the whole network is not known")
    other = next((x for x in sample.x[1:] if (x != sample.x[0]).any()), None)
    if other is None:
        return None
    module = network.make_module()
    if sum(parameter.numel() for parameter in module.parameters()) > MOST_WEIGHTS:
        return _left_out("the whole network is too large to be read in float64 by default")
    ends = points(sample.x[0], other)
    try:
        read = piecewise_linear(module, ends, device)
    except NotPiecewiseLinearError as error:
        return _left_out(f"the whole network is not read: {printable(str(error), 300)}")
    head = network.head
    hidden = () if head is None else tuple(network.spec(layer.name).shape[0] for layer in head.layers[:-1])
    if read.widths == hidden:
        return None
    knots = int(min(KNOTS, WORK / max(_multiplications(module, ends[:1]), 1)))
    if knots < FEWEST or max(needs(read)) > MOST_MEMORY:
        return _left_out("the whole network is too large to be walked exactly by default")
    return _walked(read, ends, knots, device, memory)


def _walked(read: PiecewiseLinear, ends: Tensor, knots: int, device: torch.device, memory: int) -> WholeNetwork:
    def line(share: float) -> tuple[int, tuple[int, ...]]:
        found = exact_line(read, ends[0], ends[0] + share * (ends[1] - ends[0]), device=device, memory=memory)
        return found.pieces, found.crossed

    share, (pieces, crossed) = FIRST, line(FIRST)
    while pieces < knots / 2 and share < 1:
        share = min(1.0, share * min(8.0, knots / pieces))
        pieces, crossed = line(share)
    return WholeNetwork(
        neurons=sum(read.widths),
        layers=len(read.layers),
        share=share,
        length=share * float((ends[1] - ends[0]).norm()),
        pieces=pieces,
        crossed=sum(crossed),
    )


def _multiplications(module: nn.Module, x: Tensor) -> float:
    """How many one input takes, by PyTorch's own counter."""
    from torch.utils.flop_counter import FlopCounterMode

    parameter = next(module.parameters(), x)
    modes = [(part, part.training) for part in module.modules()]
    counter = FlopCounterMode(display=False)
    try:
        with counter, torch.no_grad():
            module.eval()(x.to(parameter.device, parameter.dtype))
    finally:
        for part, mode in modes:
            part.training = mode
    return counter.get_total_flops() / 2


def _left_out(why: str) -> WholeNetwork:
    return WholeNetwork(note=sentence(capital(why)))
