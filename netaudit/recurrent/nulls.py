"""Cells that have not learned: what a trained one is compared with. Pure functions of a cell and a generator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Generator, Tensor

from netaudit.recurrent.cells.cell import RecurrentCell
from netaudit.recurrent.cells.gru import GruCell

Kind = TypeVar("Kind", bound=RecurrentCell)


def at_initialisation(cell: Kind, generator: Generator) -> Kind:
    """The cell as PyTorch would draw it: weights and two biases uniform in ``+-1 / sqrt(H)`` (``nn.RNNBase``)."""
    limit = cell.hidden_size**-0.5

    def drawn(like: Tensor) -> Tensor:
        uniform = torch.rand(like.shape, generator=generator, dtype=torch.float64)
        found: Tensor = limit * (2 * uniform - 1)
        return found.to(like.device)

    first, second = drawn(cell.bias), drawn(cell.bias)
    found = replace(cell, weight_ih=drawn(cell.weight_ih), weight_hh=drawn(cell.weight_hh), bias=first + second)
    if isinstance(found, GruCell) and not found.reset_first:
        size = cell.hidden_size
        bias = torch.cat((found.bias[: 2 * size], first[2 * size :]))
        found = replace(found, bias=bias, reset_bias=second[2 * size :])
    return found


def shuffled(cell: Kind, generator: Generator) -> Kind:
    """The cell with the entries of each gate's recurrent matrix in random order."""

    def permuted(block: Tensor) -> Tensor:
        order = torch.randperm(block.numel(), generator=generator).to(block.device)
        return block.flatten()[order].reshape(block.shape)

    return _with_recurrent(cell, permuted)


def gaussian(cell: Kind, generator: Generator) -> Kind:
    """The cell with each gate's recurrent matrix drawn from a Gaussian, at equal Frobenius norm."""

    def drawn(block: Tensor) -> Tensor:
        entries = torch.randn(block.shape, generator=generator, dtype=torch.float64).to(block.device)
        found: Tensor = entries * (block.norm() / entries.norm())
        return found

    return _with_recurrent(cell, drawn)


def _with_recurrent(cell: Kind, change: Callable[[Tensor], Tensor]) -> Kind:
    blocks = cell.weight_hh.chunk(len(cell.gates))
    return replace(cell, weight_hh=torch.cat([change(block) for block in blocks]))


NULLS: Mapping[str, Callable[[RecurrentCell, Generator], RecurrentCell]] = {
    "initialisation": at_initialisation,
    "shuffled": shuffled,
    "gaussian": gaussian,
}
"""By name."""
