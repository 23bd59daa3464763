"""Steps of a piecewise-linear network, put together one by one, each run on example inputs to know its shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from netaudit.geometry.steps import Affine, Entrywise, Largest, NotPiecewiseLinearError, PiecewiseLinear, Step

CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


@dataclass(frozen=True)
class Value:
    """A number of a value in the network under construction, or the number of points, where a shape asks for it."""

    number: int


POINTS = Value(-1)
"""Stands for the length of the first axis, which is known only when the network runs."""


class Builder:
    """Collects steps. Each method adds one, and gives the value that it writes."""

    def __init__(self, example: Tensor) -> None:
        self.steps: list[Step] = []
        self.examples = [example]

    def finished(self, output: Value) -> PiecewiseLinear:
        """The network."""
        shapes = tuple(tuple(example.shape[1:]) for example in self.examples)
        return PiecewiseLinear(tuple(self.steps), shapes, output.number)

    def shape(self, value: Value) -> tuple[int, ...]:
        """Of one point, without the first axis."""
        return tuple(self.examples[value.number].shape[1:])

    def linear(self, name: str, x: Value, weight: Tensor, bias: Tensor | None) -> Value:
        """A x + b over the last axis, A ``[m, n]``."""
        return self._affine(name, [x], _linear, weight, bias, mixes=True)

    def convolution(self, name: str, x: Value, weight: Tensor, bias: Tensor | None, *settings: Any) -> Value:
        """A convolution; the settings are stride, padding, dilation and groups."""
        call = partial(_convolution, CONVOLUTIONS[weight.ndim - 2], settings)
        return self._affine(name, [x], call, weight, bias, mixes=True)

    def transposed_convolution(self, name: str, x: Value, weight: Tensor, bias: Tensor | None, *settings: Any) -> Value:
        """A transposed convolution; the settings are stride, padding, padding of the output, groups and dilation."""
        call = partial(_convolution, TRANSPOSED[weight.ndim - 2], settings)
        return self._affine(name, [x], call, weight, bias, mixes=True)

    def scaled(self, name: str, x: Value, scale: Tensor, shift: Tensor | None = None) -> Value:
        """Entry by entry ``scale * x + shift``, both with the shape of one point or one that broadcasts to it."""
        return self._affine(name, [x], _scaled, scale, shift)

    def batch_norm(
        self, name: str, x: Value, mean: Tensor, var: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float
    ) -> Value:
        """Batch norm in eval mode: the running mean and variance of each channel are constants."""
        scale = (var.double() + eps).rsqrt()
        scale = scale if weight is None else scale * weight.double()
        shift = -mean.double() * scale
        shift = shift if bias is None else shift + bias.double()
        channels = (-1, *(1,) * (len(self.shape(x)) - 1))
        return self.scaled(name, x, scale.view(channels), shift.view(channels))

    def plain(
        self, name: str, xs: Sequence[Value], call: Callable[[Sequence[Tensor]], Tensor], *, mixes: bool = False
    ) -> Value:
        """A linear map without parameters, whose coefficients are not negative: a reshape, an average, a sum."""
        return self._affine(name, list(xs), partial(_plain, call), None, None, mixes=mixes)

    def entrywise(
        self,
        name: str,
        x: Value,
        call: Callable[[Tensor, Tensor | None], Tensor],
        breaks: tuple[float, ...] = (0.0,),
        weight: Tensor | None = None,
    ) -> Value:
        """An activation that is affine between its breaks."""
        return self._add(Entrywise(name, (x.number,), self._next, call, breaks, self._own(weight)))

    def largest(self, name: str, x: Value, windows: Tensor, shape: tuple[int, ...]) -> Value:
        """Max pooling: the largest entry of each window ``[outputs, P]`` of one flattened input."""
        return self._add(Largest(name, (x.number,), self._next, windows.to(self.examples[0].device), shape))

    @property
    def _next(self) -> int:
        return len(self.examples)

    def _affine(
        self, name: str, xs: list[Value], call: Any, weight: Tensor | None, bias: Tensor | None, *, mixes: bool = False
    ) -> Value:
        numbers = tuple(x.number for x in xs)
        return self._add(Affine(name, numbers, self._next, call, self._own(weight), self._own(bias), mixes))

    def _own(self, tensor: Tensor | None) -> Tensor | None:
        """A copy in float64 where the network will run."""
        return None if tensor is None else tensor.detach().to(self.examples[0].device, torch.float64)

    def _add(self, step: Step) -> Value:
        try:
            result = step([self.examples[number] for number in step.inputs])
        except (RuntimeError, IndexError) as error:
            reason = str(error).partition("\n")[0]
            raise NotPiecewiseLinearError(f"{step.name} does not take values of this shape: {reason}") from error
        if len(result) != len(self.examples[0]):
            raise NotPiecewiseLinearError(f"{step.name} mixes the inputs of one batch")
        self.steps.append(step)
        self.examples.append(result)
        return Value(step.output)


def _linear(xs: Sequence[Tensor], weight: Tensor | None, bias: Tensor | None) -> Tensor:
    assert weight is not None
    return F.linear(xs[0], weight, bias)


def _convolution(
    function: Any, settings: tuple[Any, ...], xs: Sequence[Tensor], weight: Tensor | None, bias: Tensor | None
) -> Tensor:
    result: Tensor = function(xs[0], weight, bias, *settings)
    return result


def _scaled(xs: Sequence[Tensor], weight: Tensor | None, bias: Tensor | None) -> Tensor:
    assert weight is not None
    return xs[0] * weight if bias is None else xs[0] * weight + bias


def _plain(
    call: Callable[[Sequence[Tensor]], Tensor], xs: Sequence[Tensor], weight: Tensor | None, bias: Tensor | None
) -> Tensor:
    return call(xs)
