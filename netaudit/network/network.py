"""An opened network: its inventory (shapes only), a store to read one layer at a time, and what is known around it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from netaudit.errors import SourceError
from netaudit.network.cells import Cell, CellSpec, read_cell
from netaudit.network.globs import matches
from netaudit.network.graph import Graph
from netaudit.network.inputs import Preprocessing, Sample
from netaudit.network.layers import FCLayer, Head, SkippedLayer
from netaudit.text import printable

if TYPE_CHECKING:
    from torch import Tensor, nn

_NUMBER = re.compile(r"\d+")

Progress = Callable[[str, float, float], None]
"""A callback that is given what is being done, the work done, and the work in all; 0 in all means not known."""


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
    """``zoo``, ``torchvision``, ``timm``, ``hub``, ``file`` or ``module``."""
    architecture: str | None = None
    weights: str | None = None
    """The weights' file name or tag, without its folder."""
    card: dict[str, Any] | None = None
    """A bundled network's card (data, recipe, accuracy, ...)."""
    revision: str | None = None
    """The commit of the repository that the weights are from, where it is known."""


@dataclass(frozen=True)
class Base:
    """The model that an adapter was added to."""

    name: str
    """As it is called in a report: without a path."""
    weights: str | None
    """The weights' file name or tag, without its folder."""
    revision: str | None
    """The commit of the repository that the weights are from, where it is known."""
    files: tuple[Path, ...]
    """The weights' file, or the index and its shards, for their SHA-256."""

    def settings(self, sha256: str | None) -> dict[str, str | None]:
        """For the settings of a report: with it the base is found again."""
        return {"name": self.name, "weights": self.weights, "revision": self.revision, "sha256": sha256}


def _unlimited(spec: LayerSpec) -> str | None:
    """The guard that refuses no layer."""


