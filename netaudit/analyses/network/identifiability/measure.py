"""Which hidden neurons can be told from the outputs: the weights decide, and real inputs where they do not.

The head is asked. Where it has no hidden layers, the whole network is, if it is a plain stack of linear layers,
convolutions, batch norm, average pooling and ReLU: each of its units, one a channel and position, is a row of a matrix.

Source: Rolnick and Kording 2020 (arXiv:1910.00744), for what outputs can give; docs/method.md. The weights are known
here. To find them from outputs alone is another analysis.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.needs import missing_of_network, not_relu
from netaudit.analyses.network.identifiability.payload import (
    MOST_NEURONS,
    TOLERANCE,
    Identifiability,
    LayerIdentifiability,
    Of,
    Told,
)
from netaudit.analyses.whole_network import gap, read_module
from netaudit.geometry import identifiable
from netaudit.geometry.identifiability.neurons import HIDING, UNDECIDED, Cause, Identifiable, Neurons
from netaudit.geometry.identifiability.stack import entries
from netaudit.geometry.reading import points
from netaudit.geometry.steps import Affine, NotPiecewiseLinearError
from netaudit.numerics import device as devices
from netaudit.results.payload import NotApplicable, curve_values
from netaudit.text import capital, number, printable, sentence

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from netaudit.network.layers import FCLayer, Head

INPUTS = 200
"""Real inputs at most: a neuron that is in its rarer state at 2 % of them is seen in it in 98 of 100 cases."""
USUAL = (-1.0, 1.0)
"""The box without real inputs: the usual range of scaled inputs, on which a neuron without a bias switches."""
MOST_ENTRIES = 2**24
"""Entries of all matrices of a whole network, 128 MiB in float64: LeNet-5 for images of 28 x 28 has 11 million, and
takes some 7 seconds on one core."""
DRAWN = 200
"""Neurons of the drawn curve."""
LETTERS: dict[Cause, str] = {
    "identifiable": "i",
    "dead": "d",
    "muted": "m",
    "always_on": "a",
    "twin": "t",
    "opposite_twin": "o",
    "seen_on": "n",
    "seen_off": "f",
}


def measure(context: NetworkContext) -> Identifiability | NotApplicable:
    """Ask of each hidden neuron of the head; where it has no hidden layers, of each unit of the whole network."""
    head = context.network.head
    if head is None:
        return of_network(context, context.network.head_gap() or "there is no head")
    if len(head.layers) < 2:
        return of_network(context, "the head has a single layer, so that it has no hidden neurons")
    missing = missing_of_network(("head",), context)
    if missing is not None:
        return NotApplicable(sentence(capital(missing)))
    return _of_head(context, head)


def _of_head(context: NetworkContext, head: Head) -> Identifiability | NotApplicable:
    other = not_relu(head)
    if other is not None:
        return NotApplicable(other)
    context.progress("identifiability", 0.0, 0.0)
    layers = []
    for step in head.layers:
        layer = _stored(context.read(step.name))
        if not layer.weight.numel() or not _finite(layer):
            return NotApplicable(f"The weights of {printable(step.name, 80)} are empty, or not all finite.")
        layers.append(layer)
    x = _inputs(context)
    low, high = USUAL if x is None else (float(x.min()), float(x.max()))
    if low == high:
        return NotApplicable("All numbers of the real inputs are the same, so that they span no box.")
    pairs = [(layer.weight, layer.bias) for layer in layers]
    found = devices.with_cpu_fallback(
        lambda where: identifiable(pairs, low, high, x, seed=context.settings.seed, device=where),
        context.settings.device,
    )
    return payload(found, [layer.name for layer in layers], (low, high), 0 if x is None else len(x))


def of_network(context: NetworkContext, why: str) -> Identifiability | NotApplicable:
    """Ask of each unit of the whole network, where it is a stack of matrices with ReLU between them.

    Args:
        context: the network with its real inputs, which give the shape of its inputs and the box.
        why: why the head is not asked, as a clause.
    """
    context.progress("identifiability of the whole network", 0.0, 0.0)
    found = devices.with_cpu_fallback(
        lambda where: _of_module(context, devices.float64_device(where)), context.settings.device
    )
    return NotApplicable(sentence(capital(f"{why}, and {found}"))) if isinstance(found, str) else found


def _of_module(context: NetworkContext, device: torch.device) -> Identifiability | str:
    missing, sample = gap(context), context.sample
    if missing is not None:
        return missing
    assert sample is not None
    read = read_module(context, points(sample.x[0]), device)
    if isinstance(read, str):
        return read
    network = read.network
    try:
        size = entries(network)
    except NotPiecewiseLinearError as error:
        return f"the whole network is not asked: {printable(str(error), 300)}"
    if not network.kinks:
        return "the whole network is affine, so that it has no hidden units"
    if size > MOST_ENTRIES:
        return (
            f"the matrices of the whole network would have {number(size)} entries, more than the "
            f"{number(MOST_ENTRIES)} that an audit makes"
        )
    infinite = next((step.name for step in network.steps if isinstance(step, Affine) and not _numbers(step)), None)
    if infinite is not None:
        return f"the weights of {printable(infinite, 80)} are not all finite"
    x = points(*sample.x[:INPUTS])
    low, high = float(x.min()), float(x.max())
    if low == high:
        return "all numbers of the real inputs are the same, so that they span no box"
    found = identifiable(network, low, high, x, seed=context.settings.seed, device=device)
    return payload(found, [layer.name for layer in found.layers], (low, high), len(x), of="network")


def _numbers(step: Affine) -> bool:
    return all(bool(part.isfinite().all()) for part in (step.weight, step.bias) if part is not None)


def _stored(layer: FCLayer) -> FCLayer:
    """The layer, with float8 weights, for which PyTorch computes next to nothing, as float32."""
    return replace(layer, weight=layer.weight.float()) if layer.weight.dtype.itemsize == 1 else layer


def _finite(layer: FCLayer) -> bool:
    """Whether all its numbers are; NaN and infinity show up in the least and the largest of them."""
    ends = [end for part in (layer.weight, layer.bias) if part is not None for end in part.aminmax()]
    return all(bool(end.isfinite()) for end in ends)


def _inputs(context: NetworkContext) -> Tensor | None:
    """Real inputs of the head, ``[N, n]``, float64, N at most 200; None without them."""
    import torch

    backbone = context.network.backbone
    if context.sample is None or context.inputs.logits is None or backbone is None:
        return None
    x = backbone(torch.from_numpy(context.sample.x[:INPUTS])).double().cpu()
    return x if len(x) and bool(x.isfinite().all()) else None


def payload(
    found: Identifiable, names: list[str], box: tuple[float, float], inputs: int, of: Of = "head"
) -> Identifiability:
    """What is kept, with the verdicts. The parameters of a whole network are not counted: units may share them."""
    layers = tuple(_layer(name, neurons, of) for name, neurons in zip(names, found.layers, strict=False))
    verdicts = [layer.verdict for layer in layers]
    verdict: Told = next((word for word in _WORST if word in verdicts), "identifiable")
    return Identifiability(
        verdict=verdict,
        layers=layers,
        box="data" if inputs else "usual",
        low=box[0],
        high=box[1],
        inputs=inputs,
        identifiable_share=found.identifiable_share,
        parameters=found.parameters if of == "head" else None,
        hidden_parameters=found.hidden_parameters if of == "head" else None,
        of=of,
    )


_WORST: tuple[Told, ...] = ("partly", "undecided")


def _layer(name: str, neurons: Neurons, of: Of) -> LayerIdentifiability:
    total = len(neurons.causes)
    rarer = np.sort(np.minimum(neurons.on, 1 - neurons.on))
    shown = np.linspace(0, total - 1, min(total, DRAWN)).round().astype(int)
    return LayerIdentifiability(
        layer=name,
        verdict=judge(neurons.count(*HIDING), neurons.count(*UNDECIDED), total),
        dead=neurons.count("dead"),
        muted=neurons.count("muted"),
        always_on=neurons.count("always_on"),
        twins=neurons.count("twin"),
        opposite_twins=neurons.count("opposite_twin"),
        seen_off=neurons.count("seen_off"),
        seen_on=neurons.count("seen_on"),
        identifiable=neurons.count("identifiable"),
        twin_pairs=neurons.twin_pairs,
        opposite_pairs=neurons.opposite_pairs,
        parameters=neurons.parameters if of == "head" else None,
        hidden_parameters=neurons.hidden_parameters if of == "head" else None,
        causes="".join(LETTERS[cause] for cause in neurons.causes) if total <= MOST_NEURONS else None,
        rarer=curve_values(rarer[shown]),
    )


def judge(hidden: int, undecided: int, neurons: int) -> Told:
    """The verdict on a layer, by the rule ``hidden_neurons``.

    >>> judge(1, 0, 100), judge(2, 0, 100), judge(1, 1, 100), judge(0, 0, 0)
    ('identifiable', 'partly', 'undecided', 'identifiable')
    """
    if hidden > TOLERANCE * neurons:
        return "partly"
    return "identifiable" if hidden + undecided <= TOLERANCE * neurons else "undecided"
