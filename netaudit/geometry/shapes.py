"""Operations that ask for the shape of a value or change it, and sums over its axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from netaudit.geometry.builder import POINTS, Builder, Value
from netaudit.geometry.steps import NotPiecewiseLinearError

_MEANS = frozenset(("nearest", "nearest-exact", "area", "linear", "bilinear", "trilinear"))
"""Ways to interpolate whose weights are not negative."""


def reshape(build: Builder, name: str, function: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Value:
    """Add a step that puts the entries of a value into another shape or order; ``POINTS`` is filled in as it runs."""
    rest = [tuple(arg) if isinstance(arg, torch.Size) else arg for arg in args[1:]]

    def call(xs: Sequence[Tensor]) -> Tensor:
        filled = [_filled(arg, len(xs[0])) for arg in rest]
        named = {key: _filled(value, len(xs[0])) for key, value in kwargs.items()}
        result: Tensor = getattr(xs[0], function)(*filled, **named)
        return result

    return build.plain(name, [args[0]], call)


def _filled(argument: Any, points: int) -> Any:
    if isinstance(argument, (tuple, list)):
        return tuple(_filled(item, points) for item in argument)
    return points if argument is POINTS else argument


def size(build: Builder, name: str, x: Value, axis: int | None = None) -> Any:
    """The answer to ``x.size()``, with ``POINTS`` for the first axis."""
    shape = (POINTS, *build.shape(x))
    return shape if axis is None else shape[axis]


def attribute(build: Builder, name: str, x: Value, attribute: str) -> Any:
    """The answer to ``x.shape`` or ``x.ndim``."""
    if attribute == "shape":
        return size(build, name, x)
    if attribute == "ndim":
        return len(build.shape(x)) + 1
    raise NotPiecewiseLinearError(f"{name} reads .{attribute} of a value, which is not read here")


def item(build: Builder, name: str, x: Any, index: Any) -> Any:
    """A part of a value, or an entry of a shape."""
    if not isinstance(x, Value):
        return x[index]
    first = index[0] if isinstance(index, tuple) else index
    if first not in (slice(None), Ellipsis):
        raise NotPiecewiseLinearError(f"{name} picks one input of a batch")
    return build.plain(name, [x], lambda xs: xs[0][index])


def concatenate(build: Builder, name: str, values: Sequence[Any], dim: int = 0, **named: int) -> Value:
    """Join values along an axis other than the first."""
    axis = named.get("axis", dim)
    if not all(isinstance(value, Value) for value in values):
        raise NotPiecewiseLinearError(f"{name} joins values and constants, which is not read")
    # an input may stand in the result twice, so that a layer above adds it up
    return build.plain(name, values, lambda xs: torch.cat(list(xs), axis), mixes=True)


def pad(
    build: Builder, name: str, x: Value, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Value:
    """Entries put around a value: a constant, or entries of its own by the modes of PyTorch."""
    widths = tuple(pad)
    if len(widths) > 2 * len(build.shape(x)):
        raise NotPiecewiseLinearError(f"{name} pads the axis of the batch")
    if mode != "constant":
        # an input stands in the result twice, so that a layer above adds it up
        return build.plain(name, [x], lambda xs: F.pad(xs[0], widths, mode), mixes=True)
    padded = build.plain(name, [x], lambda xs: F.pad(xs[0], widths))
    if not value:
        return padded
    inside = torch.ones(1, *build.shape(x), dtype=torch.float64, device=build.examples[0].device)
    around = (value * (1 - F.pad(inside, widths)))[0]
    return build.scaled(name, padded, torch.ones_like(around), around)


def interpolate(
    build: Builder, name: str, x: Value, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None, recompute_scale_factor: bool | None = None, antialias: bool = False,
) -> Value:  # fmt: skip
    """A value made larger or smaller, each entry a weighted mean of its neighbours."""
    if mode not in _MEANS:
        raise NotPiecewiseLinearError(f"{name} interpolates by {mode}, which is not read")
    named = {"size": size, "scale_factor": scale_factor, "mode": mode, "align_corners": align_corners}
    named |= {"recompute_scale_factor": recompute_scale_factor, "antialias": antialias}

    def call(xs: Sequence[Tensor]) -> Tensor:
        result: Tensor = F.interpolate(xs[0], **named)
        return result

    return build.plain(name, [x], call, mixes=True)


def over_axes(function: str, build: Builder, name: str, x: Value, *args: Any, **kwargs: Any) -> Value:
    """A sum or mean over axes other than the first."""
    axes = kwargs.get("dim", args[0] if args else None)
    count = len(build.shape(x)) + 1
    if axes is None or any(int(axis) % count == 0 for axis in ([axes] if isinstance(axes, int) else axes)):
        raise NotPiecewiseLinearError(f"{name} ({function}) mixes the inputs of one batch")
    return build.plain(name, [x], lambda xs: getattr(xs[0], function)(*args, **kwargs), mixes=True)


def shuffle(function: Callable[[Tensor, int], Tensor], build: Builder, name: str, x: Value, factor: int) -> Value:
    """Channels that become neighbouring entries, or the other way round."""
    return build.plain(name, [x], lambda xs: function(xs[0], factor))
