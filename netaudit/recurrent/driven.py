"""States that a cell goes through when inputs drive it: real sequences, or noise where there are none."""

from __future__ import annotations

import torch
from torch import Tensor

from netaudit.numerics import device as devices
from netaudit.recurrent.cells.cell import RecurrentCell


def states_along(cell: RecurrentCell, sequences: Tensor, initial: Tensor | None = None) -> Tensor:
    """The states after each input, ``[P, T, state]``.

    Args:
        cell: the map.
        sequences: inputs ``[P, T, input]``, float64; of a cell that reads from the end, already reversed.
        initial: the first state, ``[state]``; zeros where it is None, as in PyTorch.
    """
    first = torch.zeros(cell.state_size, dtype=torch.float64, device=sequences.device) if initial is None else initial
    state, states = first.expand(len(sequences), -1), []
    for inputs in sequences.unbind(1):
        state = cell(state, inputs)
        states.append(state)
    return torch.stack(states, 1)


def noise(cell: RecurrentCell, *, sequences: int = 32, length: int = 100, scale: float = 1.0, seed: int = 0) -> Tensor:
    """Gaussian inputs for a cell of which no real ones are at hand, ``[sequences, length, input]``.

    The states along them are the cell's own, but not those of its task: a report must say so.

    Args:
        cell: the map.
        sequences: with the default length 3,200 states, three times the starts of a search.
        length: in steps.
        scale: the standard deviation of each entry: 1, that of PyTorch's embeddings at initialisation.
        seed: of the noise.
    """
    shape = (sequences, length, cell.input_size)
    drawn = torch.randn(shape, generator=devices.generator(seed, "noise", cell.name), dtype=torch.float64)
    return scale * drawn
