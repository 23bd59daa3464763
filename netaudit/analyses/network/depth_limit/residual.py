"""The residual blocks of the module on real inputs, or on Gaussian ones where there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.network.depth_limit.payload import Cut, Source, Stage
from netaudit.analyses.network.depth_limit.summary import medians
from netaudit.errors import SourceError
from netaudit.geometry.depth.blocks import residual_blocks
from netaudit.geometry.depth.residual import ResidualDepth, residual_depth
from netaudit.numerics import device as devices
from netaudit.results.payload import LONGEST_CURVE
from netaudit.text import printable

if TYPE_CHECKING:
    from torch import Tensor, nn

    from netaudit.network.network import Network

INPUTS = 200
"""Inputs at most: a share of one half has a standard error of 3.5 %."""
FEWEST = 4
"""Inputs at least, whatever the network's size."""
PARAMETERS = 200_000_000
"""Parameters of the largest module that is run: 0.8 GB in float32, above vit_b_16's 86 million."""
WORK = 1e11
"""Multiplications of all passes together by default, some ten seconds on one core; the steps are measured on
``FEWEST`` inputs in any case, and one cut is made."""


@dataclass(frozen=True)
class Residual:
    """What the payload holds of residual blocks."""

    stages: tuple[Stage, ...] = ()
    cuts: tuple[Cut, ...] = ()
    inputs: int = 0
    source: Source | None = None
    accuracy: float | None = None


def residual(context: NetworkContext) -> Residual | str:
    """The residual blocks; or why there is nothing to say of them, as a clause."""
    network = context.network
    if network.make_module is None:
        return "the network's architecture is not known, so that residual blocks are not seen"
    if not _may_have_blocks(network):
        return "the network has no residual blocks"
    if network.parameters_total > PARAMETERS:
        return "the network is too large to be run again and again by default"
    x, y, source = _inputs(context)
    if x is None:
        return "there are no real inputs for its residual blocks, and the shape of an input is not known (--data)"
    try:
        module = network.module()
    except SourceError as error:
        return f"its residual blocks cannot be run: {printable(str(error), 120)}"
    blocks = residual_blocks(module)
    if not blocks:
        return "the network has no residual blocks"
    context.progress("residual blocks", 0.0, 0.0)
    if any(parameter.dtype in (torch.float16, torch.bfloat16) for parameter in module.parameters()):
        module = module.float()
    one = _multiplications(module, x[:1])
    passes = WORK / max(one, 1.0)
    x = x[: min(INPUTS, max(FEWEST, int(passes / (len(blocks) + 1))))]
    most = max(1, int(passes / len(x)) - 1)
    try:
        found = devices.with_cpu_fallback(
            lambda device: residual_depth(module.to(device), x.to(device), most_cuts=most, seed=context.settings.seed),
            context.settings.device,
        )
    except ValueError:
        return "its residual blocks do not run once in a pass, or change the shape of their input"
    return _summary(found, len(x), source, None if y is None else y[: len(x)])


def _may_have_blocks(network: Network) -> bool:
    """Whether the recorded pass adds two values anywhere; so that no module is made for nothing."""
    graph = network.graph
    return graph is None or any("add" in op.name and len(set(op.inputs)) > 1 for op in graph.ops)


def _inputs(context: NetworkContext) -> tuple[Tensor | None, Tensor | None, Source]:
    sample, shape = context.sample, context.network.input_shape
    if sample is not None and context.inputs.logits is not None:  # else they do not fit the network
        y = None if sample.y is None else torch.from_numpy(sample.y[:INPUTS])
        return torch.from_numpy(sample.x[:INPUTS]), y, "real"
    if shape is None:
        return None, None, "gaussian"
    generator = devices.generator(context.settings.seed, "depth_limit", "inputs")
    return torch.randn(INPUTS // 4, *shape, generator=generator), None, "gaussian"


def _multiplications(module: nn.Module, x: Tensor) -> float:
    """The multiplications of one input, as PyTorch counts them in a pass."""
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        module.eval()(x)
    return counter.get_total_flops() / 2


def _summary(found: ResidualDepth, inputs: int, source: Source, y: Tensor | None) -> Residual:
    labels = found.outputs.argmax(1)
    cuts = []
    for cut in found.cuts:
        other = cut.outputs.argmax(1)
        left_out = len(found.stages[cut.stage].blocks) - cut.kept
        if left_out > LONGEST_CURVE:
            continue
        change = (cut.outputs - found.outputs).norm(dim=1, keepdim=True)
        kept = float((other == labels).double().mean())
        accuracy = None if y is None else float((other == y).double().mean())
        cuts.append(
            Cut(cut.stage, left_out, medians(change, found.outputs.norm(dim=1, keepdim=True))[0], kept, accuracy)
        )
    stages = []
    for stage in found.stages:
        lengths = stage.lengths[:, None]
        names = tuple(block.name for block in stage.blocks[-LONGEST_CURVE:])
        bounds = None if stage.bounds is None else medians(stage.bounds, lengths)
        stages.append(
            Stage(names, medians(stage.steps), medians(stage.errors, lengths), medians(stage.paths, lengths), bounds)
        )
    accuracy = None if y is None else float((labels == y).double().mean())
    return Residual(tuple(stages), tuple(cuts), inputs, source, accuracy)
