"""From a module, named tensors or an opened network to the cells that are stepped.

Which tensor is which gate, in the files of PyTorch, Keras, Flax and ONNX, is told in :mod:`netaudit.network.cells`;
here the gates are laid one below the other, in float64.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from netaudit.errors import NetauditError
from netaudit.network.cells import UNKNOWN, Cell, CellActivation, CellSpec, Kind, cells_among
from netaudit.network.cells import read_cell as read_stored
from netaudit.network.network import Network
from netaudit.recurrent.cells.cell import RecurrentCell
from netaudit.recurrent.cells.gru import GruCell
from netaudit.recurrent.cells.lstm import LstmCell
from netaudit.recurrent.cells.simple import SimpleCell
from netaudit.text import printable

_CLASSES: Mapping[type[nn.Module], Kind] = {
    nn.GRU: "gru",
    nn.GRUCell: "gru",
    nn.LSTM: "lstm",
    nn.LSTMCell: "lstm",
}
_ROLES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")


class NotSteppedError(NetauditError):
    """A cell is none of those that are re-implemented here."""


def read_cells(
    source: nn.Module | Mapping[str, Tensor] | Network, *, activation: CellActivation | None = None
) -> tuple[RecurrentCell, ...]:
    """Read every recurrent cell: one for each layer and direction, in the order of the source.

    Args:
        source: a module that is or holds ``nn.RNN``, ``nn.GRU``, ``nn.LSTM`` or their cells; tensors by PyTorch's
            names (``weight_ih_l0``, ..., also with ``_reverse``, and with a module's path in front); or what
            :func:`netaudit.open_network` gave, for the files of PyTorch, Keras, Flax and ONNX.
        activation: of a simple cell in a source that does not say it.

    Raises:
        NotSteppedError: there is no cell, or one that is not stepped: projected, or of other functions than usual.
        SourceError: a tensor of a network cannot be read.

    >>> [cell.name for cell in read_cells(nn.GRU(3, 4, num_layers=2))]
    ['l0', 'l1']
    """
    if isinstance(source, Network):
        found = [source.read_cell(spec) for spec in source.cells]
    elif isinstance(source, nn.Module):
        kinds, tensors = _of_module(source)
        found = [_read(spec, tensors) for spec in cells_among(_shapes(tensors), kinds)]
    else:
        found = [_read(spec, source) for spec in cells_among(_shapes(source))]
    if not found:
        raise NotSteppedError(
            "there is no recurrent cell",
            hint="tensors are told by PyTorch's names: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0",
        )
    return tuple(stepped(cell, activation=activation) for cell in found)


def stepped(cell: Cell, *, activation: CellActivation | None = None) -> RecurrentCell:
    """The map of a cell that was read.

    Args:
        cell: the gates of one layer and direction.
        activation: of a simple cell whose source does not say it.

    Raises:
        NotSteppedError: it is projected, its functions are not the usual ones, or its numbers are not finite.
    """
    spec, name = cell.spec, printable(cell.spec.name, 80)
    if cell.projection is not None:
        raise NotSteppedError(f"the cell {name} is a projected LSTM, which is not stepped")
    if spec.note not in ("", UNKNOWN):
        raise NotSteppedError(f"the cell {name} is not stepped: {printable(spec.note, 160)}")
    if spec.kind is None and activation is None:
        raise NotSteppedError(f"the cell {name} is {UNKNOWN}", hint='say activation="tanh" or "relu"')

    def rows(role: Literal["weight_ih", "weight_hh", "bias"]) -> Tensor:
        return torch.cat([getattr(cell.gates[gate], role).detach().to(torch.float64) for gate in spec.gates])

    weights = (spec.name, rows("weight_ih"), rows("weight_hh"), rows("bias"))
    try:
        if spec.kind == "lstm":
            return LstmCell(*weights)
        if spec.kind == "gru":
            apart = cell.gates["new"].reset_bias
            zero = torch.zeros(spec.hidden_size, dtype=torch.float64)
            bias = zero if apart is None else apart.detach().to(torch.float64)
            return GruCell(*weights, reset_bias=bias, reset_first=spec.reset_first)
        relu = spec.kind == "rnn_relu" or (spec.kind is None and activation == "relu")
        return SimpleCell(*weights, activation="relu" if relu else "tanh")
    except ValueError as error:
        raise NotSteppedError(f"the cell {name} is not stepped: {error}") from error


def _read(spec: CellSpec, tensors: Mapping[str, Tensor]) -> Cell:
    """Read a cell in float64, so that two biases are added in float64."""
    return read_stored(spec, lambda name: tensors[name].detach().to("cpu", torch.float64))


def _of_module(module: nn.Module) -> tuple[dict[str, Kind], dict[str, Tensor]]:
    """The kind of each recurrent module, and its tensors by name, parametrised ones as they are used."""
    kinds: dict[str, Kind] = {}
    tensors: dict[str, Tensor] = {}
    for path, part in module.named_modules():
        kind = _kind(part)
        if kind is not None:
            kinds[path] = kind
            names = (f"{role}{place}" for place in _places(part) for role in _ROLES)
            held = {name: getattr(part, name, None) for name in names}
            tensors |= {f"{path}.{name}" if path else name: one for name, one in held.items() if one is not None}
    return kinds, tensors


def _kind(module: nn.Module) -> Kind | None:
    if isinstance(module, nn.RNN | nn.RNNCell):
        return "rnn_relu" if module.nonlinearity == "relu" else "rnn_tanh"
    return next((kind for owner, kind in _CLASSES.items() if isinstance(module, owner)), None)


def _places(module: nn.Module) -> Iterator[str]:
    """The ends of the names of each layer and direction."""
    if not isinstance(module, nn.RNNBase):
        yield ""
        return
    for layer in range(module.num_layers):
        yield f"_l{layer}"
        if module.bidirectional:
            yield f"_l{layer}_reverse"


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}
