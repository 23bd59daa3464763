"""Layers for the verdict of ``linear_regions``: random ones, and rows that look alike more or less."""

from __future__ import annotations

import numpy as np
import torch

from netaudit.analyses.network.linear_regions.behaviour import SEGMENTS, Floats, behaviour
from netaudit.network.layers import FCLayer
from netaudit.numerics import device as devices
from netaudit.studies.geometry_claims.lines import Kind, Line

KINDS = 3
"""Kinds of segments, as an audit with labels has them."""


def _line(kind: Kind, planted: str, strength: str, draws: int, plant: int, *settings: float) -> Line:
    return Line("linear_regions", kind, planted, strength, draws, (plant, *settings))


_GAUSSIAN, _COHERENT, _COPIES = range(3)
_ROWS = "Rows that share a direction, 300 x 300, without a bias"
_SHARED = "shared part {} of a weight's standard deviation"
_TWINS = "Each neuron several times, 300 x 300, without a bias"
LINES = (
    _line("false_alarm", "Gaussian layer 30 x 300, without a bias", "", 1000, _GAUSSIAN, 30, 300, 0, 0),
    _line("false_alarm", "Gaussian layer 300 x 300, without a bias", "", 500, _GAUSSIAN, 300, 300, 0, 0),
    _line("false_alarm", "Gaussian layer 300 x 300, with biases and a mean", "", 500, _GAUSSIAN, 300, 300, 1, 0.2),
    _line("false_alarm", "Gaussian layer 1000 x 784, with biases", "", 40, _GAUSSIAN, 1000, 784, 1, 0),
    *(_line("below", _ROWS, _SHARED.format(s), 60, _COHERENT, s) for s in (0.2, 0.3)),
    *(_line("power", _ROWS, _SHARED.format(s), 60, _COHERENT, s) for s in (0.5, 0.7)),
    _line("below", _TWINS, "twice", 60, _COPIES, 2),
    _line("power", _TWINS, "3 times", 60, _COPIES, 3),
    _line("power", _TWINS, "5 times", 60, _COPIES, 5),
)


def noticed(line: Line, seed: int) -> bool:
    """Whether the layer of a draw fails."""
    draw = devices.numpy_generator(seed, line.key)
    plant, *settings = line.settings
    weight, bias = _drawn(draw, int(plant), settings)
    depth = weight.shape[1]
    pixels = draw.standard_normal((2 * KINDS * SEGMENTS, depth))
    below = draw.standard_normal((depth, depth)) * np.sqrt(2 / depth)
    inputs = [torch.from_numpy(part) for part in np.split(np.maximum(pixels @ below.T, 0), 2 * KINDS)]
    layer = FCLayer("layer", torch.from_numpy(weight), None if bias is None else torch.from_numpy(bias))
    found = behaviour(layer, list(zip(inputs[:KINDS], inputs[KINDS:], strict=True)), torch.device("cpu"), seed)
    return found is not None and found.verdict == "fails"


def _drawn(draw: np.random.Generator, plant: int, settings: list[float]) -> tuple[Floats, Floats | None]:
    """A weight and perhaps a bias."""
    if plant == _COHERENT:
        common = draw.standard_normal(300)
        return draw.standard_normal((300, 300)) + settings[0] * common, None
    if plant == _COPIES:
        times = int(settings[0])
        return np.tile(draw.standard_normal((300 // times, 300)), (times, 1)), None
    m, n, biased, mean = settings
    weight = draw.standard_normal((int(m), int(n))) + mean
    return weight, draw.standard_normal(int(m)) * np.sqrt(n) if biased else None
