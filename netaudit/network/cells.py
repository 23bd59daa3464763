"""Recurrent cells: where the matrices of each gate lie, whoever wrote the file, and the gates in memory.

Formats disagree on the order of the gates, on ``[in, out]`` and ``[out, in]``, and on one or two biases. Here there is
one convention, PyTorch's: a matrix a gate, ``[out, in]``, and the gates in the order of :data:`GATES`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

Kind = Literal["rnn_tanh", "rnn_relu", "gru", "lstm"]
CellActivation = Literal["tanh", "relu"]
CELL_ACTIVATIONS: tuple[CellActivation, ...] = ("tanh", "relu")
"""What follows a simple recurrent cell, where a file does not say it (``--cell-activation``)."""
Gates = Mapping[str, "Block"]
"""Where each gate lies, by its name."""
SIMPLE = ("hidden",)
GATES: Mapping[Kind, tuple[str, ...]] = {
    "rnn_tanh": SIMPLE,
    "rnn_relu": SIMPLE,
    "gru": ("reset", "update", "new"),
    "lstm": ("input", "forget", "cell", "output"),
}
"""The gates of a cell in PyTorch's order, which is that of the blocks of rows in its matrices."""

# PyTorch's names: of a layer of nn.RNN, nn.GRU or nn.LSTM with its number, of a single cell without.
_NAME = re.compile(r"(?P<role>(?:weight|bias)_(?:ih|hh)|weight_hr)(?:_l(?P<layer>\d+)(?P<reverse>_reverse)?)?")
_MATRICES = ("weight_ih", "weight_hh", "weight_hr")
UNKNOWN = "a simple recurrent cell; whether tanh or ReLU follows is not in the file"


@dataclass(frozen=True)
class Block:
    """The part of a stored tensor that is one matrix or bias of one gate."""

    key: str
    """The tensor's name in the store."""
    part: tuple[int, int] | None = None
    """The entries ``[start, stop)`` along ``axis``; None for all."""
    axis: int = 0
    """Counted behind the first axis where ``index`` is given."""
    index: int | None = None
    """Of the first axis: ONNX's direction, the input's and the state's bias of a Keras GRU."""
    stored: Literal["[out, in]", "[in, out]", "cuDNN"] = "[out, in]"
    """How a matrix lies. cuDNN's is ``[out, in]`` row by row, in an array that declares ``[in, out]``."""

    def of(self, tensor: Tensor) -> Tensor:
        """The block of the stored tensor: ``[out, in]`` of a matrix, ``[out]`` of a bias."""
        tensor = tensor if self.index is None else tensor[self.index]
        if self.part is not None:
            tensor = tensor.narrow(self.axis, self.part[0], self.part[1] - self.part[0])
        if self.stored == "cuDNN":
            return tensor.contiguous().reshape(tensor.shape[::-1])
        return (tensor.T if self.stored == "[in, out]" else tensor).contiguous()


@dataclass(frozen=True)
class CellSpec:
    """One recurrent cell: a layer and a direction of ``h' = f(W_ih x + b_ih, W_hh h + b_hh)``. Nothing is read yet."""

    name: str
    """The module's path, with ``l0``, ``l0_reverse``, ... for a layer of several."""
    kind: Kind | None
    """None for a cell with one block of rows in a bare state dict: its activation is not stored."""
    input_size: int
    hidden_size: int
    blocks: Mapping[str, Gates]
    """Where the gates lie, by the role of the matrix: ``weight_ih`` (a gate ``[hidden, input]``), ``weight_hh``
    (``[hidden, hidden]``), ``bias_ih`` and ``bias_hh`` (``[hidden]``) where there are any. A projected LSTM has
    ``weight_hr`` (``[projected, hidden]``, of ``"projection"``), and its ``weight_hh`` is ``[hidden, projected]``."""
    reverse: bool = False
    """The cell reads the sequence from its end."""
    reset_first: bool = False
    """Of a GRU, whether the reset gate multiplies the state before the product with ``weight_hh`` (Cho et al., 2014;
    ONNX's and Keras 1's default) and not the product, its bias included (cuDNN, PyTorch, Flax)."""
    note: str = ""
    """What is not known of the cell, or differs from PyTorch's cell of this kind; empty for one that steps like it."""

    @property
    def gates(self) -> tuple[str, ...]:
        """Its gates, in PyTorch's order."""
        return SIMPLE if self.kind is None else GATES[self.kind]

    @property
    def keys(self) -> tuple[str, ...]:
        """The names in the store of all that it is made of, each once."""
        return tuple(dict.fromkeys(block.key for gates in self.blocks.values() for block in gates.values()))


@dataclass(frozen=True)
class Gate:
    """One gate of a cell, in memory."""

    weight_ih: Tensor
    """From the input, ``[hidden, input]``."""
    weight_hh: Tensor
    """From the state, ``[hidden, hidden]``; of a projected LSTM ``[hidden, projected]``."""
    bias: Tensor
    """``[hidden]``: all that is added whatever the state, ``b_ih + b_hh``; zeros where there is no bias."""
    reset_bias: Tensor | None = None
    """``b_hn [hidden]`` of a GRU's new gate, which the reset gate multiplies and which is not in ``bias``; None of
    any other gate."""


