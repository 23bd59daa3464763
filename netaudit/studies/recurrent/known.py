"""Tasks of which the answer is known: what a network must have found, if it does the task at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor, nn

from netaudit.numerics import device as devices
from netaudit.recurrent import read_cells
from netaudit.studies.recurrent.mechanism import Reader, mechanism
from netaudit.studies.recurrent.plan import Known, Task

LENGTH = 30
UNITS = 32
BATCH = 64
RATE = 0.01
"""Of Adam, which falls to a tenth over the last third."""
WORDS = 20
VECTOR = 8
"""Numbers of a word's vector."""
SCALE = 5.0
"""By which a sum of 30 values, four in five of them with variance 1, is divided: about its standard deviation."""

Draw = Callable[[Generator, int], tuple[Tensor, Tensor]]
"""A generator and a number of sequences to inputs ``[P, T, input]`` and targets ``[P, T, out]`` of every step."""


@dataclass(frozen=True)
class Drill:
    """A task to train on."""

    draw: Draw
    inputs: int
    outputs: int


def flip_flop(generator: Generator, sequences: int) -> tuple[Tensor, Tensor]:
    """Three channels with a pulse of +-1 now and then; the target is the sign of the last one: eight states to keep."""
    pulses = torch.rand(sequences, LENGTH, 3, generator=generator) < 0.2
    signs = torch.randint(0, 2, pulses.shape, generator=generator) * 2.0 - 1
    pulses[:, 0] = True
    inputs, state, targets = signs * pulses, torch.zeros(sequences, 3), []
    for row in inputs.unbind(1):
        state = torch.where(row == 0, state, row)
        targets.append(state)
    return inputs, torch.stack(targets, 1)


def _words(generator: Generator, sequences: int, values: int) -> tuple[Tensor, Tensor]:
    """Words at random, as vectors, and their values, ``[P, T, values]``: a linear function of the vector.

    One word in five is silent: zeros, and without value. So zeros are a neutral input that the network knows.
    """
    of_words = devices.generator(0, "words")
    vectors = torch.randn(WORDS, VECTOR, generator=of_words)
    vectors[: WORDS // 5] = 0
    worth = vectors @ torch.linalg.qr(torch.randn(VECTOR, values, generator=of_words)).Q
    numbers = torch.randint(WORDS, (sequences, LENGTH), generator=generator)
    return vectors[numbers], worth[numbers]


def integrator(generator: Generator, sequences: int) -> tuple[Tensor, Tensor]:
    """The target is the sum of the values of the words so far: a bag of words."""
    inputs, worth = _words(generator, sequences, 1)
    return inputs, worth.cumsum(1) / SCALE


def two_integrators(generator: Generator, sequences: int) -> tuple[Tensor, Tensor]:
    """Two sums at once: a plane, and no line."""
    inputs, worth = _words(generator, sequences, 2)
    return inputs, worth.cumsum(1) / SCALE


def last_word(generator: Generator, sequences: int) -> tuple[Tensor, Tensor]:
    """The target is the value of the word that is read: nothing to remember."""
    return _words(generator, sequences, 1)


TASKS: Mapping[Known, Drill] = {
    "flip_flop": Drill(flip_flop, 3, 3),
    "integrator": Drill(integrator, VECTOR, 1),
    "two_integrators": Drill(two_integrators, VECTOR, 2),
    "last_word": Drill(last_word, VECTOR, 1),
}


def work(task: Task, name: Known) -> dict[str, Any]:
    """Train a GRU on the task and look at its points."""
    known, effort, seed = TASKS[name], task.effort, task.seed
    with devices.seeded(torch.device("cpu"), seed, "recurrent", name):
        network, readout = nn.GRU(known.inputs, UNITS, batch_first=True), nn.Linear(UNITS, known.outputs)
    _train(network, readout, known, devices.generator(seed, "recurrent", name), effort.batches)
    inputs, targets = known.draw(devices.generator(seed, "recurrent", name, "test"), effort.sequences)
    with torch.no_grad():
        given = readout(network(inputs)[0])
    residual = (given - targets).square().sum() / (targets - targets.mean()).square().sum()
    (cell,) = read_cells(network)
    weight = readout.weight.detach().double().numpy()
    reader = Reader(cell, weight[0], float(readout.bias[0].detach()))
    _, record = mechanism(
        reader, inputs.double(), torch.zeros(known.inputs, dtype=torch.float64), seed, effort, effort.draws
    )
    return {"r2": float(np.clip(1 - float(residual), -1, 1)), **record}


def _train(network: nn.Module, readout: nn.Module, known: Drill, generator: Generator, batches: int) -> None:
    optimiser = torch.optim.Adam([*network.parameters(), *readout.parameters()], lr=RATE)
    for batch in range(batches):
        left = 1 - batch / batches
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1.0, max(0.1, 3 * left))
        inputs, targets = known.draw(generator, BATCH)
        loss: Any = (readout(network(inputs)[0]) - targets).square().mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
