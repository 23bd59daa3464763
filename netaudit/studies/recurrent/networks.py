"""The networks of the study: trained as ``netaudit train`` trains, kept between two epochs, and read as maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from netaudit.files import make_folder
from netaudit.recurrent import read_cells
from netaudit.studies.recurrent.bag_of_words import BagOfWords, bag_of_words
from netaudit.studies.recurrent.mechanism import Reader
from netaudit.studies.recurrent.plan import Source, Task, Text
from netaudit.training import checkpoint, loop
from netaudit.training.data import Images
from netaudit.training.recipes import text_recipe
from netaudit.training.text import TextSet, load_texts

_CPU = torch.device("cpu")
_BATCH = 500


@dataclass(frozen=True, eq=False)
class Network:
    """A network that reads texts, as the study looks at it."""

    module: nn.Module
    reader: Reader
    words: Tensor
    """The vector of each word, ``[V, input]``, float64; zeros for padding."""


def texts(source: Source, root: Path, most: int | None) -> TextSet:
    """The texts of a source, the first so many of each part; read once in a process."""
    return _texts(source, root, most)


def words_of(source: Source, root: Path, most: int | None) -> BagOfWords:
    """The bag of words of a source; fitted once in a process."""
    return _words_of(source, root, most)


@cache
def _texts(source: Source, root: Path, most: int | None) -> TextSet:
    found = load_texts(source, root)
    if most is None:
        return found
    return replace(found, train=_first(found.train, most), test=_first(found.test, most))


@cache
def _words_of(source: Source, root: Path, most: int | None) -> BagOfWords:
    return bag_of_words(_texts(source, root, most))


def _first(images: Images, most: int) -> Images:
    """The first texts of each label, half of so many each."""
    rows = torch.cat([(images.y == label).nonzero()[: most // 2, 0] for label in (0, 1)])
    return Images(images.x[rows], images.y[rows])


def trained(task: Task, cell: Text, data: TextSet, folder: Path) -> tuple[loop.TrainingRun, Network, Network]:
    """The finished run, the network, and the same before its first step.

    Every epoch is kept in the folder: a study that was stopped goes on where it was.
    """
    recipe = replace(text_recipe(cell.kind, cell.source), epochs=cell.epochs)
    before = network(loop.start(recipe, task.seed, cell.epochs, _CPU).model)
    make_folder(folder)
    run = checkpoint.resume(folder, recipe, task.seed, cell.epochs, _CPU)
    loop.train(run, data, lambda message, done, total: None, after=lambda run: checkpoint.save_run(run, folder))
    return run, network(run.model), before


@torch.no_grad()
def network(module: nn.Module) -> Network:
    """Read a described network with layers ``embedding``, ``rnn`` and ``readout``."""
    module.eval()
    tensors: Mapping[str, Tensor] = {name: tensor.detach().double() for name, tensor in module.state_dict().items()}
    (cell,) = read_cells(module)
    weight, bias = tensors["readout.weight"], tensors["readout.bias"]
    reader = Reader(cell, (weight[1] - weight[0]).numpy(), float(bias[1] - bias[0]))
    return Network(module, reader, tensors["embedding.weight"])


@torch.no_grad()
def logits(module: nn.Module, x: Tensor) -> NDArray[np.float64]:
    """The logit of a good review of each text, ``[N]``."""
    module.eval()
    found = torch.cat([module(part) for part in torch.split(x, _BATCH)]).double()
    difference: NDArray[np.float64] = (found[:, 1] - found[:, 0]).numpy()
    return difference
