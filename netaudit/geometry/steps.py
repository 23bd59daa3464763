"""A piecewise-linear network as a list of steps: affine maps, and the places where a slope can change.

Values go by numbers: step s reads the values of its ``inputs`` and writes the value ``output``. Value 0 is the input of
the network. All tensors are float64, and their first axis counts the points that are computed together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from netaudit.errors import NetauditError

ROUNDINGS = 64
"""A number counts as zero when it is at most so many roundings (2^-52) of the absolute terms that it is the sum of.

A sum of n terms in float64 is off by about sqrt(n) roundings of the largest partial sum, and by n at most; 64 is
sqrt(4096), the width of the widest usual layers, and leaves a head of a few layers room to hand errors on."""

Floats = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[Any]]
S = TypeVar("S", bound="Affine | Entrywise | Largest")


class NotPiecewiseLinearError(NetauditError):
    """A network is not piecewise linear, or an operation of it is not read; the message is a clause that says which."""


@dataclass(frozen=True, eq=False)
class Affine:
    """``output = call(inputs, weight, bias)``: affine in the inputs taken together, linear where the bias is None."""

    name: str
    inputs: tuple[int, ...]
    output: int
    call: Callable[[Sequence[Tensor], Tensor | None, Tensor | None], Tensor]
    """It multiplies by the weight, and otherwise by numbers that are not negative."""
    weight: Tensor | None = None
    bias: Tensor | None = None
    mixes: bool = False
    """Whether one output is the sum of several inputs."""

    def __call__(self, values: Sequence[Tensor]) -> Tensor:
        """The outputs ``[N, ...]``."""
        return self.call(values, self.weight, self.bias)

    def absolute(self, values: Sequence[Tensor]) -> Tensor:
        """The sum of the absolute values of the terms, for absolute values of the inputs: what rounding is relative to.

        >>> step = Affine("0", (0,), 1, lambda x, w, b: torch.nn.functional.linear(x[0], w, b),
        ...               torch.tensor([[1.0, -1.0]]), torch.tensor([-3.0]))
        >>> float(step.absolute([torch.tensor([[2.0, 2.0]])]))
        7.0
        """
        weight, bias = (None if part is None else part.abs() for part in (self.weight, self.bias))
        return self.call(values, weight, bias)

    def squared(self, values: Sequence[Tensor]) -> Tensor:
        """The step with squared weights and without a bias: it carries squared norms of gradients up."""
        return self.call(values, None if self.weight is None else self.weight.square(), None)


@dataclass(frozen=True, eq=False)
class Entrywise:
    """``output = call(input, weight)``, entry by entry: continuous, and affine between its breaks."""

    name: str
    inputs: tuple[int]
    output: int
    call: Callable[[Tensor, Tensor | None], Tensor]
    breaks: tuple[float, ...] = (0.0,)
    weight: Tensor | None = None

    def __call__(self, values: Sequence[Tensor]) -> Tensor:
        """The outputs ``[N, ...]``."""
        return self.call(values[0], self.weight)


@dataclass(frozen=True, eq=False)
class Largest:
    """Max pooling: each output is the largest of a window of inputs."""

    name: str
    inputs: tuple[int]
    output: int
    windows: Tensor
    """int64 ``[outputs, P]``: which entries of one flattened input; a short window names an entry twice."""
    shape: tuple[int, ...]
    """Of one output."""

    def __call__(self, values: Sequence[Tensor]) -> Tensor:
        """The outputs ``[N, ...]``."""
        return self.unfold(values[0]).amax(2).reshape(-1, *self.shape)

    def unfold(self, x: Tensor) -> Tensor:
        """The entries of each window, ``[N, outputs, P]``."""
        return x.flatten(1)[:, self.windows]


Kink = Entrywise | Largest
Step = Affine | Kink


@dataclass(frozen=True, eq=False)
class PiecewiseLinear:
    """A network that was read, on one device."""

    steps: tuple[Step, ...]
    shapes: tuple[tuple[int, ...], ...]
    """Of each value, for one point."""
    output: int
    """The number of the network's output."""

    @cached_property
    def kinks(self) -> tuple[Kink, ...]:
        """The steps at which a slope can change, bottom to top: what is called a layer here."""
        return tuple(step for step in self.steps if not isinstance(step, Affine))

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """Their names (untrusted text)."""
        return tuple(kink.name for kink in self.kinks)

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """The number of neurons, or of windows, of each."""
        return tuple(math.prod(self.shapes[kink.output]) for kink in self.kinks)

    @cached_property
    def last_uses(self) -> tuple[int, ...]:
        """The number of the last step that reads each value; the number of steps for the output."""
        last = [0] * len(self.shapes)
        for number, step in enumerate(self.steps):
            for value in step.inputs:
                last[value] = number
        last[self.output] = len(self.steps)
        return tuple(last)

    def to(self, device: torch.device) -> PiecewiseLinear:
        """The network with its tensors on a device."""
        return replace(self, steps=tuple(_moved(step, device) for step in self.steps))

    def values(self, x: Tensor) -> Iterator[tuple[Step, dict[int, Tensor]]]:
        """Each step for inputs ``[N, ...]``, with all values that are still needed when it is about to run."""
        live = {0: x}
        for number, step in enumerate(self.steps):
            yield step, live
            live[step.output] = step([live[value] for value in step.inputs])
            self.forget(live, number)

    def forget(self, live: dict[int, Tensor], number: int) -> None:
        """Drop the values that no step after step ``number`` reads."""
        for value in [value for value in live if self.last_uses[value] <= number]:
            del live[value]

    def __call__(self, x: Tensor) -> Tensor:
        """The outputs ``[N, outputs]`` for inputs ``[N, ...]`` in float64."""
        live = {0: x}
        for _, live in self.values(x):  # noqa: B007 - the last one is what is asked for
            pass
        return live[self.output].flatten(1)


def _moved(step: S, device: torch.device) -> S:
    tensors = {field.name: getattr(step, field.name) for field in fields(step)}
    moved = {name: tensor.to(device) for name, tensor in tensors.items() if isinstance(tensor, Tensor)}
    return replace(step, **moved)  # type: ignore[arg-type]  # the fields that hold tensors
