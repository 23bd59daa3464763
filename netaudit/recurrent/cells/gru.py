"""The gated recurrent unit (Cho et al. 2014), in both of its forms.

With the reset gate r, the update gate u and the candidate n:

- r = s(W_ir x + W_hr h + b_r), u = s(W_iu x + W_hu h + b_u), s the logistic function;
- n = tanh(W_in x + b_n + r (W_hn h + b_hn)), PyTorch's and cuDNN's form, ``reset_after`` in Keras;
- n = tanh(W_in x + b_n + W_hn (r h)), the form of the paper, where ``reset_first`` is True;
- h' = (1 - u) n + u h.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from netaudit.recurrent.cells.cell import RecurrentCell, scaled


class _Gates(NamedTuple):
    """The values of the gates, ``[P, H]`` each; ``product`` is what the reset gate multiplies."""

    reset: Tensor
    update: Tensor
    new: Tensor
    product: Tensor


@dataclass(frozen=True, eq=False)
class GruCell(RecurrentCell):
    """A gated recurrent unit. In ``reset_first`` form ``reset_bias`` is zero: all of the bias is in ``bias``."""

    gates: ClassVar[tuple[str, ...]] = ("reset", "update", "new")
    reset_bias: Tensor
    """``b_hn [H]``, which the reset gate multiplies."""
    reset_first: bool = False

    def __call__(self, states: Tensor, inputs: Tensor) -> Tensor:
        """Step from states ``[P, H]``."""
        gates = self._gates(states, inputs)
        return gates.new + gates.update * (states - gates.new)

    def jacobian(self, states: Tensor, inputs: Tensor) -> Tensor:
        """``diag(u) + diag((h - n) u (1 - u)) W_hu + diag((1 - u) (1 - n^2)) K``.

        K is ``diag(r) W_hn + diag(p r (1 - r)) W_hr`` with ``p = W_hn h + b_hn``; where the reset comes first it is
        ``W_hn (diag(r) + diag(h r (1 - r)) W_hr)``.
        """
        reset, update, new, product = gates = self._gates(states, inputs)
        by_reset, by_update, by_new = self.weight_hh.chunk(3)
        outer = (1 - update) * (1 - new**2)
        slope = product * reset * (1 - reset)
        if self.reset_first:
            inner = scaled(slope, by_reset)
            inner.diagonal(dim1=1, dim2=2).add_(reset)
            jacobian = (by_new @ inner).mul_(outer[:, :, None])
        else:
            jacobian = scaled(outer * reset, by_new)
            jacobian.addcmul_((outer * slope)[:, :, None], by_reset[None])
        jacobian.addcmul_(self._update_slope(states, gates)[:, :, None], by_update[None])
        jacobian.diagonal(dim1=1, dim2=2).add_(update)
        return jacobian

    def input_jacobian(self, states: Tensor, inputs: Tensor) -> Tensor:
        """The same with ``W_iu``, ``W_ir`` and ``W_in`` for the direct terms."""
        reset, update, new, product = gates = self._gates(states, inputs)
        by_reset, by_update, by_new = self.weight_ih.chunk(3)
        through_reset = scaled(product * reset * (1 - reset), by_reset)
        if self.reset_first:
            through_reset = self.weight_hh.chunk(3)[2] @ through_reset
        outer = ((1 - update) * (1 - new**2))[:, :, None]
        return outer * (by_new + through_reset) + scaled(self._update_slope(states, gates), by_update)

    def _more_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"reset_bias": (self.hidden_size,)}

    def _update_slope(self, states: Tensor, gates: _Gates) -> Tensor:
        return (states - gates.new) * gates.update * (1 - gates.update)

    def _gates(self, states: Tensor, inputs: Tensor) -> _Gates:
        size = self.hidden_size
        of_input = inputs @ self.weight_ih.T + self.bias
        if self.reset_first:
            of_state = states @ self.weight_hh[: 2 * size].T
            reset, update = torch.sigmoid(of_input[:, : 2 * size] + of_state).chunk(2, 1)
            inner = (reset * states) @ self.weight_hh[2 * size :].T
            return _Gates(reset, update, torch.tanh(of_input[:, 2 * size :] + inner), states)
        of_state = states @ self.weight_hh.T
        both = torch.sigmoid(of_input[:, : 2 * size] + of_state[:, : 2 * size])
        reset, update = both.chunk(2, 1)
        product = of_state[:, 2 * size :] + self.reset_bias
        return _Gates(reset, update, torch.tanh(of_input[:, 2 * size :] + reset * product), product)
