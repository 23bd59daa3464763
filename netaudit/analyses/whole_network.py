"""The whole network read as a piecewise-linear map, for analyses that look past the head; or why it is not read."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from netaudit.analyses.context import NetworkContext
from netaudit.errors import SourceError
from netaudit.geometry.evaluating import evaluating
from netaudit.geometry.reading import piecewise_linear
from netaudit.geometry.steps import NotPiecewiseLinearError, PiecewiseLinear
from netaudit.text import printable

MOST_WEIGHTS = 10**8
"""Weights of a network that is read whole: their copy in float64 takes 800 MB."""


@dataclass(frozen=True)
class WholeModule:
    """The whole network, as it was read."""

    network: PiecewiseLinear
    multiplications: float
    """Of one input."""


def gap(context: NetworkContext) -> str | None:
    """Why the whole network cannot be read, as a clause; None where its module and its real inputs are known."""
    if context.network.make_module is None:
        return "the architecture of the whole network is not known"
    if context.sample is None:
        return "the shape of the whole network's inputs is not known without real inputs (--data)"
    return "the whole network has recurrent cells, which are not read" if context.network.cells else None


def read_module(context: NetworkContext, examples: Tensor, device: torch.device) -> WholeModule | str:
    """Read the whole network, of which :func:`gap` found nothing missing; or why it is not read, as a clause.

    Args:
        context: the network.
        examples: real inputs ``[N, ...]`` at which what was read is checked, float64, on the CPU.
        device: where it will run.
    """
    assert context.network.make_module is not None
    try:
        module = context.network.make_module()
    except SourceError as error:
        return f"the whole network cannot be made: {printable(str(error), 120)}"
    if sum(parameter.numel() for parameter in module.parameters()) > MOST_WEIGHTS:
        return "the whole network is too large to be read in float64 by default"
    try:
        multiplications = _multiplications(module, examples[:1])
    except Exception:  # noqa: BLE001 - a module may raise anything when its input has another shape or dtype
        return "the whole network does not take the real inputs as they are"
    try:
        return WholeModule(piecewise_linear(module, examples, device), multiplications)
    except NotPiecewiseLinearError as error:
        return f"the whole network is not read: {printable(str(error), 300)}"


def _multiplications(module: nn.Module, x: Tensor) -> float:
    """How many one input takes, by PyTorch's own counter."""
    from torch.utils.flop_counter import FlopCounterMode

    parameter = next(module.parameters(), x)
    counter = FlopCounterMode(display=False)
    with evaluating(module), counter, torch.no_grad():
        module(x.to(parameter.device, parameter.dtype))
    return counter.get_total_flops() / 2
