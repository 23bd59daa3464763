"""An opened weights file, whatever its format: what it declares, and a store to read it from."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netaudit.network.cells import CellSpec
from netaudit.network.graph import Graph
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import LayerSpec, TensorStore

_FLOATING = frozenset(("float16", "float32", "float64", "bfloat16"))


@dataclass(frozen=True)
class Declared:
    """What a file says of one tensor, before anything is read."""

    shape: tuple[int, ...]
    dtype: str
    """Under PyTorch's name, without ``torch.``; a type that PyTorch does not have goes by the format's own name."""
    identity: Hashable
    """Equal for tensors that are the very same stored numbers (tied weights)."""
    refusal: str = ""
    """Why the tensor cannot be read, if so: sparse, quantised, declared larger than its storage, ..."""
    note: str = ""
    """How the stored numbers become the ones that are read, where they differ: ``"Q4_0, dequantised"``."""
    origin: str = ""
    """How the weight is made of stored tensors, which then is ``[out, in]``; empty for one that is stored itself."""

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def floating(self) -> bool:
        """Whether the numbers are floating point (float8 and bfloat16 too)."""
        return self.dtype in _FLOATING or self.dtype.startswith("float8_")


@dataclass(frozen=True)
class Structure:
    """What a file that holds more than named tensors says of its network. Keys are names of the file's store."""

    layers: tuple[LayerSpec, ...]
    """The fully connected layers, in the network's order where it is known. Their activations come from the graph."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why each other parameter is no layer."""
    buffers: frozenset[str] = frozenset()
    """Tensors that are no parameters: states of the optimiser, constants of the graph."""
    graph: Graph | None = None
    """The operations from the input to the output; None when the file does not tell their order."""
    cells: tuple[CellSpec, ...] = ()
    """The recurrent cells, whose parameters are listed as skipped."""


@dataclass(frozen=True)
class WeightsFile:
    """An opened weights file: its index was read, its tensors were not."""

    path: Path
    store: TensorStore
    declared: Mapping[str, Declared]
    """What the file says of each tensor of the store, in the file's order."""
    nested_under: str = ""
    """The keys under which the state dict lay in a checkpoint, ``"checkpoint.model"`` for instance."""
    metadata: Mapping[str, Any] | None = None
    """Versions of the modules, for ``load_state_dict``."""
    shards: tuple[Path, ...] = ()
    """The files with the tensors, when ``path`` is their index."""
    notes: tuple[str, ...] = ()
    """What a reader of the report must know of how the file was read, in whole sentences."""
    structure: Structure | None = None
    """What the file says of the network; None for bare named tensors, of which names and shapes are all there is."""
    architecture: str | None = None
    """What the file says that the model is: ``"llama"``."""
    ordered: bool = False
    """Whether the order of ``declared`` is that in which the network was defined; safetensors sorts names."""
    others: Mapping[str, Mapping[str, Declared]] = field(default_factory=dict)
    """What lies beside the state dict that was chosen: by its key, tensors of the store under their whole names."""
    listed: tuple[SkippedLayer, ...] = ()
    """What else is to be said in the inventory: stale copies, tensors that are not there."""
    format: str = ""
    """The name of the format in which it was opened."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What the file says of itself: the metadata of a safetensors file."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that was opened."""
        return (self.path, *self.shards)
