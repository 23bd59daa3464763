"""What every test of a rule needs: tensors in, weights and refusals out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from torch import Tensor

from netaudit.composed.table import compose
from netaudit.network.network import LayerSpec
from netaudit.sources.planners.names_and_shapes import plan
from netaudit.sources.stores import MemoryStore, declare


@dataclass(frozen=True)
class Composed:
    """A composed state dict."""

    store: Any
    declared: Mapping[str, Any]

    def __getitem__(self, name: str) -> Tensor:
        assert not self.declared[name].refusal
        tensor: Tensor = self.store.read(name)
        assert tuple(tensor.shape) == self.declared[name].shape == self.store.shape(name)
        assert str(tensor.dtype) == f"torch.{self.declared[name].dtype}"
        return tensor

    def origin(self, name: str) -> str:
        return str(self.declared[name].origin)

    def refusals(self) -> dict[str, str]:
        return {name: tensor.refusal for name, tensor in self.declared.items() if tensor.refusal}

    def layers(self) -> dict[str, tuple[int, int]]:
        """What an audit would cover; every entry's parameters add up to the total."""
        planned = plan(self.declared)
        assert sum(entry.parameters for entry in planned.layers) == planned.parameters_total
        return {entry.name: entry.shape for entry in planned.layers if isinstance(entry, LayerSpec)}


@pytest.fixture
def composed() -> Callable[..., Composed]:
    """Composes a state dict with ``config`` and ``adapter``."""

    def make(tensors: dict[str, Tensor], **beside: Any) -> Composed:
        return Composed(*compose(MemoryStore(tensors), declare(tensors), **beside))

    return make