@dataclass(frozen=True)
class Network:
    """An opened target: the inventory of its layers, the store behind it, and what is known of the model around it."""

    info: ModelInfo
    layers: tuple[LayerSpec | SkippedLayer, ...]
    """The inventory: every layer that is audited, and every other parameter with the reason why it is not."""
    store: TensorStore
    parameters_total: int
    """The parameters of the model, each counted once; those of the inventory add up to it."""
    cells: tuple[CellSpec, ...] = ()
    """The recurrent cells. The matrices of their gates are layers of the inventory, too."""
    graph: Graph | None = None
    """The operations of one forward pass, where one was recorded."""
    head: Head | None = None
    """The fully connected layers at the top, where they are known."""
    missing_head: str = ""
    """Why there is no head, where that is known."""
    backbone: Callable[[Tensor], Tensor] | None = None
    """Turns real inputs ``[N, ...]`` into the input ``[N, in]`` of the head's bottom layer; None when not known."""
    make_module: Callable[[], nn.Module] | None = None
    """Gives the module with its weights, where the architecture is known."""
    sample: Sample | None = None
    """The real inputs that ship with the network."""
    input_shape: tuple[int, ...] | None = None
    """Of one input, without the batch, where the architecture says it."""
    preprocessing: Callable[[], Preprocessing | None] | None = None
    """How the model takes pictures, where that is known."""
    files: tuple[Path, ...] = ()
    """The weights' file, or the index and its shards, for their SHA-256."""
    base: Base | None = None
    """What the target, an adapter, was added to."""
    notes: tuple[str, ...] = ()
    """What a reader of the report must know of how the file was read, in whole sentences."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What the weights' file says of itself: its format and its metadata."""
    versions: dict[str, str] = field(default_factory=dict)
    """Versions of the libraries that gave the architecture."""
    limit: Callable[[LayerSpec], str | None] = _unlimited
    """The size guard: it says why a layer is too large to be read, or None. :meth:`guarded` sets it."""

    def select(self, layers: Sequence[str] = (), exclude: Sequence[str] = ()) -> Network:
        """The network with the layers that the globs leave out turned into skipped ones.

        Args:
            layers: globs (case-sensitive, ``*`` and ``?``), one of which a layer's name must match; none means all.
            exclude: globs, none of which a layer's name may match.
        """

        def left_out(spec: LayerSpec) -> str | None:
            if layers and not matches(spec.name, layers):
                return "not selected by --layers"
            if matches(spec.name, exclude):
                return "left out by --exclude"
            return self.limit(spec)

        return self.without(left_out)

    def guarded(self, too_large: Callable[[LayerSpec], str | None]) -> Network:
        """The network with the layers that the guard refuses turned into skipped ones; nothing reads them any more."""
        return replace(self.without(too_large), limit=too_large)

    def without(self, reason: Callable[[LayerSpec], str | None]) -> Network:
        """The network with the layers that have a reason turned into skipped ones, with that reason."""

        def choose(layer: LayerSpec | SkippedLayer) -> LayerSpec | SkippedLayer:
            why = None if isinstance(layer, SkippedLayer) else reason(layer)
            return layer if why is None else SkippedLayer(layer.name, layer.shape, why, layer.parameters)

        return replace(self, layers=tuple(choose(layer) for layer in self.layers))

    def specs(self) -> Iterator[LayerSpec]:
        """Every layer that is audited."""
        return (layer for layer in self.layers if isinstance(layer, LayerSpec))

    def spec(self, name: str) -> LayerSpec:
        """The audited layer of that name.

        Raises:
            SourceError: there is no such layer, or it is skipped; the message says why.
        """
        if name not in self._audited:
            raise SourceError(f"the layer {printable(name, 80)} {self._gap(name)}")
        return self._audited[name]

    def blocks(self, name: str) -> int:
        """How many layers, audited or not, have this name but for the numbers in it: one a block of the network."""
        return self._by_pattern[_NUMBER.sub("#", name)]

    def read(self, spec: LayerSpec) -> FCLayer:
        """Read one layer from the store. This is the only way to a layer's numbers.

        Raises:
            SourceError: the layer is skipped (the store is not touched then), or it cannot be read.
        """
        if spec not in self._readable:
            raise SourceError(f"the layer {printable(spec.name, 80)} {self._gap(spec.name)}")
        rows = slice(*(spec.rows or (0, spec.shape[0])))
        stored = self.store.read(spec.weight)
        weight = (stored.T.contiguous() if spec.transposed else stored)[rows].reshape(spec.shape)
        bias_rows = slice(*spec.bias_rows) if spec.bias_rows else rows
        bias = None if spec.bias is None else self.store.read(spec.bias)[bias_rows]
        factors, fan_out = self._factors(spec, rows), self._fan_out(spec, tuple(stored.shape))
        return FCLayer(spec.name, weight, bias, spec.activation, spec.origin, factors, fan_out)

    def _factors(self, spec: LayerSpec, rows: slice) -> tuple[Tensor, Tensor] | None:
        """The factors of a weight that the store knows to be a product."""
        get = getattr(self.store, "factors", None)
        found: tuple[Tensor, Tensor] | None = get(spec.weight) if get else None
        if found is None:
            return None
        left, right = (found[1].T, found[0].T) if spec.transposed else found
        return left[rows], right

    def read_cell(self, cell: CellSpec) -> Cell:
        """Read one recurrent cell from the store, its gates apart and as ``[out, in]``.

        Raises:
            SourceError: it is none of the network's, it is too large, or it cannot be read.
        """
        if cell not in self.cells:
            raise SourceError(f"the cell {printable(cell.name, 80)} does not exist")
        rows, columns = len(cell.gates) * cell.hidden_size, cell.input_size + cell.hidden_size
        if refused := self.limit(LayerSpec(cell.name, (rows, columns), cell.keys[0])):
            raise SourceError(f"the cell {printable(cell.name, 80)} is not read: {refused}")
        return read_cell(cell, self.store.read)

    def module(self) -> nn.Module:
        """The module with its weights.

        Raises:
            SourceError: the architecture is not known, or no weights were loaded.
        """
        if self.make_module is None:
            raise SourceError(f"the architecture of {printable(self.info.name, 80)} is not known")
        return self.make_module()

    def _fan_out(self, spec: LayerSpec, stored: tuple[int, ...]) -> int | None:
        """What :attr:`FCLayer.fan_out` says, from the shape of the stored tensor."""
        known = getattr(self.store, "fan_out", None)  # of a tensor that is itself cut from another
        if known is not None and (found := known(spec.weight)) is not None:
            return int(found)
        outputs = stored[-1] if spec.transposed else stored[0] * prod(stored[2:])
        return None if outputs == spec.shape[0] else outputs

    def head_gap(self) -> str | None:
        """Why the head cannot be run, or None when every layer of it can be read."""
        if self.head is None:
            return self.missing_head or "no head of fully connected layers at the top was found"
        missing = next((step.name for step in self.head.layers if step.name not in self._audited), None)
        return None if missing is None else f"the head's layer {printable(missing, 80)} {self._gap(missing)}"

    def _gap(self, name: str) -> str:
        skipped = next((layer for layer in self.layers if isinstance(layer, SkippedLayer) and layer.name == name), None)
        return "does not exist" if skipped is None else f"is skipped: {skipped.reason}"

    @cached_property
    def _by_pattern(self) -> Counter[str]:
        return Counter(_NUMBER.sub("#", layer.name) for layer in self.layers)

    @cached_property
    def _audited(self) -> dict[str, LayerSpec]:
        return {spec.name: spec for spec in self.specs()}

    @cached_property
    def _readable(self) -> frozenset[LayerSpec]:
        return frozenset(self.specs())
