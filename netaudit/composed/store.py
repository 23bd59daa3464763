"""A store of weights that are computed from the tensors of another store, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from netaudit.composed.rule import Made, Read
from netaudit.errors import SourceError
from netaudit.formats.one_entry import read_entry
from netaudit.formats.weights_file import Declared
from netaudit.network.network import TensorStore
from netaudit.text import printable

if TYPE_CHECKING:
    from torch import Tensor


class ComposedStore:
    """Computes the weights in ``made`` when they are read, and hands on every other tensor."""

    def __init__(
        self,
        store: TensorStore,
        declared: Mapping[str, Declared],
        made: Mapping[str, Made],
        parts: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.store = store
        self.declared = declared
        self.made = made
        self.parts = parts

    def parts_of(self, name: str) -> tuple[str, ...]:
        """What a weight is made of in the innermost store; of any other tensor its own name."""
        names = self.parts[name] if name in self.made else (name,)
        if not isinstance(self.store, ComposedStore):
            return names
        return tuple(part for inner in names for part in self.store.parts_of(inner))

    def fan_out(self, name: str) -> int | None:
        """The outputs of the tensor that a weight was cut from; None for one that was not."""
        if name in self.made:
            return self.made[name].fan_out
        return self.store.fan_out(name) if isinstance(self.store, ComposedStore) else None

    def names(self) -> Sequence[str]:
        """Every tensor's name, with each weight in the place of its first part."""
        return list(self.declared)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape without reading the data."""
        return self.declared[name].shape

    def dtype(self, name: str) -> str:
        """Dtype without reading the data."""
        return self.declared[name].dtype

    def read(self, name: str) -> Tensor:
        """Compute one weight, or read one tensor.

        Raises:
            SourceError: its parts cannot be read, or do not fit each other.
        """
        if name not in self.made:
            return self.store.read(name)
        return self._computed(name, self.made[name].compute, self.made[name].shape)

    def read_at(self, name: str, index: int) -> Tensor:
        """``read(name)[index]``, without the rest where the store, or the weight's formula, can do without it.

        Raises:
            SourceError: its parts cannot be read, or do not fit each other.
        """
        if name not in self.made:
            return read_entry(self.store, name, index)
        made = self.made[name]
        if made.entry is None:
            return self.read(name)[index].clone()
        return self._computed(name, partial(made.entry, index), made.shape[1:])

    def _computed(self, name: str, compute: Callable[[Read], Tensor], shape: tuple[int, ...]) -> Tensor:
        try:
            weight = compute(self._read)
        except (RuntimeError, IndexError, ValueError, KeyError) as error:
            reason = printable(str(error).partition("\n")[0], 100)
            raise SourceError(f"{printable(name, 80)} cannot be computed from its parts: {reason}") from error
        if tuple(weight.shape) != shape:
            raise SourceError(f"{printable(name, 80)}: its parts give {tuple(weight.shape)}, not {shape}")
        return weight.contiguous()

    def factors(self, name: str) -> tuple[Tensor, Tensor] | None:
        """L ``[out, r]`` and R ``[r, in]``, float64, of a weight that is their product; None for any other."""
        made = self.made.get(name)
        if made is not None and made.factors is not None:
            return made.factors(self._read)
        whole, rows = (name, None) if made is None else made.cut or ("", None)
        found = self.store.factors(whole) if whole and isinstance(self.store, ComposedStore) else None
        return (rows(found[0]), found[1]) if found and rows else found

    def _read(self, name: str, index: int | None = None) -> Tensor:
        return self.store.read(name) if index is None else read_entry(self.store, name, index)


def innermost(store: TensorStore) -> TensorStore:
    """The store of the tensors as they are stored, of which none is split or computed."""
    while isinstance(store, ComposedStore):
        store = store.store
    return store
