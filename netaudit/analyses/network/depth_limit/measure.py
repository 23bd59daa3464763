"""Runs of square layers of the head, and the residual blocks of the module.

Source: Xu and Zhang, arXiv:2107.12530; the bounds are derived in docs/method.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.network.depth_limit.payload import DepthLimit, RunOnData, SquareLayer, SquareRun
from netaudit.analyses.network.depth_limit.residual import Residual, residual
from netaudit.analyses.network.depth_limit.summary import medians
from netaudit.errors import SourceError
from netaudit.geometry.depth.identity import compare
from netaudit.geometry.depth.norms import spectral_norm
from netaudit.geometry.depth.stack import FEWEST, OnData, decay, he_twin, run
from netaudit.numerics import device as devices
from netaudit.results.payload import NotApplicable

INPUTS = 200
"""Real inputs at most: a median over them is known to within a tenth of the spread."""
WIDEST = 2048
"""Width up to which a layer is looked at, since all layers of a run are in memory at once: 34 MB each in float64."""


def measure(context: NetworkContext) -> DepthLimit | NotApplicable:
    """Look at the runs of the head, then at the residual blocks."""
    measured = [
        devices.with_cpu_fallback(partial(_run, context, names), context.settings.device)
        for names in square_runs(context)
    ]
    runs = tuple(run for run in measured if run is not None)
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
        if layer.activation not in (("relu", "linear") if last else ("relu",)):
            square = 0
        if square == 0 or square != width:
            if len(names) >= FEWEST:
                yield names
            names, width = [], square
        if square:
            names.append(layer.name)
    if len(names) >= FEWEST:
        yield names


def _width(context: NetworkContext, name: str) -> int:
    """The width of a square layer that can be read, by its shape alone; 0 for any other."""
    try:
        m, n = context.network.spec(name).shape
    except SourceError:
        return 0
    return int(m) if m == n and m <= WIDEST else 0


def _run(context: NetworkContext, names: list[str], device: torch.device) -> SquareRun | None:
    """One run; None where a layer is not finite."""
    context.progress("distance from the identity", 0.0, 0.0)
    device = devices.float64_device(device)
    seed, pairs = context.settings.seed, []
    for name in names:
        layer = context.read(name)
        weight = layer.weight.to(device, torch.float64)
        bias = None if layer.bias is None else layer.bias.to(device, torch.float64)
        pairs.append((weight, bias))
    if not all(bool(part.isfinite().all()) for pair in pairs for part in pair if part is not None):
        return None
    found = [compare(weight, bias, seed + place, len(names)) for place, (weight, bias) in enumerate(pairs)]
    width = found[0].width
    twin = he_twin(width, len(names), seed, device)
    control, _ = spectral_norm(twin[0][0] - torch.eye(width, dtype=torch.float64, device=device), seed)
    head = context.network.head
    assert head is not None
    last_relu = {layer.name: layer.activation for layer in head.layers}[names[-1]] == "relu"
    below = _inputs(context, names[0], device)
    at_most = [each.at_most for each in found]
    data = None
    if below is not None:
        steps = run(twin, [0.0] * len(twin), below, last_relu).steps
        data = _on_data(run(pairs, at_most, below, last_relu), steps)
    layers = tuple(
        SquareLayer(
            name, each.width, each.distance, each.at_most, each.z, each.z_shuffled, each.cosine, each.matched,
            each.matched_shuffled, each.matched_distance, each.bias, each.likeness,
        )
        for name, each in zip(names, found, strict=True)
    )  # fmt: skip
    return SquareRun(layers, control, decay(at_most), data)


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


def _on_data(own: OnData, control_steps: Tensor) -> RunOnData:
    lengths = own.lengths[:, None]
    return RunOnData(
        steps=medians(own.steps),
        control_steps=medians(control_steps),
        errors=medians(own.errors, lengths),
        bounds=medians(own.bounds, lengths),
        tightness=medians(own.errors, own.bounds),
    )
