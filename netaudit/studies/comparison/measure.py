"""One record of the study: planted changes, and the words that they get."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from netaudit.analyses.network.initialisation.since import change
from netaudit.comparing.compare import compare
from netaudit.comparing.layer import Options, compare_layers
from netaudit.comparing.roundings import rounded
from netaudit.network.layers import FCLayer
from netaudit.numerics import device as devices
from netaudit.sources.open import open_network
from netaudit.studies.comparison.plan import (
    APART,
    BATCH,
    DIGITS,
    LAWS,
    MADE,
    MORE,
    RATES,
    SHAPES,
    STEPS,
    TRIALS,
    WIDTHS,
    Rounded,
    Spike,
    Task,
    Trained,
)  # fmt: skip

_CPU = torch.device("cpu")
_OPTIONS = Options(0, _CPU, ladder=False, noise=False)
_LAYERS = 20
"""Layers of each law and shape that are rounded."""
_QUICK_STEPS = 20
SIZE = 0.05
"""||D|| over the norm of the layer, of the noise around a rank-one update."""


def work(task: Task) -> Iterator[dict[str, Any]]:
    """The record of a task."""
    cell = task.cell
    if isinstance(cell, Spike):
        found = _spikes(task, cell)
    elif isinstance(cell, Rounded):
        found = _rounded(task, cell)
    else:
        found = _trained(task) if isinstance(cell, Trained) else _apart(task)
    yield {"cell": cell.key, "seed": task.seed, **found}


def _spikes(task: Task, cell: Spike) -> dict[str, Any]:
    """How many updates have a spike; T thresholds are a singular value of T (m n)^(1/4) sigma."""
    m, n = cell.shape
    generator = devices.generator(task.seed, "comparison", cell.key)
    seen, trials = 0, 3 if task.quick else TRIALS
    for _ in range(trials):
        weight = torch.randn(m, n, generator=generator, dtype=torch.float64)
        left, right = (torch.randn(side, generator=generator, dtype=torch.float64) for side in (m, n))
        noise = torch.randn(m, n, generator=generator, dtype=torch.float64)
        update = noise + cell.strength * (m * n) ** 0.25 * torch.outer(left / left.norm(), right / right.norm())
        seen += change("layer", weight + SIZE * update, weight).spikes > 0
    return {"seen": seen, "trials": trials}


def _rounded(task: Task, cell: Rounded) -> dict[str, Any]:
    generator = devices.generator(task.seed, "comparison", cell.key)
    words: list[str] = []
    schemes: list[str] = []
    for law in LAWS:
        for shape in SHAPES:
            for _ in range(1 if task.quick else _LAYERS):
                weight = _drawn(law, shape, generator)
                after = rounded(weight.double(), cell.scheme).float()
                if cell.what == "noise":
                    size = float((after - weight).square().mean().sqrt())
                    after = weight + size * torch.randn(shape, generator=generator)
                found = compare_layers(FCLayer("layer", weight), FCLayer("layer", after), _OPTIONS)
                words.append(found.word)
                schemes.append(found.rounding.scheme if found.rounding else "none")
    return {"words": words, "schemes": schemes}


def _drawn(law: str, shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    uniform = torch.rand(shape, generator=generator) - 0.5
    if law == "gaussian":
        return 0.1 * torch.randn(shape, generator=generator)
    if law == "uniform":
        return 0.2 * uniform
    return -0.1 * uniform.sign() * torch.log1p(-2 * uniform.abs()).clamp_min(-20)


def _trained(task: Task) -> dict[str, Any]:
    x, y = _digits()
    steps = _steps_of(task)
    start = _network(task.seed, 0)
    base = _train(copy.deepcopy(start), x, y, steps, RATES[0], task.seed, 0)
    permuted = reordered(base, task.seed, False)
    made = {
        "the same": copy.deepcopy(base),
        "units permuted": permuted,
        "permuted and rescaled": reordered(base, task.seed, True),
        "permuted, then fine-tuned": _train(copy.deepcopy(permuted), x, y, MORE, RATES[0], task.seed, 1),
        "10 steps": _train(copy.deepcopy(base), x, y, MORE, RATES[0], task.seed, 1),
        "10 small steps": _train(copy.deepcopy(base), x, y, MORE, RATES[1], task.seed, 1),
        "int8": _int8(base),
        "new head": _with_head(base, _network(task.seed, 2)),
        "other order of the data": _train(copy.deepcopy(start), x, y, steps, RATES[0], task.seed, 2),
        "other start": _train(_network(task.seed, 1), x, y, steps, RATES[0], task.seed, 2),
    }
    assert made.keys() == MADE.keys()
    return {"made": {name: _judged(base, net) for name, net in made.items()}}


def _apart(task: Task) -> dict[str, Any]:
    x, y = _digits()
    found = {}
    for name, rate in zip(APART, (0.003, 0.01), strict=True):
        start = _network(task.seed, 0)
        nets = [copy.deepcopy(start) for _ in range(2)]
        for order, net in enumerate(nets):
            _steps(net, torch.optim.Adam(net.parameters(), lr=rate), x, y, _steps_of(task), task.seed, order)
        found[name] = _judged(*nets)
    return {"made": found}


def _steps_of(task: Task) -> int:
    return _QUICK_STEPS if task.quick else STEPS


def _judged(first: nn.Module, second: nn.Module) -> dict[str, Any]:
    pair = compare(first, second, ladder=False).pairs[0]
    return {
        "word": pair.word,
        "layers": [layer.word for layer in pair.layers],
        "cosines": [float(f"{layer.cosine:.4g}") if layer.cosine is not None else None for layer in pair.layers],
        "replaced": len(pair.replaced),
    }


def reordered(net: nn.Sequential, seed: int, rescaled: bool) -> nn.Sequential:
    """A copy of a ReLU network with its hidden units in a random order: it computes the same."""
    random = devices.numpy_generator(seed, "comparison", "order")
    made = copy.deepcopy(net)
    with torch.no_grad():
        for lower, upper in pairwise(layer for layer in made if isinstance(layer, nn.Linear)):
            order = torch.from_numpy(random.permutation(lower.out_features))
            scale = torch.from_numpy(random.uniform(0.5, 1.5, len(order)).astype(np.float32))
            scale = scale if rescaled else torch.ones(len(order))
            lower.weight.copy_(lower.weight[order] * scale[:, None])
            lower.bias.copy_(lower.bias[order] * scale)
            upper.weight.copy_(upper.weight[:, order] / scale)
    return made


def _int8(net: nn.Sequential) -> nn.Sequential:
    made = copy.deepcopy(net)
    with torch.no_grad():
        for layer in made:
            if isinstance(layer, nn.Linear):
                layer.weight.copy_(rounded(layer.weight.double(), "int8 per row"))
    return made


def _with_head(net: nn.Sequential, other: nn.Sequential) -> nn.Sequential:
    return nn.Sequential(*copy.deepcopy(net)[:-1], other[-1])


def _digits() -> tuple[Tensor, Tensor]:
    sample = open_network("zoo:mnist-mlp").sample
    assert sample is not None
    assert sample.y is not None
    return torch.from_numpy(sample.x[:DIGITS]).flatten(1).float(), torch.from_numpy(sample.y[:DIGITS])


def _network(seed: int, start: int) -> nn.Sequential:
    with devices.seeded(_CPU, seed, "comparison", f"start {start}"):
        parts: list[nn.Module] = []
        for inputs, outputs in pairwise(WIDTHS):
            parts += [nn.Linear(inputs, outputs), nn.ReLU()]
        return nn.Sequential(*parts[:-1])


def _train(net: nn.Sequential, x: Tensor, y: Tensor, steps: int, rate: float, seed: int, order: int) -> nn.Sequential:
    return _steps(net, torch.optim.SGD(net.parameters(), lr=rate), x, y, steps, seed, order)


def _steps(
    net: nn.Sequential, optimiser: torch.optim.Optimizer, x: Tensor, y: Tensor, steps: int, seed: int, order: int
) -> nn.Sequential:
    generator = devices.generator(seed, "comparison", f"order {order}")
    for _ in range(steps):
        batch = torch.randint(len(x), (BATCH,), generator=generator)
        optimiser.zero_grad()
        loss: Any = nn.functional.cross_entropy(net(x[batch]), y[batch])
        loss.backward()
        optimiser.step()
    return net
