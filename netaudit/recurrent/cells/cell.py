"""What every cell has: its matrices in float64, the gates one below the other, and a step on batches of states.

The step is written in plain matrix products, since PyTorch's own GRU and LSTM have no rule for ``torch.func.vmap``, and
since the Jacobian of a cell is a sum of few scaled matrices: in closed form it costs no backward pass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class RecurrentCell(ABC):
    """A map ``(state, input) -> state``. ``H`` is the number of units and ``G`` that of the gates.

    Raises:
        ValueError: the shapes do not fit each other, a tensor is not float64, or a number is not finite.
    """

    gates: ClassVar[tuple[str, ...]]
    """In the order of the blocks of rows, PyTorch's."""

    name: str
    """Untrusted text: a module's path."""
    weight_ih: Tensor
    """From the input, ``[G H, input]``."""
    weight_hh: Tensor
    """From the state, ``[G H, H]``."""
    bias: Tensor
    """``[G H]``: all that is added whatever the state."""

    def __post_init__(self) -> None:
        rows = len(self.gates) * self.hidden_size
        shapes = {"weight_ih": (rows, self.input_size), "weight_hh": (rows, self.hidden_size), "bias": (rows,)}
        for role, shape in (shapes | self._more_shapes()).items():
            tensor = getattr(self, role)
            if tuple(tensor.shape) != shape:
                raise ValueError(f"{role} must be {list(shape)}, got {list(tensor.shape)}")
            if tensor.dtype != torch.float64:
                raise ValueError(f"{role} must be float64, got {str(tensor.dtype).removeprefix('torch.')}")
            if not bool(torch.isfinite(tensor).all()):
                raise ValueError(f"{role} has numbers that are not finite")

    @property
    def hidden_size(self) -> int:
        """The number of units, ``H``."""
        return self.weight_hh.shape[-1]

    @property
    def input_size(self) -> int:
        """The length of an input."""
        return self.weight_ih.shape[-1]

    @property
    def state_size(self) -> int:
        """The length of a state: that of ``h``, and of an LSTM that of ``(h, c)`` one behind the other."""
        return self.hidden_size

    @property
    def device(self) -> torch.device:
        """Where its matrices lie."""
        return self.weight_hh.device

    def to(self, device: torch.device) -> Self:
        """The same cell on another device."""
        tensors = {field.name: getattr(self, field.name) for field in fields(self)}
        moved: dict[str, Any] = {name: one.to(device) for name, one in tensors.items() if isinstance(one, Tensor)}
        return replace(self, **moved)

    @abstractmethod
    def __call__(self, states: Tensor, inputs: Tensor) -> Tensor:
        """Step from states ``[P, state]``.

        Args:
            states: float64.
            inputs: ``[P, input]``, or ``[1, input]`` where all states have the same.
        """

    @abstractmethod
    def jacobian(self, states: Tensor, inputs: Tensor) -> Tensor:
        """The derivative of the next state by the state, ``[P, state, state]``; arguments as of a step."""

    @abstractmethod
    def input_jacobian(self, states: Tensor, inputs: Tensor) -> Tensor:
        """The derivative of the next state by the input, ``[P, state, input]``; arguments as of a step."""

    def _more_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the tensors that this kind has besides."""
        return {}


def scaled(rows: Tensor, matrix: Tensor) -> Tensor:
    """``diag(rows) matrix`` for each state: ``[P, H]`` and ``[H, n]`` give ``[P, H, n]``."""
    return rows[:, :, None] * matrix
