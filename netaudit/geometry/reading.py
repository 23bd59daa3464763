"""A module or a list of layers, as it was given, read as a piecewise-linear map on one device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor, nn

from netaudit.geometry.builder import Builder, Value
from netaudit.geometry.evaluating import evaluating
from netaudit.geometry.steps import NotPiecewiseLinearError, PiecewiseLinear
from netaudit.geometry.tracing import traced
from netaudit.numerics import device as devices

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    Layers: TypeAlias = Sequence[tuple[Tensor | ArrayLike, Tensor | ArrayLike | None]]

AGREES = 1e-3
"""How far the read form may be from the module's own outputs, in their largest: float32 is off by 1e-6 a layer, an
operation that was read wrongly by 1."""


def piecewise_linear(
    network: nn.Module | Layers | PiecewiseLinear, example: Tensor, device: torch.device
) -> PiecewiseLinear:
    """Read a network, and check that the read form gives its outputs.

    Args:
        network: a module; or pairs of a weight ``[m, n]`` and a bias ``[m]`` or None, bottom to top, with ReLU between
            them and none at the end; or a network that was read before.
        example: inputs ``[N, ...]``, float64.
        device: where it will run.

    Raises:
        NotPiecewiseLinearError: an operation is not piecewise linear, or it is not read.
        ValueError: the layers do not fit each other, or not the inputs.
    """
    if isinstance(network, PiecewiseLinear):
        return network.to(device)
    example = example.to(device)
    if not isinstance(network, nn.Module):
        return _from_layers(network, example)
    read = traced(network, example)
    _check(network, read, example)
    return read


def points(*inputs: Any) -> Tensor:
    """Inputs of one shape as one tensor ``[N, ...]``, float64, on the CPU.

    Raises:
        ValueError: they have different shapes, or are not finite.
    """
    tensors = [_double(x, torch.device("cpu")) for x in inputs]
    if any(tensor.shape != tensors[0].shape for tensor in tensors):
        raise ValueError(f"the inputs must have one shape, got {[tuple(tensor.shape) for tensor in tensors]}")
    stacked = torch.stack(tensors)
    if not bool(torch.isfinite(stacked).all()):
        raise ValueError("the inputs are not all finite")
    return stacked


def _double(numbers: Any, device: torch.device) -> Tensor:
    return torch.as_tensor(numbers, dtype=torch.float64, device=device).detach()  # at once: lists become float32 first


def device_of(name: str | torch.device) -> torch.device:
    """The device of a name, or the CPU for one that has no float64.

    Raises:
        DeviceError: this machine has no such device.
    """
    return devices.float64_device(devices.choose(str(name)))


def _from_layers(layers: Layers, example: Tensor) -> PiecewiseLinear:
    build, value = Builder(example), Value(0)
    if not layers:
        raise ValueError("a network needs at least one layer")
    for number, (weight, bias) in enumerate(layers):
        if number:
            value = build.entrywise(str(number - 1), value, lambda z, _: z.relu())
        matrix = _double(weight, example.device)
        shift = None if bias is None else _double(bias, example.device)
        width = build.shape(value)
        if matrix.ndim != 2 or matrix.shape[1:] != width or (shift is not None and shift.shape != matrix.shape[:1]):
            shapes = tuple(matrix.shape), None if shift is None else tuple(shift.shape)
            raise ValueError(f"layer {number}: weight and bias {shapes} do not fit an input {width}")
        value = build.linear(str(number), value, matrix, shift)
    return build.finished(value)


def _check(module: nn.Module, read: PiecewiseLinear, example: Tensor) -> None:
    """Compare with the module itself, one input at a time: what mixes the inputs of a batch shows too."""
    parameter = next(module.parameters(), example)
    with evaluating(module), torch.no_grad():
        own = [module(x[None].to(parameter.device, parameter.dtype, copy=True)).flatten() for x in example]
    theirs, ours = torch.stack(own).to(example.device, torch.float64), read(example)
    if not bool((theirs - ours).abs().max() <= AGREES * theirs.abs().max()):
        raise NotPiecewiseLinearError("the network as it was read gives other outputs than the network itself")
