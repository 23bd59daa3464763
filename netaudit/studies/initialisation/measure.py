"""One record of the study: layers of every family as drawn, or one network at some steps of its training."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer.initialisation.measure import measure
from netaudit.analyses.layer.initialisation.payload import LEVEL, Initialisation
from netaudit.comparing.twin import drawn
from netaudit.network.layers import FCLayer
from netaudit.numerics import device as devices
from netaudit.numerics.laws.initialisation.families import families
from netaudit.sources.open import open_network
from netaudit.studies.initialisation.plan import BATCH, DIGITS, STEPS, WIDTHS, Draws, Task, Training

_CPU = torch.device("cpu")
SIGNS = ("noticed", "weights_noticed", "trained")
_ACCURATE = 100  # step at which the page gives the accuracy: a run that was seen to be trained may end there
_QUICK = 3  # families and steps of a quick run


def work(task: Task) -> Iterator[dict[str, Any]]:
    """The record of a task."""
    found = _draws(task, task.cell) if isinstance(task.cell, Draws) else _training(task, task.cell)
    yield {"cell": task.cell.key, "seed": task.seed, **found}


def judged(weight: Tensor, bias: Tensor | None, of_layers: int = 1) -> Initialisation:
    """What the analysis says of one layer."""
    found = measure(LayerContext(FCLayer("layer", weight, bias), 0, _CPU, of_layers=of_layers))
    assert isinstance(found, Initialisation)
    return found


def _draws(task: Task, cell: Draws) -> dict[str, Any]:
    m, n = cell.shape
    dtype = getattr(torch, cell.dtype)
    generator = devices.generator(task.seed, "initialisation", cell.key)
    listed = families(m, n)
    wanted = cell.of(listed[: _QUICK if task.quick else None])
    alarms, unnamed, layers = [], [], 0
    for index, family in enumerate(wanted):
        weight = drawn(family.law, cell.shape, generator)
        biases = (torch.zeros(m), torch.empty(m).uniform_(-(n**-0.5), n**-0.5, generator=generator),
                  torch.empty(m).normal_(0, 1e-6, generator=generator))  # fmt: skip
        found = judged(weight.to(dtype), biases[index % len(biases)].to(dtype))
        layers += 1
        if found.p_adjusted < LEVEL:
            alarms.append({"family": family.name, "tests": {k: p for k, p in found.tests.items() if p < LEVEL}})
        elif family.name not in found.families:
            unnamed.append(family.name)
    return {"layers": layers, "alarms": alarms, "unnamed": unnamed}


def _training(task: Task, cell: Training) -> dict[str, Any]:
    x, y = _digits()
    with devices.seeded(_CPU, task.seed, "initialisation", cell.key):
        net = _network(cell.start)
        name, rate = cell.optimiser.split()
        optimiser = getattr(torch.optim, name)(net.parameters(), lr=float(rate))
        steps: list[dict[str, Any]] = []
        wanted = STEPS[:_QUICK] if task.quick else STEPS
        for step in range(wanted[-1] + 1):
            if step in wanted:
                steps.append({"step": step} | _look(net, x, y))
                if task.quick is False and step >= _ACCURATE and all(steps[-1][sign] for sign in SIGNS):
                    break
            batch = torch.randint(len(x), (BATCH,))
            optimiser.zero_grad()
            loss: Any = nn.functional.cross_entropy(net(x[batch]), y[batch])
            loss.backward()
            optimiser.step()
    return {"steps": steps}


def _digits() -> tuple[Tensor, Tensor]:
    sample = open_network("zoo:mnist-mlp").sample
    assert sample is not None
    assert sample.y is not None
    return torch.from_numpy(sample.x[:DIGITS]).flatten(1), torch.from_numpy(sample.y[:DIGITS])


def _network(start: str) -> nn.Sequential:
    """A ReLU network with that start; biases are 0 but for PyTorch's default."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(WIDTHS):
        layer = nn.Linear(inputs, outputs)
        if start == "orthogonal":
            nn.init.orthogonal_(layer.weight)
        elif start != "torch_default":
            law = next(family.law for family in families(outputs, inputs) if family.name == start)
            layer.weight.data = drawn(law, (outputs, inputs), torch.default_generator)
        if start != "torch_default":
            nn.init.zeros_(layer.bias)
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _look(net: nn.Sequential, x: Tensor, y: Tensor) -> dict[str, Any]:
    """The verdicts on the three layers, with their biases and without."""
    linear = [layer for layer in net if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        accuracy = float((net(x).argmax(1) == y).double().mean())
        whole = [judged(layer.weight.detach(), layer.bias.detach(), len(linear)) for layer in linear]
        weights = [judged(layer.weight.detach(), None, len(linear)) for layer in linear]
    return {
        "accuracy": accuracy,
        "noticed": any(found.verdict != "as_drawn" for found in whole),
        "weights_noticed": any(found.verdict != "as_drawn" for found in weights),
        "trained": any(found.verdict == "trained" for found in weights),
    }
