"""Whether each layer of the head is injective, forward and in the shadow direction, by cheap steps.

An audit spends about a second a map on it. What is undecided then may be decided by ``netaudit.geometry.injective``
with more steps. All of it runs on the CPU, so that a report says the same on any device.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.network.injectivity.near_image import near_image
from netaudit.analyses.network.injectivity.payload import (
    LONGEST,
    Decision,
    ImagePair,
    Injectivity,
    LayerInjectivity,
    Pair,
    RandomTwin,
)
from netaudit.analyses.network.injectivity.twins import random_twins
from netaudit.errors import SourceError
from netaudit.geometry import injective
from netaudit.geometry.injectivity.laws import chance_injective, k_budget
from netaudit.geometry.injectivity.local import at_inputs
from netaudit.geometry.injectivity.search import STARTS, STEPS
from netaudit.results.payload import NotApplicable
from netaudit.text import capital, printable, sentence

if TYPE_CHECKING:
    from torch import Tensor

    from netaudit.geometry.injectivity.certificate import Domain
    from netaudit.network.layers import FCLayer

MOST_WEIGHTS = 20_000_000
"""Weights of a layer that is looked at: AlexNet's 4096 x 4096 fits, and takes 0.5 GB and some seconds."""
MOST_TWINS = 4_000_000
"""Weights of a layer that random ones are drawn beside: AlexNet's layers would take half a minute each."""
_OPERATIONS = 2e10
"""Floating-point operations of one search for inputs that collide: about half a second."""
_FLATS = 2000
"""Flats that an exact search examines: about half a second, enough for 6 inputs."""
_INPUTS = 8
"""Real inputs at which singular values are computed."""
_LARGEST_SVD = 2e9
"""Largest (active rows) x (active units)^2 for that: about a second."""
_ALONE = "; a fully connected layer can be asked alone, by netaudit.geometry.injective(weight, bias)"
"""What can be done without a head. A convolution is not asked: its matrix is mostly zeros, and large."""


def measure(context: NetworkContext) -> Injectivity | NotApplicable:
    """Ask of each layer of the head."""
    head = context.network.head
    if head is None:
        return NotApplicable(sentence(f"{capital(context.network.head_gap() or 'there is no head')}{_ALONE}"))
    layers, left_out = [], []
    below: Tensor | None = None
    steps = head.layers
    done = list(accumulate((_weights(context, step.name) for step in steps), initial=0))
    for index, step in enumerate(steps):
        context.progress(f"injectivity of {printable(step.name, 60)}", done[index], done[-1])
        above = context.inputs.activations.get(step.name)
        layer = _usable(context, step.name)
        if layer is None:
            left_out.append(step.name)
        else:
            after_relu = index > 0 and head.layers[index - 1].activation == "relu"
            found = _of_layer(layer, step.activation, after_relu, below, above, context.settings.seed)
            near = _near(context, layer) if index == 0 and step.activation == "relu" else None
            layers.append(msgspec.structs.replace(found, near=near))
        below = above
    if not layers:
        return NotApplicable(sentence("Every layer of the head is skipped, not finite or too large"))
    return Injectivity(tuple(layers), tuple(left_out))


def _weights(context: NetworkContext, name: str) -> int:
    """The weights of a layer that is looked at, which its time goes with; 0 of any other."""
    try:
        m, n = context.network.spec(name).shape
    except SourceError:
        return 0
    return m * n if m * n <= MOST_WEIGHTS else 0


def _near(context: NetworkContext, layer: FCLayer) -> ImagePair | None:
    """Two images that the bottom layer cannot tell apart, where it takes pixels."""
    sample, backbone = context.sample, context.network.backbone
    if not context.inputs.pixels or sample is None or backbone is None:
        return None
    import torch

    return near_image(layer, sample.x[0], backbone(torch.from_numpy(sample.x[:1])).detach()[0].cpu())


def _usable(context: NetworkContext, name: str) -> FCLayer | None:
    """The layer, or None where it is skipped, too large or not finite."""
    try:
        m, n = context.network.spec(name).shape
        if m * n > MOST_WEIGHTS or not m * n:
            return None
        layer = context.read(name)
    except SourceError:
        return None
    if layer.weight.dtype.itemsize == 1:  # float8, for which PyTorch computes next to nothing
        layer = replace(layer, weight=layer.weight.float())
    parts = (layer.weight,) if layer.bias is None else (layer.weight, layer.bias)
    return layer if all(bool(part.isfinite().all()) for part in parts) else None


def _of_layer(
    layer: FCLayer, activation: str, after_relu: bool, below: Tensor | None, above: Tensor | None, seed: int
) -> LayerInjectivity:
    """One layer, with the activations below and above it on real inputs where there are any."""
    domain: Domain = "orthant" if after_relu else "all"
    active = None if above is None else (above > 0).sum(1).double()
    moves = layer.shape[1] if below is None or not after_relu else (below > 0).sum(1)
    budget = k_budget(layer.shape[1])
    twins: tuple[RandomTwin, ...] = ()
    if layer.weight.numel() <= MOST_TWINS:
        twins = random_twins(
            layer.weight,
            seed,
            layer.name,
            lambda weight: decide(weight, layer.bias, domain, seed) if activation == "relu" else None,
            lambda weight: decide(weight.T, None, "orthant", seed),
            lambda weight: None if above is None else condition(weight, above),
        )
    return LayerInjectivity(
        name=layer.name,
        forward=decide(layer.weight, layer.bias, domain, seed) if activation == "relu" else None,
        shadow=decide(layer.weight.T, None, "orthant", seed),
        k_budget=budget,
        active_units=None if active is None else float(active.median()),
        within_budget=None if active is None else float((active <= budget).double().mean()),
        enough_active=None if active is None else float((active >= moves).double().mean()),
        condition=None if above is None else condition(layer.weight, above),
        chance=chance_injective(*layer.shape) if domain == "all" and activation == "relu" else None,
        twins=twins,
    )


def decide(weight: Tensor, bias: Tensor | None, domain: Domain, seed: int) -> Decision:
    """Whether x -> r(weight x + bias) is injective, within the time of an audit."""
    m, n = weight.shape
    steps = min(STEPS, int(_OPERATIONS / (4 * STARTS * m * n)))
    found = injective(weight, bias, domain, seed=seed, limit=_FLATS, steps=steps)
    pair = None
    if found.witness is not None and n <= LONGEST:
        first, second = (stored(x) for x in (found.witness.first, found.witness.second))
        pair = Pair(first, second, found.witness.distance, found.witness.residual)
    return Decision(m, n, found.domain, found.answer, found.step, found.fewest_active, pair)


def stored(x: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    """The numbers as text."""
    return base64.b64encode(x.astype("<f8").tobytes()).decode()


def condition(weight: Tensor, h: Tensor) -> float | None:
    """Median condition number of the shadow direction at the first activations ``[N, out]`` that have active units."""
    import torch

    h = h[(h > 0).any(1)][:_INPUTS]
    most = int((h > 0).sum(1).max()) if len(h) else 0
    if not most or weight.shape[1] * most**2 > _LARGEST_SVD:
        return None
    found = at_inputs(weight.T, None, h, torch.device("cpu"), orthant=True, most=_INPUTS)
    if not found.injective.all():
        return None
    return float(np.median(found.largest / found.smallest))
