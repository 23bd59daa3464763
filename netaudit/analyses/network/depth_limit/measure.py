"""Runs of square layers of the head, and the residual blocks of the module.

Source: Xu and Zhang, arXiv:2107.12530; the bounds are derived in docs/method.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import torch
from torch import Tensor

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.network.depth_limit.payload import DepthLimit, RunOnData, SquareLayer, SquareRun
from netaudit.analyses.network.depth_limit.residual import Residual, residual
from netaudit.analyses.network.depth_limit.summary import medians
from netaudit.errors import SourceError
from netaudit.geometry.depth.identity import compare
from netaudit.geometry.depth.stack import FEWEST, OnData, decay, he_twin, run
from netaudit.numerics import device as devices
from netaudit.results.payload import NotApplicable

INPUTS = 200
"""Real inputs at most: a median over them is known to within a tenth of the spread."""
WIDEST = 4096
"""Width up to which a layer is looked at: AlexNet's; a step of the power iteration is 17 million multiplications."""


def measure(context: NetworkContext) -> DepthLimit | NotApplicable:
    """Look at the runs of the head, then at the residual blocks."""
    runs = tuple(
        devices.with_cpu_fallback(
            lambda device, names=names: _run(context, names, devices.float64_device(device)), context.settings.device
        )
        for names in square_runs(context)
    )
    blocks = residual(context)
    if not runs and isinstance(blocks, str):
        return NotApplicable(f"The head has no {FEWEST} square layers with ReLU in a row, and {blocks}.")
    found = Residual() if isinstance(blocks, str) else blocks
    return DepthLimit(runs, found.stages, found.cuts, found.inputs, found.source, found.accuracy)


def square_runs(context: NetworkContext) -> Iterator[list[str]]:
    """The names of at least three consecutive square layers of one width; a ReLU follows each but the head's last."""
    head = context.network.head
    layers = () if head is None else head.layers
    names: list[str] = []
    width = 0
    for number, layer in enumerate(layers):
        square = _width(context, layer.name)
        last = number == len(layers) - 1
        if square is None or layer.activation not in (("relu", "linear") if last else ("relu",)):
            square = None
        if square is None or square != width:
            if len(names) >= FEWEST:
                yield names
            names, width = [], square or 0
        if square is not None:
            names.append(layer.name)
    if len(names) >= FEWEST:
        yield names


def _width(context: NetworkContext, name: str) -> int | None:
    """The width of a square layer that can be read; None for any other."""
    try:
        m, n = context.network.spec(name).shape
    except SourceError:
        return None
    return m if m == n and 0 < m <= WIDEST and context.scales[name] else None


def _run(context: NetworkContext, names: list[str], device: torch.device) -> SquareRun:
    """One run; a layer is in memory while it is compared, and all of them while inputs go up."""
    context.progress("distance from the identity", 0.0, 0.0)
    seed, pairs, identities = context.settings.seed, [], []
    for number, name in enumerate(names):
        layer = context.read(name)
        weight = layer.weight.to(device, torch.float64)
        bias = None if layer.bias is None else layer.bias.to(device, torch.float64)
        identities.append(compare(weight, bias, seed + number, len(names)))
        pairs.append((weight, bias))
    width = identities[0].width
    twin = he_twin(width, len(names), seed, device)
    twins = [compare(weight, None, seed, len(names), match=False) for weight, _ in twin]
    head = context.network.head
    assert head is not None
    last_relu = {layer.name: layer.activation for layer in head.layers}[names[-1]] == "relu"
    below = _inputs(context, names[0], device)
    data = None
    if below is not None:
        own = run(pairs, identities, below, last_relu)
        data = _on_data(own, run(twin, twins, below, last_relu))
    layers = tuple(
        SquareLayer(
            name, each.width, each.distance, each.at_most, each.z, each.z_shuffled, each.cosine, each.matched,
            each.matched_shuffled, each.matched_distance, each.bias, each.likeness,
        )
        for name, each in zip(names, identities, strict=True)
    )  # fmt: skip
    return SquareRun(layers, median(each.distance for each in twins), decay([e.at_most for e in identities]), data)


def _inputs(context: NetworkContext, first: str, device: torch.device) -> Tensor | None:
    """What the first layer of a run is given on real inputs, ``[N, d]``; None where that is not known."""
    head, backbone, sample = context.network.head, context.network.backbone, context.sample
    if head is None or backbone is None or sample is None or context.inputs.logits is None:
        return None
    x = backbone(torch.from_numpy(sample.x[:INPUTS])).to(device, torch.float64)
    for layer in head.layers:
        if layer.name == first:
            return x
        if layer.activation != "relu":
            return None
        below = context.read(layer.name)
        z = x @ below.weight.to(device, torch.float64).T
        x = (z if below.bias is None else z + below.bias.to(device, torch.float64)).relu()
    return None


def _on_data(own: OnData, twin: OnData) -> RunOnData:
    lengths = own.lengths[:, None]
    return RunOnData(
        steps=medians(own.steps),
        control_steps=medians(twin.steps),
        errors=medians(own.errors, lengths),
        bounds=medians(own.bounds, lengths),
        tightness=medians(own.errors, own.bounds),
    )
