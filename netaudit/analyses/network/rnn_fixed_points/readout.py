"""The layer that reads a cell's state, where the network has one with one output or two."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.network.rnn_fixed_points.sequences import place
from netaudit.errors import NetauditError
from netaudit.network.cells import CellSpec
from netaudit.recurrent.cells.cell import RecurrentCell


@dataclass(frozen=True)
class Readout:
    """A linear function of the state."""

    layer: str
    """Its name (untrusted text)."""
    direction: Tensor
    """``[state]``, float64: the weights of one output, or those of the second less those of the first."""
    bias: float

    def of(self, states: Tensor) -> Tensor:
        """The logit of each state ``[P]``."""
        return states @ self.direction + self.bias


def readout(context: NetworkContext, spec: CellSpec, cell: RecurrentCell) -> Readout | None:
    """The readout of a cell of the top layer; None where the head is deeper, wider or of another shape."""
    network = context.network
    head, (stack, layer) = network.head, place(spec)
    if head is None or len(head.layers) != 1 or any(place(one) == (stack, layer + 1) for one in network.cells):
        return None
    name, size = head.layers[0].name, cell.hidden_size
    beside = [one for one in network.cells if place(one) == (stack, layer)]
    try:
        outputs, width = network.spec(name).shape
        if outputs not in (1, 2) or width != size * len(beside):
            return None
        read = context.read(name)
    except NetauditError:
        return None
    start = size * beside.index(spec)  # both directions lie one behind the other
    rows = read.weight.double()[:, start : start + size]
    added = torch.zeros(outputs) if read.bias is None else read.bias
    direction, bias = (rows[0], added[0]) if outputs == 1 else (rows[1] - rows[0], added[1] - added[0])
    if not bool(direction.isfinite().all()) or not bool(bias.isfinite()) or not bool(direction.any()):
        return None
    padded = torch.zeros(cell.state_size, dtype=torch.float64)
    padded[:size] = direction
    return Readout(name, padded, float(bias) if len(beside) == 1 else 0.0)
