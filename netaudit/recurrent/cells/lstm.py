"""The long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).

With the gates i, f, o, the candidate g, and s the logistic function:

- i, f, o = s(W x + U h + b) of their own rows each, g = tanh(W_g x + U_g h + b_g);
- c' = f c + i g, h' = o tanh(c').

The state is ``(h, c)``, one behind the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from netaudit.recurrent.cells.cell import RecurrentCell, scaled


class _Slopes(NamedTuple):
    """Derivatives of the next memory and output by what goes into each gate, and by the memory; ``[P, H]`` each."""

    memory_by_gate: tuple[Tensor, Tensor, Tensor]
    """Of c', by what goes into i, f and g."""
    forget: Tensor
    """Of c' by c."""
    output_by_gate: Tensor
    """Of h' by what goes into o."""
    output_by_memory: Tensor
    """Of h' by c'."""


@dataclass(frozen=True, eq=False)
class LstmCell(RecurrentCell):
    """A long short-term memory without projection and peepholes."""

    gates: ClassVar[tuple[str, ...]] = ("input", "forget", "cell", "output")

    @property
    def state_size(self) -> int:
        """``2 H``: h and c."""
        return 2 * self.hidden_size

    def __call__(self, states: Tensor, inputs: Tensor) -> Tensor:
        """Step from states ``[P, 2 H]``."""
        into, forget, new, out = self._gates(states, inputs)
        memory = forget * states[:, self.hidden_size :] + into * new
        return torch.cat((out * torch.tanh(memory), memory), 1)

    def jacobian(self, states: Tensor, inputs: Tensor) -> Tensor:
        """The four blocks ``d(h', c') / d(h, c)``."""
        slopes, size = self._slopes(states, inputs), self.hidden_size
        by_state = self._of_gates(slopes, self.weight_hh)
        by_memory = torch.cat((slopes.output_by_memory * slopes.forget, slopes.forget), 1)
        jacobian = torch.cat((by_state, torch.zeros_like(by_state)), 2)
        for row in (0, size):
            jacobian[:, row : row + size, size:].diagonal(dim1=1, dim2=2).copy_(by_memory[:, row : row + size])
        return jacobian

    def input_jacobian(self, states: Tensor, inputs: Tensor) -> Tensor:
        """The two blocks ``d(h', c') / dx``."""
        return self._of_gates(self._slopes(states, inputs), self.weight_ih)

    def _of_gates(self, slopes: _Slopes, matrix: Tensor) -> Tensor:
        """The derivative of (h', c') through the gates, ``[P, 2 H, n]``, for ``matrix [4 H, n]``."""
        *within, by_output = matrix.chunk(4)
        memory = scaled(slopes.memory_by_gate[0], within[0])
        for slope, rows in zip(slopes.memory_by_gate[1:], within[1:], strict=True):
            memory.addcmul_(slope[:, :, None], rows[None])
        output = scaled(slopes.output_by_gate, by_output).addcmul_(slopes.output_by_memory[:, :, None], memory)
        return torch.cat((output, memory), 1)

    def _slopes(self, states: Tensor, inputs: Tensor) -> _Slopes:
        into, forget, new, out = self._gates(states, inputs)
        before = states[:, self.hidden_size :]
        squashed = torch.tanh(forget * before + into * new)
        by_gate = (new * into * (1 - into), before * forget * (1 - forget), into * (1 - new**2))
        return _Slopes(by_gate, forget, squashed * out * (1 - out), out * (1 - squashed**2))

    def _gates(self, states: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        sums = inputs @ self.weight_ih.T + self.bias + states[:, : self.hidden_size] @ self.weight_hh.T
        into, forget, new, out = sums.chunk(4, 1)
        return torch.sigmoid(into), torch.sigmoid(forget), torch.tanh(new), torch.sigmoid(out)
