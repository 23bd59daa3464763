"""A store of the tensors of two others, each under a name of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netaudit.formats.one_entry import read_entry

if TYPE_CHECKING:
    from torch import Tensor


class PairedStore:
    """The tensors of two stores, each under a name of its own."""

    def __init__(self, places: Mapping[str, tuple[Any, str]]) -> None:
        self.places = places

    def names(self) -> Sequence[str]:
        """Every name."""
        return list(self.places)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape without reading the data."""
        store, own = self.places[name]
        return tuple(store.shape(own))

    def dtype(self, name: str) -> str:
        """Dtype without reading the data."""
        store, own = self.places[name]
        return str(store.dtype(own))

    def read(self, name: str) -> Tensor:
        """Read one tensor onto the CPU."""
        store, own = self.places[name]
        tensor: Tensor = store.read(own)
        return tensor

    def read_at(self, name: str, index: int) -> Tensor:
        """One entry of a tensor's first axis, without the rest where the store can do that."""
        store, own = self.places[name]
        return read_entry(store, own, index)
