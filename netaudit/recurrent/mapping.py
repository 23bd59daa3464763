"""A cell or a user's function as one thing: a map of states under inputs that are held, and its Jacobians."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from netaudit.recurrent.cells.cell import RecurrentCell
from netaudit.recurrent.cells.reading import NotSteppedError
from netaudit.text import printable

Step: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""``(states [P, state], inputs [P, input]) -> states [P, state]``, float64, each row for itself."""


@dataclass(frozen=True, eq=False)
class Map:
    """The map ``F(h) = step(h, x)``, with one input x for all states or one for each."""

    step: Step
    inputs: Tensor
    """``[1, input]`` for all states, or ``[P, input]``; float64."""

    def rows(self, rows: Tensor | slice) -> Map:
        """The map of some of the states."""
        return self if len(self.inputs) == 1 else Map(self.step, self.inputs[rows])

    def on(self, device: torch.device) -> Map:
        """The map on a device. A user's function must run there by itself."""
        step = self.step.to(device) if isinstance(self.step, RecurrentCell) else self.step
        return Map(step, self.inputs.to(device))

    def each_input(self, states: Tensor) -> Tensor:
        """The input of each state, ``[P, input]``."""
        return self.inputs.expand(len(states), -1)

    def __call__(self, states: Tensor) -> Tensor:
        """The next states, ``[P, state]``."""
        if isinstance(self.step, RecurrentCell):
            return self.step(states, self.inputs)
        return self.step(states, self.each_input(states))

    def speed(self, states: Tensor) -> Tensor:
        """``q = |F(h) - h|^2 / 2`` of each state, ``[P]`` (Sussillo and Barak 2013, equation 2)."""
        return (self(states) - states).square().sum(1) / 2

    def speed_and_gradient(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """q ``[P]``, and its gradient ``(J - I)^T (F(h) - h)``, ``[P, state]``: one backward pass for all states."""
        with torch.enable_grad():
            free = states.detach().requires_grad_()
            q = self.speed(free)
            (gradient,) = torch.autograd.grad(q.sum(), free)
        return q.detach(), gradient

    def jacobian(self, states: Tensor) -> Tensor:
        """``dF/dh`` at each state, ``[P, state, state]``: in closed form for a cell, else by PyTorch."""
        if isinstance(self.step, RecurrentCell):
            return self.step.jacobian(states, self.inputs)
        return _of_function(self.step, states, self.each_input(states))

    def check(self, states: Tensor) -> None:
        """Raise NotSteppedError unless a step of the first state gives one in float64."""
        try:
            found = self.rows(slice(0, 1))(states[:1])
        except RuntimeError as error:
            raise NotSteppedError(
                f"a step failed: {printable(str(error), 200)}",
                hint="states and inputs are float64; module.double() gives a module such weights",
            ) from error
        if found.shape != states[:1].shape or found.dtype != torch.float64:
            kind = str(found.dtype).removeprefix("torch.")
            raise NotSteppedError(f"a step must give float64 [P, {states.shape[1]}], got {kind} {list(found.shape)}")


def _of_function(step: Step, states: Tensor, inputs: Tensor) -> Tensor:
    """Jacobians of a function on batches, by ``vmap(jacrev)``; by a backward pass a coordinate where that has no rule.

    PyTorch has no batching rule for its own fused GRU and LSTM. As each row of a batch stands for itself, the gradient
    of the sum of one coordinate over the batch holds that coordinate's row of every Jacobian.
    """

    def single(state: Tensor, x: Tensor) -> Tensor:
        return step(state[None], x[None])[0]

    try:
        jacobian: Tensor = torch.func.vmap(torch.func.jacrev(single))(states, inputs)
        return jacobian.detach()
    except RuntimeError:
        pass
    with torch.enable_grad():
        free = states.detach().requires_grad_()
        found = step(free, inputs).sum(0)
        rows = [torch.autograd.grad(one, free, retain_graph=True)[0] for one in found]
    return torch.stack(rows, 1)
