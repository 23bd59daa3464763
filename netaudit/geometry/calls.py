"""How each operation of a traced forward pass becomes steps: functions and methods of PyTorch, by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from netaudit.geometry import shapes
from netaudit.geometry.builder import POINTS, Builder, Value
from netaudit.geometry.pooling import adaptive_windows, pool, windows
from netaudit.geometry.steps import NotPiecewiseLinearError

Handler = Callable[..., Any]
"""Takes a builder, a name, and the arguments of the call, in which values stand for tensors."""

SAME = frozenset(
    (
        *("contiguous", "clone", "detach", "float", "double", "dropout", "dropout1d", "dropout2d", "dropout3d"),
        *("alpha_dropout", "feature_alpha_dropout", "identity"),
    )
)
"""Operations that hand on their input in eval mode."""
RESHAPES = frozenset(("flatten", "view", "reshape", "unflatten", "squeeze", "unsqueeze", "permute", "transpose"))
AVERAGES = frozenset(f"{kind}_pool{axes}d" for kind in ("avg", "adaptive_avg") for axes in (1, 2, 3))


def called(build: Builder, name: str, function: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Add the steps of one call.

    Args:
        build: collects the steps.
        name: what the steps are called.
        function: the name of the function or method, without the underscore of those that work in place.
        args: its arguments; the first is a value.
        kwargs: its arguments by name.

    Returns:
        A value, or for a question about a shape its answer, in which ``POINTS`` stands for the first axis.

    Raises:
        NotPiecewiseLinearError: the operation is not piecewise linear, or it is not read.
    """
    if function in SAME:
        if function.endswith("dropout") and (kwargs.get("training") or args[2:3] == (True,)):
            raise NotPiecewiseLinearError(f"{name} drops units at random in eval mode, too")
        return args[0]
    if function in RESHAPES:
        return shapes.reshape(build, name, function, args, kwargs)
    if function in AVERAGES:
        average = getattr(F, function)
        return build.plain(name, [args[0]], lambda xs: average(xs[0], *args[1:], **kwargs), mixes=True)
    if function not in _HANDLERS:
        raise NotPiecewiseLinearError(f"{name} ({function}) is not piecewise linear, or not read")
    try:
        return _HANDLERS[function](build, name, *args, **kwargs)
    except TypeError as error:
        raise NotPiecewiseLinearError(f"{name} ({function}) is called in a way that is not read") from error


def _add(build: Builder, name: str, x: Any, other: Any, *, alpha: float = 1) -> Value:
    if alpha != 1:
        other = _multiply(build, name, other, alpha)
    if isinstance(x, Value) and isinstance(other, Value):
        return build.plain(name, [x, other], lambda xs: xs[0] + xs[1], mixes=True)
    value, constant = (x, other) if isinstance(x, Value) else (other, x)
    shift = _constant(build, name, value, constant)
    return build.scaled(name, value, torch.ones_like(shift), shift)


def _subtract(build: Builder, name: str, x: Any, other: Any) -> Value:
    return _add(build, name, x, _multiply(build, name, other, -1.0) if isinstance(other, Value) else -other)


def _multiply(build: Builder, name: str, x: Any, other: Any) -> Any:
    if x is POINTS or other is POINTS:
        raise NotPiecewiseLinearError(f"{name} computes with the number of inputs")
    if isinstance(x, Value) and isinstance(other, Value):
        raise NotPiecewiseLinearError(f"{name} multiplies two values that depend on the input")
    if not isinstance(x, Value) and not isinstance(other, Value):
        return x * other
    value, constant = (x, other) if isinstance(x, Value) else (other, x)
    return build.scaled(name, value, _constant(build, name, value, constant))


def _divide(build: Builder, name: str, x: Any, other: Any) -> Value:
    if isinstance(other, Value):
        raise NotPiecewiseLinearError(f"{name} divides by a value that depends on the input")
    return build.scaled(name, x, 1 / _constant(build, name, x, other))


def _constant(build: Builder, name: str, value: Value, constant: Any) -> Tensor:
    """A constant as it broadcasts to one point."""
    if value is POINTS or constant is POINTS:
        raise NotPiecewiseLinearError(f"{name} computes with the number of inputs")
    tensor = torch.as_tensor(constant, dtype=torch.float64, device=build.examples[0].device).detach()
    if tensor.ndim > len(build.shape(value)) and len(tensor) == 1:
        tensor = tensor[0]
    return tensor


def _linear(build: Builder, name: str, x: Value, weight: Tensor, bias: Tensor | None = None) -> Value:
    return build.linear(name, x, _parameter(name, weight), bias)


