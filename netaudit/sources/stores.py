"""Stores that are not files: a live module, tensors in memory, an architecture without weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from netaudit.errors import SourceError
from netaudit.formats.one_entry import read_entry
from netaudit.formats.weights_file import Declared
from netaudit.network.network import TensorStore
from netaudit.text import printable


class MemoryStore:
    """Tensors that are in memory already; ``read`` copies, so that nothing can write into the caller's weights."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self.tensors = tensors

    def names(self) -> Sequence[str]:
        """Every tensor's name, in the mapping's order."""
        return list(self.tensors)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape."""
        return tuple(self.tensors[name].shape)

    def dtype(self, name: str) -> str:
        """Dtype without ``torch.``."""
        return dtype_name(self.tensors[name])

    def read(self, name: str) -> Tensor:
        """Copy one tensor to the CPU.

        Raises:
            SourceError: the tensor has no data (it is on the meta device).
        """
        tensor = self.tensors[name]
        if tensor.is_meta:
            raise SourceError(f"{printable(name)} has no data: no weights were loaded")
        return tensor.detach().to("cpu", copy=True)

    def read_at(self, name: str, index: int) -> Tensor:
        """Copy one entry of a tensor's first axis to the CPU.

        Raises:
            SourceError: the tensor has no data (it is on the meta device).
        """
        return MemoryStore({name: self.tensors[name][index]}).read(name)


def module_store(module: nn.Module) -> MemoryStore:
    """A module's parameters, tied ones under each of their names, and its buffers."""
    parameters = module.named_parameters(remove_duplicate=False)
    return MemoryStore({**dict(parameters), **dict(module.named_buffers(remove_duplicate=False))})


def dtype_name(tensor: Tensor) -> str:
    """``float32`` and so on."""
    return str(tensor.dtype).removeprefix("torch.")


def refusal(tensor: Tensor) -> str:
    """Why a tensor cannot be read as it is: empty when it can."""
    if type(tensor) not in (Tensor, nn.Parameter) or tensor.is_nested:
        return "a nested tensor or another subclass of Tensor: not read"
    if tensor.layout != torch.strided or tensor.is_quantized:
        kind = "quantised" if tensor.is_quantized else str(tensor.layout).removeprefix("torch.").replace("_", " ")
        return f"{kind} tensor: not read"
    if tensor.numel() * tensor.itemsize > tensor.untyped_storage().nbytes():
        return "a broadcast view: declared larger than the data stored"
    return ""


def declare(tensors: Mapping[str, Tensor]) -> dict[str, Declared]:
    """What is known of tensors in memory before their numbers are looked at."""
    declared = {}
    for name, tensor in tensors.items():
        why = "has no data" if tensor.is_meta else refusal(tensor)
        shape = () if tensor.is_nested else tuple(tensor.shape)
        identity = name if why or not tensor.numel() else (tensor.data_ptr(), shape, tensor.stride())
        declared[name] = Declared(shape, dtype_name(tensor), identity, why)
    return declared


class RenamedStore:
    """A store under other names: ``names[new] = old``."""

    def __init__(self, store: TensorStore, names: Mapping[str, str]) -> None:
        self.store = store
        self.old = names

    def names(self) -> Sequence[str]:
        """The new names."""
        return list(self.old)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape without reading the data."""
        return self.store.shape(self.old[name])

    def dtype(self, name: str) -> str:
        """Dtype without reading the data."""
        return self.store.dtype(self.old[name])

    def read(self, name: str) -> Tensor:
        """Read one tensor onto the CPU."""
        return self.store.read(self.old[name])

    def read_at(self, name: str, index: int) -> Tensor:
        """Read one entry of a tensor's first axis, alone where the store can."""
        return read_entry(self.store, self.old[name], index)
