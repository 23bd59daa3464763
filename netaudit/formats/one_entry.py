"""One entry of a tensor's first axis: an expert of many, without the others where the store can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netaudit.network.network import TensorStore

if TYPE_CHECKING:
    from torch import Tensor


def read_entry(store: TensorStore, name: str, index: int) -> Tensor:
    """``store.read(name)[index]``; a store that has ``read_at`` reads no more than that.

    Raises:
        SourceError: the tensor cannot be read.
    """
    alone = getattr(store, "read_at", None)
    one: Tensor = store.read(name)[index].clone() if alone is None else alone(name, index)
    return one
