"""The head along segments between real inputs, exactly, beside the law of a random layer.

Source: arXiv:1908.06214 (the exact line), arXiv:1901.09021 (pieces of random networks); docs/method.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.needs import missing_of_network, not_relu
from netaudit.analyses.network.linear_regions.behaviour import behaviour
from netaudit.analyses.network.linear_regions.end_to_end import end_to_end
from netaudit.analyses.network.linear_regions.flips import Flips, layer_flips
from netaudit.analyses.network.linear_regions.pairs import Floats, Pair, apart, pairs
from netaudit.analyses.network.linear_regions.payload import (
    WORK,
    Behaviour,
    DrawnSegment,
    Ends,
    LayerFlips,
    LinearRegions,
    PlanePicture,
)
from netaudit.analyses.network.linear_regions.picture import picture
from netaudit.analyses.network.linear_regions.segments import LINES, MEMORY, segment
from netaudit.analyses.network.linear_regions.shadows import with_shadows
from netaudit.analyses.network.linear_regions.whole import whole
from netaudit.geometry.line import Line, exact_line
from netaudit.geometry.reading import piecewise_linear
from netaudit.numerics import device as devices
from netaudit.results.payload import NotApplicable, curve_values
from netaudit.text import printable

if TYPE_CHECKING:
    from netaudit.geometry.steps import PiecewiseLinear
    from netaudit.network.layers import FCLayer
    from netaudit.network.network import Progress

INPUTS = 200
"""Real inputs at most: four times the segments of one kind."""
MOST_WORK = 2e12
"""Multiplications for one segment: some minutes on one core. One segment of each kind is walked in any case, whatever
all may take together, unless it needs more than this."""
BINS = 60
PLACES = 300
"""Bins and places of a drawn segment: what a figure of one column can show."""


def measure(context: NetworkContext) -> LinearRegions | NotApplicable:
    """Walk segments between inputs of the head; where it has no hidden layers, of the whole network."""
    why = missing_of_network(("head", "data"), context) or _no_hidden_layers(context)
    if why is not None:
        return end_to_end(context, why)
    head, sample, backbone = context.network.head, context.sample, context.network.backbone
    assert head is not None
    assert sample is not None
    assert backbone is not None
    other = not_relu(head)
    if other is not None:
        return NotApplicable(other)
    constant = next((name for name, scale in context.scales.items() if not scale), None)
    if constant is not None:
        return NotApplicable(f"The weights of {printable(constant, 80)} are constant, or not finite.")
    context.progress("linear regions", 0.0, 0.0)
    inputs = backbone(torch.from_numpy(sample.x[:INPUTS])).double().cpu()
    labels = None if sample.y is None else sample.y[: len(inputs)]
    ends = pairs(inputs.numpy(), labels, context.settings.seed)
    if not ends:
        return NotApplicable("All real inputs are the same.")
    return devices.with_cpu_fallback(
        lambda where: _measured(context, inputs.numpy(), ends, devices.float64_device(where)), context.settings.device
    )


def _no_hidden_layers(context: NetworkContext) -> str | None:
    """Why the head has no linear pieces, as a clause; None where it has hidden layers."""
    head = context.network.head
    single = head is None or len(head.layers) < 2
    return "the head has a single layer, so that it is one linear piece" if single else None


def _measured(context: NetworkContext, x: Floats, ends: Mapping[Ends, Pair], device: torch.device) -> LinearRegions:
    head = context.network.head
    assert head is not None
    names = [layer.name for layer in head.layers]
    layers = [context.read(name) for name in names]
    ends = with_shadows(ends, x, layers, device)
    values = [(_on(device, a), _on(device, b)) for a, b in ends.values()]
    flips: list[list[Flips]] = []
    judged: list[Behaviour | None] = []
    nearest = _nearest(layers[0], _on(device, x))
    for number, layer in enumerate(layers[:-1]):
        context.progress("linear regions, layer by layer", number, len(layers) - 1)
        # a shadow comes out of the layer's own weights, so that no random layer is its null
        independent = [pair for kind, pair in zip(ends, values, strict=True) if kind != "shadow"]
        judged.append(behaviour(layer, independent, device, context.settings.seed))
        found, values = layer_flips(layer, values, device, context.settings.seed)
        flips.append(found)
    read, lines = _lines(layers, flips, ends, device, context.progress)
    quantiles = np.quantile(nearest, (0.05, 0.5, 0.95)).tolist()
    return LinearRegions(
        layers=tuple(names[:-1]),
        flips=tuple(_flips(names[:-1], [len(layer.weight) for layer in layers], flips, ends, lines)),
        behaviour=tuple(found for found in judged if found is not None),
        segments=tuple(segment(kind, pair, line) for kind, pair, line in lines),
        drawn=tuple(_drawn(kind, *next(found[1:] for found in lines if found[0] == kind)) for kind in ends if lines),
        plane=None if read is None else _plane(read, ends, lines, device),
        whole=whole(context, device, MEMORY),
        nearest=(quantiles[0], quantiles[1], quantiles[2]),
        apart=apart(ends),
        inputs=len(x),
    )


def _on(device: torch.device, x: Floats) -> Tensor:
    return torch.from_numpy(x).to(device)


def _nearest(layer: FCLayer, x: Tensor) -> Floats:
    """The distance from each input ``[N, n]`` to the nearest hyperplane of the first layer, ``[N]``."""
    weight = layer.weight.to(x.device, torch.float64)
    z = x @ weight.T
    z = z if layer.bias is None else z + layer.bias.to(x.device, torch.float64)
    norms = weight.norm(dim=1)
    found: Floats = (z.abs()[:, norms > 0] / norms[norms > 0]).amin(1).cpu().numpy()
    return found


Walked = tuple[Ends, Pair, Line]


def _lines(
    layers: list[FCLayer],
    flips: list[list[Flips]],
    ends: Mapping[Ends, Pair],
    device: torch.device,
    progress: Progress,
) -> tuple[PiecewiseLinear | None, list[Walked]]:
    """The first segments of each kind, walked exactly, as many as the work allows for; and the head as it was read."""
    work = _work([layer.shape for layer in layers], flips)
    counts = [0 if one > MOST_WORK else min(LINES, max(1, int(WORK / len(ends) / max(one, 1.0)))) for one in work]
    if not any(counts):
        return None, []
    example = torch.from_numpy(next(iter(ends.values()))[0][:1])
    read = piecewise_linear([(layer.weight, layer.bias) for layer in layers], example, device)
    lines: list[Walked] = []
    done, total = 0.0, sum(one * count for one, count in zip(work, counts, strict=True))
    for (kind, (a, b)), count, one_takes in zip(ends.items(), counts, work, strict=True):
        for one, other in zip(a[:count], b[:count], strict=True):
            progress("linear regions, segment by segment", done, total)
            lines.append((kind, (one, other), exact_line(read, one, other, device=device, memory=MEMORY)))
            done += one_takes
    return read, lines


def _plane(
    read: PiecewiseLinear, ends: Mapping[Ends, Pair], lines: list[Walked], device: torch.device
) -> PlanePicture | None:
    """A picture between the ends of the first segment and another real input."""
    kind, (one, other), line = lines[0]
    third = next((x for x in ends[kind][1] if (x != one).any() and (x != other).any()), None)
    return None if third is None else picture(read, (one, other, third), line.pieces, device, MEMORY)


def _work(shapes: list[tuple[int, int]], flips: list[list[Flips]]) -> list[float]:
    """The multiplications that one segment of each kind takes: each knot goes through the layers above its own."""
    found = []
    for of_kind in zip(*flips, strict=True):
        knots, work = 0.0, 0.0
        for one, (m, _), (above, _) in zip(of_kind, shapes, shapes[1:], strict=False):
            knots += one.flipped * m
            work += knots * m * above
        found.append(work)
    return found


def _flips(
    names: list[str], neurons: list[int], flips: list[list[Flips]], ends: Mapping[Ends, Pair], lines: list[Walked]
) -> Any:
    for layer, (name, of_layer) in enumerate(zip(names, flips, strict=True)):
        for (kind, (a, _)), one in zip(ends.items(), of_layer, strict=True):
            crossed = [line.crossed[layer] / neurons[layer] for other, _, line in lines if other == kind]
            yield LayerFlips(
                layer=name,
                ends=kind,
                neurons=neurons[layer],
                segments=len(a),
                flipped=one.flipped,
                expected=one.expected,
                dispersion=one.dispersion,
                shuffled=one.shuffled,
                shuffled_dispersion=one.shuffled_dispersion,
                crossed=float(np.mean(crossed)) if crossed else None,
            )


def _drawn(kind: Ends, _: Pair, line: Line) -> DrawnSegment:
    """The logit of the first end's class, and where the neurons of each layer change their state."""
    output = int(line.values[0].argmax())
    t = np.linspace(0, 1, PLACES)
    knots = [
        np.histogram(line.event_t[line.event_layer == layer], BINS, (0, 1))[0].tolist()
        for layer in range(len(line.layers))
    ]
    return DrawnSegment(kind, output, curve_values(t), curve_values(line.at(t)[:, output]), tuple(map(tuple, knots)))
