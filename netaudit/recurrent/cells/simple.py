"""The simple recurrent cell: ``h' = f(W_ih x + W_hh h + b)`` with f = tanh or ReLU (Elman 1990; ``torch.nn.RNN``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from netaudit.network.cells import CellActivation
from netaudit.recurrent.cells.cell import RecurrentCell, scaled


@dataclass(frozen=True, eq=False)
class SimpleCell(RecurrentCell):
    """A cell without gates.

    >>> one = torch.ones(1, 1, dtype=torch.float64)
    >>> cell = SimpleCell("doubled", 0 * one, 2 * one, torch.zeros(1, dtype=torch.float64))
    >>> round(cell(0.957504 * one, one).item(), 6), round(cell.jacobian(0.957504 * one, one).item(), 6)
    (0.957504, 0.166372)
    """

    gates: ClassVar[tuple[str, ...]] = ("hidden",)
    activation: CellActivation = "tanh"

    def __call__(self, states: Tensor, inputs: Tensor) -> Tensor:
        """Step from states ``[P, H]``."""
        z = self._before(states, inputs)
        return torch.tanh(z) if self.activation == "tanh" else torch.relu(z)

    def jacobian(self, states: Tensor, inputs: Tensor) -> Tensor:
        """``diag(f'(z)) W_hh``. The derivative of ReLU at 0 is 0, as PyTorch's is."""
        return scaled(self._slope(states, inputs), self.weight_hh)

    def input_jacobian(self, states: Tensor, inputs: Tensor) -> Tensor:
        """``diag(f'(z)) W_ih``."""
        return scaled(self._slope(states, inputs), self.weight_ih)

    def _before(self, states: Tensor, inputs: Tensor) -> Tensor:
        return inputs @ self.weight_ih.T + self.bias + states @ self.weight_hh.T

    def _slope(self, states: Tensor, inputs: Tensor) -> Tensor:
        z = self._before(states, inputs)
        return 1 - torch.tanh(z) ** 2 if self.activation == "tanh" else (z > 0).to(z.dtype)
