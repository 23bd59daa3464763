"""What every source gives: a plan of the layers (shapes only), and a store to read them from one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from netaudit.network.layers import FCLayer, Head, SkippedLayer

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from netaudit.sources.images import Preprocessing

Progress = Callable[[str, float, float], None]
"""Told (what is being done, work done, work in all); a total of 0 is not known. The unit is the teller's own."""


class TensorStore(Protocol):
    """Named tensors that are read one at a time, so that one layer is in memory."""

    def names(self) -> Sequence[str]:
        """Every tensor's name, in the file's order."""

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape without reading the data."""

    def dtype(self, name: str) -> str:
        """Dtype without ``torch.`` and without reading the data."""

    def read(self, name: str) -> Tensor:
        """Read one tensor onto the CPU, in its stored dtype."""


@dataclass(frozen=True)
class LayerSpec:
    """Where a fully connected layer lies in a store. Shapes only: nothing is read yet."""

    name: str
    shape: tuple[int, int]
    """``(out, in)``."""
    weight: str
    """Name of the weight in the store; any shape whose rows are the outputs (a covering convolution is flattened)."""
    bias: str | None = None
    rows: tuple[int, int] | None = None
    """The rows ``[start, stop)`` of the stored weight and bias that are this layer (q, k, v of an in_proj)."""
    activation: str | None = None
    origin: str = "Linear"
    bias_rows: tuple[int, int] | None = None
    """The rows of the stored bias, where they differ from ``rows`` (one bias for separate q, k and v weights)."""
    transposed: bool = False
    """The store keeps the weight as ``[in, out]`` (Flax, Keras, GPT-2's Conv1D)."""

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.shape[0] * self.shape[1] + (self.shape[0] if self.bias else 0)


@dataclass(frozen=True)
class ModelInfo:
    """Where a model comes from. Holds no path: only what may go into a paper."""

    name: str
    kind: str
    """``zoo``, ``torchvision``, ``timm``, ``file`` or ``module``."""
    architecture: str | None = None
    weights: str | None = None
    """The weights' file name or tag, without its folder."""
    card: dict[str, Any] | None = None
    """A bundled network's card (data, recipe, accuracy, ...)."""


@dataclass(frozen=True)
class Sample:
    """Real inputs: ``x [N, ...]`` as the model takes them (float32), and their labels ``y [N]`` int64 if known."""

    x: np.ndarray[Any, np.dtype[np.float32]]
    y: np.ndarray[Any, np.dtype[np.int64]] | None
    sha256: str
    name: str


@dataclass(frozen=True)
class Network:
    """An opened target: the plan, the store behind it, and what is known of the model around it."""

    info: ModelInfo
    layers: tuple[LayerSpec | SkippedLayer, ...]
    store: TensorStore
    parameters_total: int
    head: Head | None = None
    files: tuple[Path, ...] = ()
    """The weights' file, or the index and its shards, for their SHA-256."""
    backbone: Callable[[Tensor], Tensor] | None = None
    """Real inputs ``[N, ...]`` to the input of the stack's bottom layer ``[N, in]``; None when it is not known."""
    sample: Sample | None = None
    preprocessing: Callable[[], Preprocessing | None] | None = None
    """How the model takes pictures, where that is known."""
    versions: dict[str, str] = field(default_factory=dict)
    """Versions of the libraries that gave the architecture."""

    def select(self, layers: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[LayerSpec | SkippedLayer]:
        """The plan with layers that the globs leave out turned into skipped ones. Case-sensitive, ``*`` and ``?``."""

        def choose(entry: LayerSpec | SkippedLayer) -> LayerSpec | SkippedLayer:
            if isinstance(entry, SkippedLayer):
                return entry
            if layers and not any(fnmatchcase(entry.name, glob) for glob in layers):
                return SkippedLayer(entry.name, entry.shape, "not selected by --layers", entry.parameters)
            if any(fnmatchcase(entry.name, glob) for glob in exclude):
                return SkippedLayer(entry.name, entry.shape, "left out by --exclude", entry.parameters)
            return entry

        return [choose(entry) for entry in self.layers]

    def specs(self) -> Iterator[LayerSpec]:
        """Every fully connected layer of the plan."""
        return (entry for entry in self.layers if isinstance(entry, LayerSpec))

    def read(self, spec: LayerSpec) -> FCLayer:
        """Read one layer from the store."""
        rows = slice(*(spec.rows or (0, spec.shape[0])))
        stored = self.store.read(spec.weight)
        weight = (stored.T.contiguous() if spec.transposed else stored)[rows].reshape(spec.shape)
        bias_rows = slice(*spec.bias_rows) if spec.bias_rows else rows
        bias = None if spec.bias is None else self.store.read(spec.bias)[bias_rows]
        return FCLayer(spec.name, weight, bias, spec.activation, spec.origin)
