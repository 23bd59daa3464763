"""A store in which the gates of recurrent cells are tensors of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from netaudit.errors import SourceError
from netaudit.formats.one_entry import read_entry
from netaudit.network.network import TensorStore
from netaudit.sources.planners.gates import Part
from netaudit.text import printable

if TYPE_CHECKING:
    from torch import Tensor


class CutStore:
    """Cuts the ``parts`` out of stored tensors when they are read, and hands on every other tensor.

    A part is ``[out, in]`` or ``[out]``, whatever the layout of its tensor.
    """

    def __init__(self, store: TensorStore, parts: Mapping[str, Part]) -> None:
        self.store = store
        self.parts = parts

    def names(self) -> Sequence[str]:
        """Every stored tensor's name; the parts are not among them."""
        return self.store.names()

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape without reading the data."""
        return self.parts[name].shape if name in self.parts else self.store.shape(name)

    def dtype(self, name: str) -> str:
        """Dtype without reading the data."""
        return self.store.dtype(self.parts[name].block.key if name in self.parts else name)

    def read(self, name: str) -> Tensor:
        """Read one tensor, or the part of one.

        Raises:
            SourceError: it cannot be read, or is not what the file declared.
        """
        if name not in self.parts:
            return self.store.read(name)
        part = self.parts[name]
        try:
            found = part.block.of(self.store.read(part.block.key)).clone()
        except (RuntimeError, IndexError) as error:
            raise SourceError(f"{printable(name, 80)} cannot be cut out of {printable(part.block.key, 80)}") from error
        if tuple(found.shape) != part.shape:
            raise SourceError(f"{printable(name, 80)} is {tuple(found.shape)}, not {part.shape}")
        return found

    def read_at(self, name: str, index: int) -> Tensor:
        """``read(name)[index]``, without the rest where the store can."""
        return self.read(name)[index] if name in self.parts else read_entry(self.store, name, index)

    def fan_out(self, name: str) -> int | None:
        """The outputs that an initialisation counts where a tensor was cut from another; None where it was not."""
        if name in self.parts:
            return self.parts[name].rows
        known = getattr(self.store, "fan_out", None)
        return None if known is None else known(name)

    def factors(self, name: str) -> tuple[Tensor, Tensor] | None:
        """The factors of a weight that the store knows to be a product; None for any other."""
        known = getattr(self.store, "factors", None)
        return None if known is None or name in self.parts else known(name)


def cut_store(store: TensorStore, parts: Mapping[str, Part]) -> TensorStore:
    """The store with the parts; the store itself where there are none."""
    return CutStore(store, parts) if parts else store