@dataclass(frozen=True)
class Cell:
    """A cell in memory, the same whatever format its file has."""

    spec: CellSpec
    gates: Mapping[str, Gate]
    """By name, in PyTorch's order (:data:`GATES`)."""
    projection: Tensor | None = None
    """``[projected, hidden]`` of a projected LSTM."""


def read_cell(spec: CellSpec, read: Callable[[str], Tensor]) -> Cell:
    """Read a cell, each stored tensor once.

    Args:
        spec: where it lies.
        read: gives a tensor of the store by its name.
    """
    import torch

    stored = {key: read(key) for key in spec.keys}

    def block(role: str, gate: str) -> Tensor | None:
        found = spec.blocks.get(role, {}).get(gate)
        return None if found is None else found.of(stored[found.key])

    gates = {}
    for gate in spec.gates:
        of_input, of_state = block("weight_ih", gate), block("weight_hh", gate)
        assert of_input is not None
        assert of_state is not None
        first, second = block("bias_ih", gate), block("bias_hh", gate)
        apart = spec.kind == "gru" and gate == "new" and not spec.reset_first
        zero = torch.zeros(spec.hidden_size, dtype=torch.promote_types(of_input.dtype, torch.float32))
        given = [one.to(torch.promote_types(one.dtype, torch.float32)) for one in (first, second) if one is not None]
        if apart:
            gates[gate] = Gate(of_input, of_state, zero if first is None else first, zero if second is None else second)
        else:
            gates[gate] = Gate(of_input, of_state, sum(given[1:], given[0]) if given else zero)
    return Cell(spec, gates, block("weight_hr", "projection"))


def in_blocks(
    key: str, order: tuple[str, ...], size: int, start: int = 0, index: int | None = None
) -> dict[str, Block]:
    """Gates of ``size`` rows one after the other in a stored ``[out, in]`` or ``[out]``."""
    starts = range(start, start + size * len(order), size)
    return {gate: Block(key, (at, at + size), index=index) for gate, at in zip(order, starts, strict=True)}


def cells_among(shapes: Mapping[str, tuple[int, ...]], kinds: Mapping[str, Kind] | None = None) -> tuple[CellSpec, ...]:
    """The recurrent cells among named tensors, in their order, told by PyTorch's names and by their shapes.

    Args:
        shapes: the shape of every tensor.
        kinds: what each recurrent module is, by its path; None when the names are all that is known.
    """
    groups: dict[tuple[str, str | None, bool], dict[str, str]] = {}
    for key in shapes:
        path, _, last = key.rpartition(".")
        match = _NAME.fullmatch(last) if last.startswith(("weight_", "bias_")) else None
        if match and (kinds is None or path in kinds):
            groups.setdefault((path, match["layer"], bool(match["reverse"])), {})[match["role"]] = key
    cells = []
    for (path, layer, reverse), weights in groups.items():
        cell = _cell(path, layer, reverse, weights, shapes, None if kinds is None else kinds[path])
        if cell is not None:
            cells.append(cell)
    return tuple(cells)


def _cell(
    path: str,
    layer: str | None,
    reverse: bool,
    weights: Mapping[str, str],
    shapes: Mapping[str, tuple[int, ...]],
    kind: Kind | None,
) -> CellSpec | None:
    """The cell that these tensors make; None when their shapes are not those of one."""
    of_input, of_state, projection = (shapes.get(weights.get(role, ""), ()) for role in _MATRICES)
    if len(of_input) != 2 or len(of_state) != 2 or of_input[0] != of_state[0] or not of_input[0]:
        return None
    hidden = projection[1] if len(projection) == 2 else of_state[1]
    gates = of_input[0] // hidden if hidden and of_input[0] % hidden == 0 else 0
    by_gates: dict[int, Kind | None] = {1: kind, 3: "gru", 4: "lstm"}
    if gates not in by_gates or (kind is not None and len(GATES[kind]) != gates):
        return None
    kind = kind or by_gates[gates]
    order = SIMPLE if kind is None else GATES[kind]
    blocks: dict[str, Gates] = {
        role: in_blocks(key, order, hidden)
        for role, key in weights.items()
        if role in _MATRICES[:2] or (role.startswith("bias") and shapes[key] == (of_input[0],))
    }
    if len(projection) == 2:
        blocks["weight_hr"] = {"projection": Block(weights["weight_hr"])}
    place = "" if layer is None else f"l{layer}{'_reverse' if reverse else ''}"
    name = ".".join(filter(None, (path, place))) or weights["weight_hh"]
    return CellSpec(name, kind, of_input[1], hidden, blocks, reverse, note="" if kind else UNKNOWN)
