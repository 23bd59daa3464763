"""Run a user's module, and leave everything of it as it was."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

COPIED = 2**30
"""Bytes of parameters and buffers of which a copy is made before a pass on real numbers. Only code that writes into its
own weights while it predicts needs one, and larger models are not written so."""


@contextmanager
def untouched(module: nn.Module, *, numbers: bool = False) -> Iterator[None]:
    """Put every attribute of the module and its parts back afterwards: training flags, buffers, caches, counters.

    So are the data, gradients and flags of its parameters, and the states of Python's, NumPy's and PyTorch's random
    numbers. ``numbers`` is for a pass on real tensors, which can write into them: their numbers are put back too.
    """
    # Shallow, and dictionaries are refilled in place: a handle of a hook, for one, refers to the very dictionary.
    before = [(part, dict(vars(part))) for part in module.modules()]
    held = [value for _, attributes in before for value in attributes.values()]
    contents = [(value, dict(value)) for value in held if isinstance(value, dict)]
    lists = [(value, list(value)) for value in held if isinstance(value, list)]
    tensors = _kept(module, numbers)
    try:
        with _random_numbers(module):
            yield
    finally:
        for part, attributes in before:
            vars(part).clear()
            vars(part).update(attributes)
        for dictionary, items in contents:
            dictionary.clear()
            dictionary.update(items)
        for row, entries in lists:
            row[:] = entries
        for kept in tensors:
            kept.put_back()


@dataclass(frozen=True)
class _Kept:
    """A tensor of a module as it was."""

    tensor: Tensor
    data: Tensor
    gradient: Tensor | None
    requires_grad: bool
    copy: Tensor | None

    def put_back(self) -> None:
        """Give the tensor its data again, and what else belongs to it."""
        if self.copy is not None and not torch.equal(self.data, self.copy):
            self.data.copy_(self.copy)
        if _layout(self.tensor.data) != _layout(self.data):
            self.tensor.data = self.data
        if self.tensor.requires_grad != self.requires_grad:
            self.tensor.requires_grad_(self.requires_grad)
        if self.tensor.grad is not self.gradient:
            self.tensor.grad = self.gradient


def _layout(data: Tensor) -> tuple[int, torch.device, torch.Size, tuple[int, ...], torch.dtype]:
    return data.data_ptr(), data.device, data.shape, data.stride(), data.dtype


def _kept(module: nn.Module, numbers: bool) -> list[_Kept]:
    tensors = [*module.parameters(), *module.buffers()]
    plain = [t for t in tensors if type(t) in (Tensor, nn.Parameter) and t.layout == torch.strided and t.is_leaf]
    real = [tensor for tensor in plain if not tensor.is_meta and not tensor.is_quantized]
    copied = numbers and sum(tensor.numel() * tensor.itemsize for tensor in real) <= COPIED
    return [_Kept(t, t.data, t.grad, t.requires_grad, t.detach().clone() if copied else None) for t in real]


@contextmanager
def _random_numbers(module: nn.Module) -> Iterator[None]:
    """Put the random states of Python, NumPy and PyTorch back, on the CPU and on the module's graphics cards."""
    cards = sorted({tensor.get_device() for tensor in module.parameters() if tensor.is_cuda})
    state, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002 - whatever the module uses
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(devices=cards))
        try:
            yield
        finally:
            random.setstate(state)
            np.random.set_state(legacy)  # noqa: NPY002
