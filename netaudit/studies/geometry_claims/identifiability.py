"""Networks for the verdict of ``identifiability``: random ones, and ones with hidden neurons planted in a layer."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netaudit.analyses.network.identifiability.measure import payload
from netaudit.analyses.network.identifiability.payload import Told
from netaudit.geometry import identifiable
from netaudit.numerics import device as devices
from netaudit.studies.geometry_claims.lines import Kind, Line

Floats = NDArray[np.float64]
Layers = list[tuple[Floats, Floats]]

SIZES = (100, 200, 100, 10)
"""Widths of the networks in which neurons are hidden."""
PLANTED = 4
"""Neurons that are hidden there: 2 % of the first hidden layer, 4 % of the second."""
_PLANTS = ("none", "twins", "opposite", "muted", "dead", "always_on", "dead_above")
_PARTLY, _NOT_IDENTIFIABLE = range(2)


def _line(kind: Kind, planted: str, strength: str, draws: int, *settings: float, expected: float | None = None) -> Line:
    return Line("identifiability", kind, planted, strength, draws, settings, expected)


def _random(kind: Kind, draws: int, answer: int, low: float, bias: float, *sizes: int) -> Line:
    """A line of random networks without a plant."""
    words = ("“partly hidden”", "Not “identifiable”")[answer]
    biases = f"biases of {bias:g}" if bias else "no biases"
    planted = f"{words}, random network of widths {', '.join(map(str, sizes))}"
    strength = f"{biases}, box from {low:g} to 1"
    return _line(kind, planted, strength, draws, answer, _PLANTS.index("none"), low, bias, *sizes)


def _plant(kind: Kind, plant: str, words: str, strength: float, how: str, answer: int = _PARTLY) -> Line:
    """A line of networks with hidden neurons."""
    verdict = ("“partly hidden”", "Not “identifiable”")[answer]
    return _line(kind, f"{verdict}, {words}", how.format(strength), 100, answer, _PLANTS.index(plant), strength)


def _law(m: int, n: int) -> Line:
    """On [0, 1] a neuron without a bias is hidden exactly where its weights have one sign, with chance 2^(1 - n)."""
    expected = 1 - (1 - 2.0 ** (1 - n)) ** m
    planted = "“partly hidden” for one Gaussian layer, as often as the exact law says"
    return _line(
        "rate", planted, f"{m} neurons, {n} inputs from 0 to 1", 2000, _PARTLY, 0, 0, 0, n, m, 1, expected=expected
    )


_NOISE = "relative noise {:g}"
_SHARE = "{:g} of the other columns"
_BOUND = "bias {:g} of the largest weighted sum"
LINES = (
    _random("false_alarm", 500, _PARTLY, -1, 0, 10, 20, 20, 1),
    _random("false_alarm", 500, _PARTLY, -1, 0.3, 100, 100, 100, 100, 100, 10),
    _random("false_alarm", 500, _PARTLY, 0, 0.3, 100, 100, 100, 100, 100, 10),
    _random("false_alarm", 100, _NOT_IDENTIFIABLE, -1, 0.3, 784, 300, 100, 10),
    _random("false_alarm", 100, _NOT_IDENTIFIABLE, 0, 0, 784, 300, 100, 10),
    _random("below", 500, _NOT_IDENTIFIABLE, -1, 0.3, 100, 100, 100, 100, 100, 10),
    _law(8, 6),
    _law(20, 9),
    *(_plant("power", "twins", "two pairs of twins", noise, _NOISE) for noise in (0.0, 1e-4, 1e-3)),
    _plant("below", "twins", "two pairs of twins", 2e-3, _NOISE),
    *(_plant("power", "opposite", "two pairs of opposite twins", noise, _NOISE) for noise in (0.0, 1e-3)),
    *(_plant("power", "muted", "outgoing weights of four neurons", share, _SHARE) for share in (0.0, 1e-7)),
    _plant("below", "muted", "outgoing weights of four neurons", 1e-5, _SHARE),
    _plant("power", "dead", "four negative biases in the first layer", 1.0, _BOUND),
    _plant("below", "dead", "four negative biases in the first layer", 0.99, _BOUND),
    _plant("power", "always_on", "four positive biases in the first layer", 1.0, _BOUND),
    _plant("power", "dead_above", "four negative biases in the second layer", 1.0, _BOUND),
    _plant("power", "dead_above", "four negative biases in the second layer", 0.3, _BOUND, _NOT_IDENTIFIABLE),
    _plant("below", "dead_above", "four negative biases in the second layer", 0.1, _BOUND, _NOT_IDENTIFIABLE),
)


def noticed(line: Line, seed: int) -> bool:
    """Whether the verdict is the one that the line is about."""
    draw = devices.numpy_generator(seed, line.key)
    answer, plant, *settings = line.settings
    name, low = _PLANTS[int(plant)], -1.0
    if name == "none":
        low, bias, *sizes = settings
        layers = random_layers(draw, [int(size) for size in sizes], bias)
    else:
        layers = random_layers(draw, SIZES, 0.3)
        hide(layers, name, settings[0], draw)
    found = verdict(layers, low, seed)
    return found == "partly" if answer == _PARTLY else found != "identifiable"


def verdict(layers: Layers, low: float, seed: int) -> Told:
    """What the analysis says of a network on the box from ``low`` to 1."""
    names = [str(number) for number in range(len(layers))]
    return payload(identifiable(layers, low, 1.0, seed=seed), names, (low, 1.0), 0).verdict


def random_layers(draw: np.random.Generator, sizes: Any, bias: float) -> Layers:
    """He initialisation of widths ``sizes``, bottom to top, with Gaussian biases of that standard deviation."""
    return [(draw.normal(0, np.sqrt(2 / n), (m, n)), bias * draw.standard_normal(m)) for n, m in pairwise(sizes)]


def hide(layers: Layers, plant: str, strength: float, draw: np.random.Generator) -> None:
    """Hide ``PLANTED`` neurons, in place."""
    (weight, bias), (above, shift) = layers[:2]
    some, others = slice(0, PLANTED // 2), slice(PLANTED // 2, PLANTED)
    if plant in ("twins", "opposite"):
        sign = 1 if plant == "twins" else -1
        rows = np.concatenate([weight, bias[:, None]], 1)
        noise = draw.standard_normal(rows[some].shape)
        noise *= (
            strength * np.linalg.norm(rows[some], axis=1, keepdims=True) / np.linalg.norm(noise, axis=1, keepdims=True)
        )
        rows[others] = sign * 1.7 * (rows[some] + noise)
        weight[:], bias[:] = rows[:, :-1], rows[:, -1]
    elif plant == "muted":
        above[:, :PLANTED] *= strength
    elif plant == "dead_above":
        high = np.maximum(np.abs(weight).sum(1) + bias, 0)  # the most that the layer below can give
        shift[:PLANTED] = -strength * (1 + 1e-9) * np.maximum(above[:PLANTED], 0) @ high
    else:
        sign = 1 if plant == "always_on" else -1
        bias[:PLANTED] = sign * strength * (1 + 1e-9) * np.abs(weight[:PLANTED]).sum(1)