def _convolve(
    build: Builder, name: str, x: Value, weight: Tensor, bias: Tensor | None = None,
    stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> Value:  # fmt: skip
    return build.convolution(name, x, _parameter(name, weight), bias, stride, padding, dilation, groups)


def _transposed(
    build: Builder, name: str, x: Value, weight: Tensor, bias: Tensor | None = None,
    stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Value:  # fmt: skip
    settings = (stride, padding, output_padding, groups, dilation)
    return build.transposed_convolution(name, x, _parameter(name, weight), bias, *settings)


def _batch_norm(
    build: Builder, name: str, x: Value, running_mean: Tensor | None, running_var: Tensor | None,
    weight: Tensor | None = None, bias: Tensor | None = None, training: bool = False, momentum: float = 0.1,
    eps: float = 1e-5,
) -> Value:  # fmt: skip
    if training or running_mean is None or running_var is None:
        raise NotPiecewiseLinearError(f"{name} divides by the variance of the batch")
    return build.batch_norm(name, x, running_mean, running_var, weight, bias, eps)


def _parameter(name: str, weight: Any) -> Tensor:
    if not isinstance(weight, Tensor) or not weight.is_floating_point() or weight.is_quantized:
        raise NotPiecewiseLinearError(f"{name} multiplies by what is no floating-point tensor of its own")
    return weight


def _max_pool(
    axes: int, build: Builder, name: str, x: Value, kernel_size: Any, stride: Any = None, padding: Any = 0,
    dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> Value:  # fmt: skip
    if return_indices:
        raise NotPiecewiseLinearError(f"{name} also gives the places of the largest entries, which are not read")
    settings = pool(axes, kernel_size, stride, padding, dilation, ceil_mode)
    return build.largest(name, x, *windows(build.shape(x), settings))


def _adaptive_max_pool(
    axes: int, build: Builder, name: str, x: Value, output_size: Any, return_indices: bool = False
) -> Value:
    if return_indices:
        raise NotPiecewiseLinearError(f"{name} also gives the places of the largest entries, which are not read")
    return build.largest(name, x, *adaptive_windows(build.shape(x), output_size, axes))


def _relu(build: Builder, name: str, x: Value, inplace: bool = False) -> Value:
    return build.entrywise(name, x, lambda z, _: z.relu())


def _softshrink(build: Builder, name: str, x: Value, lambd: float = 0.5) -> Value:
    return build.entrywise(name, x, lambda z, _: F.softshrink(z, lambd), (-lambd, lambd))


def _absolute(build: Builder, name: str, x: Value) -> Value:
    return build.entrywise(name, x, lambda z, _: z.abs())


def _leaky(build: Builder, name: str, x: Value, negative_slope: float = 0.01, inplace: bool = False) -> Value:
    return build.entrywise(name, x, lambda z, _: F.leaky_relu(z, negative_slope))


def _prelu(build: Builder, name: str, x: Value, weight: Tensor) -> Value:
    return build.entrywise(name, x, _slopes, weight=weight)


def _slopes(z: Tensor, weight: Tensor | None) -> Tensor:
    assert weight is not None
    return F.prelu(z, weight)


def _clamp(build: Builder, name: str, x: Value, min: Any = None, max: Any = None) -> Value:  # noqa: A002
    if not all(bound is None or isinstance(bound, (int, float)) for bound in (min, max)):
        raise NotPiecewiseLinearError(f"{name} clamps at bounds that are no numbers")
    breaks = tuple(float(bound) for bound in (min, max) if bound is not None)
    return build.entrywise(name, x, lambda z, _: z.clamp(min, max), breaks)


def _hardtanh(
    build: Builder, name: str, x: Value, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Value:
    return _clamp(build, name, x, min_val, max_val)


def _relu6(build: Builder, name: str, x: Value, inplace: bool = False) -> Value:
    return _clamp(build, name, x, 0.0, 6.0)


def _hardsigmoid(build: Builder, name: str, x: Value, inplace: bool = False) -> Value:
    return build.entrywise(name, x, lambda z, _: F.hardsigmoid(z), (-3.0, 3.0))


_HANDLERS: Mapping[str, Handler] = {
    "size": shapes.size,
    "getattr": shapes.attribute,
    "getitem": shapes.item,
    "add": _add,
    "iadd": _add,
    "sub": _subtract,
    "mul": _multiply,
    "imul": _multiply,
    "truediv": _divide,
    "div": _divide,
    "neg": lambda build, name, x: _multiply(build, name, x, -1.0),
    "cat": shapes.concatenate,
    "concat": shapes.concatenate,
    "mean": partial(shapes.over_axes, "mean"),
    "sum": partial(shapes.over_axes, "sum"),
    "linear": _linear,
    "conv1d": _convolve,
    "conv2d": _convolve,
    "conv3d": _convolve,
    "conv_transpose1d": _transposed,
    "conv_transpose2d": _transposed,
    "conv_transpose3d": _transposed,
    "pad": shapes.pad,
    "interpolate": shapes.interpolate,
    "pixel_shuffle": partial(shapes.shuffle, F.pixel_shuffle),
    "pixel_unshuffle": partial(shapes.shuffle, F.pixel_unshuffle),
    "batch_norm": _batch_norm,
    "max_pool1d": partial(_max_pool, 1),
    "max_pool2d": partial(_max_pool, 2),
    "max_pool3d": partial(_max_pool, 3),
    "adaptive_max_pool1d": partial(_adaptive_max_pool, 1),
    "adaptive_max_pool2d": partial(_adaptive_max_pool, 2),
    "adaptive_max_pool3d": partial(_adaptive_max_pool, 3),
    "relu": _relu,
    "abs": _absolute,
    "leaky_relu": _leaky,
    "prelu": _prelu,
    "clamp": _clamp,
    "clamp_min": _clamp,
    "clip": _clamp,
    "hardtanh": _hardtanh,
    "relu6": _relu6,
    "hardsigmoid": _hardsigmoid,
    "softshrink": _softshrink,
}
