"""The door: which hidden neurons can be told from the outputs on a box of inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from netaudit.geometry import reading
from netaudit.geometry.identifiability.bounds import Box, preactivations
from netaudit.geometry.identifiability.muted import muted
from netaudit.geometry.identifiability.neurons import CAUSES, HIDING, Cause, Identifiable, Neurons
from netaudit.geometry.identifiability.stack import Layer, stack
from netaudit.geometry.identifiability.switching import Seen, drawn
from netaudit.geometry.identifiability.twins import Twins, twins
from netaudit.numerics import device as devices

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from torch import nn

    from netaudit.geometry.reading import Layers
    from netaudit.geometry.steps import PiecewiseLinear

DRAWN = 64
"""Uniform points, and as many corners, at which neurons are looked at beside the given points. A neuron that is on at
one point of 20 is not seen on at 64 of them in 4 cases of 100, and is then followed."""


def identifiable(
    network: nn.Module | Layers | PiecewiseLinear,
    low: float | Tensor | ArrayLike = -1.0,
    high: float | Tensor | ArrayLike = 1.0,
    points: Tensor | ArrayLike | None = None,
    *,
    shape: tuple[int, ...] | None = None,
    seed: int = 0,
    device: str | torch.device = "cpu",
) -> Identifiable:
    """Tell for each hidden neuron whether it can be told from the outputs on a box of inputs, or what hides it.

    What outputs can give is each neuron up to its place in the layer and a positive factor, by the places at which it
    switches (Rolnick and Kording 2020, arXiv:1910.00744). docs/method.md says how each cause is decided.

    Args:
        network: pairs of a weight ``[m, n]`` and a bias ``[m]`` or None, bottom to top, with ReLU between them and none
            at the end; or a module that is such a stack, of linear layers, convolutions, batch norm in eval mode and
            average pooling.
        low: lower end of the box, a number or one an input. From -1 to 1 is the usual range of scaled inputs.
        high: upper end.
        points: real inputs in the box, ``[N, ...]``, at which the share of neurons that are on is taken; random points
            of the box where there are none.
        shape: of one input of a module, where there are no points.
        seed: the random points follow from it.
        device: where it runs; ``auto`` takes a GPU where there is one.

    Returns:
        The hidden layers, bottom to top; none for a single layer.

    >>> bottom = [[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 1.0]], [0.0, 0.0, 2.0, 0.5]
    >>> found = identifiable([bottom, ([[1.0, 1.0, 1.0, 1.0]], [0.0])])
    >>> found.layers[0].causes, found.identifiable_share
    (('twin', 'twin', 'always_on', 'identifiable'), 0.25)

    Raises:
        NotPiecewiseLinearError: the network is no stack, or has an operation that is not read.
        ValueError: the layers, box and points do not fit, the box is empty or not finite, or a point lies outside it.
        DeviceError: this machine has no such device.
    """
    where = reading.device_of(device)
    x = None if points is None else reading.points(points)[0].to(where)
    with torch.no_grad():
        layers = stack(network, shape if x is None else x.shape[1:], where)
        box = _box(low, high, layers[0].weight.shape[1], where)
        given = None if x is None or not len(x) else _inside(x.flatten(1), box)
        return _identified(layers, box, given, drawn(box, DRAWN, devices.generator(seed, "identifiability", "points")))


def _box(low: float | Tensor | ArrayLike, high: float | Tensor | ArrayLike, n: int, device: torch.device) -> Box:
    ends = [torch.as_tensor(end, dtype=torch.float64).to(device).flatten() for end in (low, high)]
    if any(len(end) not in (1, n) for end in ends):
        raise ValueError(f"the ends of the box are {[len(end) for end in ends]} numbers for {n} inputs")
    box = Box(*(end.expand(n) for end in ends))
    if not bool((box.low <= box.high).all()) or not bool((box.low.isfinite() & box.high.isfinite()).all()):
        raise ValueError("the box is empty, or not finite")
    return box


def _inside(x: Tensor, box: Box) -> Tensor:
    if x.shape[1] != len(box.low):
        raise ValueError(f"points of {x.shape[1]} numbers do not fit {len(box.low)} inputs")
    if not bool(((x >= box.low) & (x <= box.high)).all()):
        raise ValueError("a point lies outside the box")
    return x


def _identified(layers: Sequence[Layer], box: Box, given: Tensor | None, random: Tensor) -> Identifiable:
    """The causes: by the bounds, bottom to top; by what is above, top to bottom; by twins; and by points."""
    hidden, boxes, inputs = layers[:-1], [], [box]
    surely: list[Box] = []
    for layer in hidden:
        outer, inner = preactivations(layer.weight, layer.bias, inputs[-1])
        boxes.append(outer)
        surely.append(inner)
        inputs.append(outer.relu())
    dead = [z.high <= 0 for z in boxes]
    always = [(z.low >= 0) & (z.high > 0) for z in boxes]
    silent = _muted(layers, inputs, dead)
    undecided = [~(d | a | s) for d, a, s in zip(dead, always, silent, strict=True)]
    alike = [
        twins(layer.weight, layer.bias, below, members.nonzero()[:, 0])
        for layer, below, members in zip(hidden, inputs, undecided, strict=False)
    ]
    seen = Seen([(layer.weight, layer.bias) for layer in hidden], box)
    counts = seen.look(random if given is None else given)
    if given is not None:
        seen.look(random)
    if hidden:  # the inputs of the first layer are independent of each other, so that its bounds are attained
        seen.states["on"][0] |= surely[0].high > 0
        seen.states["off"][0] |= surely[0].low < 0
    seen.follow([members & ~(pair.equal | pair.opposite) for members, pair in zip(undecided, alike, strict=True)])
    causes = [
        _causes(dead[i], silent[i], always[i], alike[i], seen.states["on"][i], seen.states["off"][i])
        for i in range(len(hidden))
    ]
    points = len(random if given is None else given)
    sizes = _parameters(layers, causes)
    return Identifiable(
        tuple(
            Neurons(
                name=layer.name,
                causes=causes[i],
                low=boxes[i].low.cpu().numpy(),
                high=boxes[i].high.cpu().numpy(),
                on=(counts[i].double() / points).cpu().numpy(),
                twin_pairs=int(alike[i].equal_pairs),
                opposite_pairs=int(alike[i].opposite_pairs),
                parameters=sizes[i][0],
                hidden_parameters=sizes[i][1],
            )
            for i, layer in enumerate(hidden)
        ),
        sum(size for size, _ in sizes),
        sum(size for _, size in sizes),
        points,
    )


def _muted(layers: Sequence[Layer], inputs: Sequence[Box], dead: Sequence[Tensor]) -> list[Tensor]:
    """Which neurons of each hidden layer are muted, from the top down."""
    found: list[Tensor] = []
    top = layers[-1].weight
    counted = torch.ones(len(top), dtype=torch.bool, device=inputs[0].low.device)
    for level in range(len(layers) - 2, -1, -1):
        found.insert(0, muted(layers[level + 1].weight, inputs[level + 1].radius, counted))
        counted = ~(dead[level] | found[0])
    return found


def _causes(dead: Tensor, silent: Tensor, always: Tensor, alike: Twins, on: Tensor, off: Tensor) -> tuple[Cause, ...]:
    """The first cause that holds of each neuron, in the order of ``CAUSES``."""
    flags: dict[Cause, Tensor] = {
        "dead": dead,
        "muted": silent,
        "always_on": always,
        "twin": alike.equal,
        "opposite_twin": alike.opposite,
        "seen_off": ~on,
        "seen_on": ~off,
    }
    number = torch.zeros(len(dead), dtype=torch.int64, device=dead.device)
    for cause, flag in reversed(flags.items()):
        number[flag] = CAUSES.index(cause)
    return tuple(CAUSES[place] for place in number.tolist())


def _parameters(layers: Sequence[Layer], causes: Sequence[tuple[Cause, ...]]) -> list[tuple[int, int]]:
    """How many parameters each layer has, and how many of them belong to a hidden neuron on either side."""
    found = []
    below = 0  # hidden neurons among the inputs of the layer
    for level, layer in enumerate(layers):
        m, n = layer.weight.shape
        hidden = sum(cause in HIDING for cause in causes[level]) if level < len(causes) else 0
        biases = hidden if layer.biases else 0
        found.append((m * n + layer.biases, m * n - (m - hidden) * (n - below) + biases))
        below = hidden
    return found
