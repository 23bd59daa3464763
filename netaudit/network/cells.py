"""Recurrent cells: where the matrices of one layer and direction lie."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["rnn_tanh", "rnn_relu", "gru", "lstm"]
GATES: Mapping[Kind, int] = {"rnn_tanh": 1, "rnn_relu": 1, "gru": 3, "lstm": 4}
"""How many blocks of ``hidden_size`` rows the two matrices of a cell have."""

# PyTorch's names: of a layer of nn.RNN, nn.GRU or nn.LSTM with its number, of a single cell without.
_NAME = re.compile(r"(?P<role>(?:weight|bias)_(?:ih|hh)|weight_hr)(?:_l(?P<layer>\d+)(?P<reverse>_reverse)?)?")
_MATRICES = ("weight_ih", "weight_hh", "weight_hr")
_UNKNOWN = "a simple recurrent cell; whether tanh or ReLU follows is not in the file"


@dataclass(frozen=True)
class CellSpec:
    """One recurrent cell: a layer and a direction of ``h' = f(W_ih x + b_ih, W_hh h + b_hh)``. Nothing is read yet."""

    name: str
    """The module's path, with ``l0``, ``l0_reverse``, ... for a layer of several."""
    kind: Kind | None
    """None for a cell with one block of rows in a bare state dict: its activation is not stored."""
    input_size: int
    hidden_size: int
    weights: Mapping[str, str]
    """The name in the store of each role: ``weight_ih`` (shape ``[gates x hidden, input]``), ``weight_hh``
    (``[gates x hidden, hidden]``), ``bias_ih`` and ``bias_hh`` where there are biases, and ``weight_hr``
    (``[projected, hidden]``) of a projected LSTM, whose ``weight_hh`` is ``[4 x hidden, projected]``."""
    reverse: bool = False
    """The cell reads the sequence from its end."""
    note: str = ""


def cells_among(shapes: Mapping[str, tuple[int, ...]], kinds: Mapping[str, Kind] | None = None) -> tuple[CellSpec, ...]:
    """The recurrent cells among named tensors, in their order, told by PyTorch's names and by their shapes.

    Args:
        shapes: the shape of every tensor.
        kinds: what each recurrent module is, by its path; None when the names are all that is known.
    """
    groups: dict[tuple[str, str | None, bool], dict[str, str]] = {}
    for key in shapes:
        path, _, last = key.rpartition(".")
        match = _NAME.fullmatch(last)
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
    if gates not in by_gates or (kind is not None and GATES[kind] != gates):
        return None
    place = "" if layer is None else f"l{layer}{'_reverse' if reverse else ''}"
    return CellSpec(
        name=".".join(filter(None, (path, place))) or weights["weight_hh"],
        kind=kind or by_gates[gates],
        input_size=of_input[1],
        hidden_size=hidden,
        weights=dict(weights),
        reverse=reverse,
        note=_UNKNOWN if gates == 1 and kind is None else "",
    )
