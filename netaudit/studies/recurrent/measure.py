"""The record of each task: a bag of words, a network that reads texts, or one whose answer is known."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from netaudit.numerics import device as devices
from netaudit.studies.recurrent import known
from netaudit.studies.recurrent.mechanism import LOOSE, linear, mechanism, searched
from netaudit.studies.recurrent.networks import Network, logits, texts, trained, words_of
from netaudit.studies.recurrent.plan import Synthetic, Task, Text, Words
from netaudit.training.text import TextSet

RANKED = 1000
"""The most frequent words, of which the ranks are compared: rarer ones have coefficients that are mostly noise."""
FIRST = 2
"""The number of the first word, behind padding and unknown words."""


def work(task: Task, networks: Path) -> Iterator[dict[str, Any]]:
    """The record of a task; networks are kept in a folder."""
    match task.cell:
        case Words():
            found = {"bag": task.cell.source, **_bag(task, task.cell)}
        case Text():
            cell = {"kind": task.cell.kind, "source": task.cell.source, "epochs": task.cell.epochs}
            folder = networks / f"{task.cell.key} {task.seed}".replace(" ", "_")
            found = cell | _text(task, task.cell, folder)
        case Synthetic():
            found = {"task": task.cell.task, **known.work(task, task.cell.task)}
    yield {"cell": task.cell.key, "seed": task.seed, **found}


def worker(networks: Path) -> partial[Iterator[dict[str, Any]]]:
    """The function of a task alone, which other processes are handed."""
    return partial(work, networks=networks)


def _bag(task: Task, cell: Words) -> dict[str, Any]:
    data = texts(cell.source, task.root, task.effort.texts)
    bag = words_of(cell.source, task.root, task.effort.texts)
    lengths = (data.test.x != 0).sum(1).double()
    return {
        "data": data.description,
        "texts": {"train": len(data.train.y), "test": len(data.test.y)},
        "sha256": {"train": data.train.sha256(), "test": data.test.sha256()},
        "median_length": int(lengths.median()),
        "larger_class": float(max((data.test.y == label).double().mean() for label in (0, 1))),
        "penalty": bag.penalty,
        "accuracy": bag.accuracy,
    }


def _text(task: Task, cell: Text, folder: Path) -> dict[str, Any]:
    data, effort, seed = texts(cell.source, task.root, task.effort.texts), task.effort, task.seed
    run, network, before = trained(task, cell, data, folder)
    rows, length = _long(data, effort.sequences)
    vectors = partial(_vectors, network)
    sequences = vectors(data.test.x[rows, :length])
    mixed = _mixed(data.test.x, seed)
    plain, shuffled = (logits(network.module, x) for x in (data.test.x, mixed))
    zeros, mean = torch.zeros(network.reader.cell.input_size, dtype=torch.float64), _mean(network, data.train.x)

    zero, at_zero = mechanism(network.reader, sequences, zeros, seed, effort, effort.draws)
    _, at_mean = mechanism(network.reader, sequences, mean, seed, effort, 1)
    again = searched(network.reader, vectors(mixed[rows, :length]), zeros, zero.nulls, seed, "mixed", effort)[1]
    loose = searched(network.reader, sequences, zeros, {}, seed, "loose", effort, LOOSE)[1]
    start, untrained = searched(
        before.reader, _vectors(before, data.test.x[rows, :length]), zeros, {}, seed, "untrained", effort
    )
    some = torch.arange(len(data.test.y))[: effort.sequences * 4]
    of_network = partial(_linear, data, words_of(cell.source, task.root, effort.texts).coefficients, some)
    return {
        "history": [entry["test_accuracy"] for entry in run.history],
        "accuracy": _accuracy(plain, data),
        "shuffled": {
            "accuracy": _accuracy(shuffled, data),
            "r2": float(np.corrcoef(plain, shuffled)[0, 1] ** 2),
            **again,
        },
        "zero": at_zero | {"linear": linear(network.reader, zero.found, *of_network(network, plain))},
        "mean": at_mean,
        "loose": {name: loose[name] for name in ("evidence", "points")},
        "untrained": untrained
        | {"linear": linear(before.reader, start, *of_network(before, logits(before.module, data.test.x)))},
    }


def _linear(
    data: TextSet, coefficients: NDArray[np.float64], rows: Tensor, network: Network, of_texts: NDArray[np.float64]
) -> tuple[Tensor, list[Tensor], NDArray[np.float64], NDArray[np.float64]]:
    """Words with their coefficients, and texts with their logits, for what the slow mode alone says."""
    ranked = slice(FIRST, min(FIRST + RANKED, len(data.words)))
    of_each = [_vectors(network, x[x != 0]) for x in data.test.x[rows]]
    return network.words[ranked], of_each, of_texts[rows.numpy()], coefficients[ranked]


def _long(data: TextSet, most: int) -> tuple[Tensor, int]:
    """Test texts of the median length and more, the first so many, and that length."""
    lengths = (data.test.x != 0).sum(1)
    median = int(lengths.median())
    return (lengths >= median).nonzero()[:most, 0], median


def _mixed(x: Tensor, seed: int) -> Tensor:
    """The words of each text in random order; padding stays behind."""
    drawn = torch.rand(x.shape, generator=devices.generator(seed, "mixed"))
    return x.gather(1, (drawn + (x == 0)).argsort(1))


def _vectors(network: Network, numbers: Tensor) -> Tensor:
    return network.words[numbers.long()]


def _mean(network: Network, x: Tensor) -> Tensor:
    """The mean of the vectors of all words that are read."""
    read = x[x != 0].long()
    counts = torch.bincount(read, minlength=len(network.words)).double()
    mean: Tensor = counts @ network.words / counts.sum()
    return mean


def _accuracy(of_texts: Any, data: TextSet) -> float:
    return float(np.mean((of_texts > 0) == (data.test.y.numpy() == 1)))
