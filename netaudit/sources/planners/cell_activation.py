"""Simple recurrent cells whose file does not say whether tanh or ReLU follows: the user may say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from netaudit.errors import SourceError
from netaudit.network.cells import UNKNOWN, CellActivation, CellSpec, Kind

_KINDS: Mapping[CellActivation, Kind] = {"tanh": "rnn_tanh", "relu": "rnn_relu"}


def with_activation(cells: Sequence[CellSpec], activation: CellActivation | None) -> tuple[CellSpec, ...]:
    """The cells, with this activation where the file leaves it open.

    Args:
        cells: of the network.
        activation: what the user says; None leaves the cells as they are.

    Raises:
        SourceError: no cell leaves it open.
    """
    if activation is None:
        return tuple(cells)
    if not any(cell.note == UNKNOWN for cell in cells):
        why = "each cell says what it is" if cells else "there is no recurrent cell"
        raise SourceError(f"--cell-activation {activation} changes nothing: {why}")
    return tuple(replace(cell, kind=_KINDS[activation], note="") if cell.note == UNKNOWN else cell for cell in cells)
