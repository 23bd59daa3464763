"""Which inputs each window of a max pooling looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor


@dataclass(frozen=True)
class Pool:
    """The settings of a max pooling over the last axes, one number for each axis, as PyTorch defines them."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    ceil_mode: bool = False


def pool(axes: int, kernel: object, stride: object, padding: object, dilation: object, ceil_mode: object) -> Pool:
    """The settings, where each may be one number for all axes, and no stride means the kernel's size."""
    size = _each(kernel, axes)
    steps = size if stride is None or stride == [] else _each(stride, axes)
    return Pool(size, steps, _each(padding, axes), _each(dilation, axes), bool(ceil_mode))


def windows(shape: Sequence[int], settings: Pool) -> tuple[Tensor, tuple[int, ...]]:
    """The entries of each window in one flattened input, int64 ``[outputs, P]``, and the shape of one output.

    A window that reaches over the edge names one of its entries several times, which changes no maximum.

    >>> windows((1, 5), Pool((3,), (2,), (1,), (1,)))
    (tensor([[0, 0, 1],
            [1, 2, 3],
            [3, 4, 3]]), (1, 3))
    """
    lengths = shape[-len(settings.kernel) :]
    return _joined(shape, [_places(axis, length, settings) for axis, length in enumerate(lengths)])


def adaptive_windows(shape: Sequence[int], size: object, axes: int) -> tuple[Tensor, tuple[int, ...]]:
    """The same for a pooling that is told the shape of its output, as PyTorch defines it; None keeps a length.

    Of L entries, window i of k goes from floor(i L / k) to ceil((i + 1) L / k). Windows may differ in length by one:
    a shorter one names its last entry twice.

    >>> adaptive_windows((1, 5), 3, 1)
    (tensor([[0, 1, 1],
            [1, 2, 3],
            [3, 4, 4]]), (1, 3))
    """
    wanted = size if isinstance(size, (tuple, list)) else (size,) * axes
    wanted = tuple(wanted) * axes if len(wanted) == 1 else tuple(wanted)
    lengths = shape[-axes:]
    pairs = zip(lengths, wanted, strict=True)
    return _joined(shape, [_adaptive(length, length if outputs is None else int(outputs)) for length, outputs in pairs])


def _adaptive(length: int, outputs: int) -> Tensor:
    """The places ``[outputs, P]`` along one axis."""
    window = torch.arange(outputs)
    first, last = window * length // outputs, -(-(window + 1) * length // outputs) - 1
    widest = int((last - first).max()) + 1
    return torch.minimum(first[:, None] + torch.arange(widest), last[:, None])


def _joined(shape: Sequence[int], places: Sequence[Tensor]) -> tuple[Tensor, tuple[int, ...]]:
    """The windows of all axes together, from the places ``[outputs, P]`` along each."""
    axes = len(places)
    lengths = tuple(shape[-axes:])
    outputs = tuple(len(found) for found in places)
    index, inside = torch.zeros(*[1] * (2 * axes), dtype=torch.long), torch.ones(*[1] * (2 * axes), dtype=torch.bool)
    for axis, (found, length) in enumerate(zip(places, lengths, strict=True)):
        view = [1] * (2 * axes)
        view[axis], view[axes + axis] = found.shape
        index = index * length + found.clamp(0, length - 1).view(view)
        inside = inside & ((found >= 0) & (found < length)).view(view)
    index, inside = index.reshape(prod(outputs), -1), inside.reshape(prod(outputs), -1)
    first = index.gather(1, inside.int().argmax(1, keepdim=True))
    index = torch.where(inside, index, first)
    channels = tuple(shape[:-axes])
    offsets = torch.arange(prod(channels)) * prod(lengths)
    return (offsets[:, None, None] + index).reshape(-1, index.shape[1]), (*channels, *outputs)


def _places(axis: int, length: int, settings: Pool) -> Tensor:
    """The places ``[outputs, kernel]`` along one axis that each window looks at, also those over the edge."""
    kernel, stride = settings.kernel[axis], settings.stride[axis]
    padding, dilation = settings.padding[axis], settings.dilation[axis]
    room = length + 2 * padding - dilation * (kernel - 1) - 1
    outputs = (-(-room // stride) if settings.ceil_mode else room // stride) + 1
    if settings.ceil_mode and (outputs - 1) * stride >= length + padding:
        outputs -= 1  # the last window must begin in the input, or in the padding before it
    return torch.arange(outputs)[:, None] * stride - padding + torch.arange(kernel) * dilation


def _each(value: object, axes: int) -> tuple[int, ...]:
    if isinstance(value, int):
        return (value,) * axes
    assert isinstance(value, (tuple, list))
    numbers = tuple(int(number) for number in value)
    return numbers * axes if len(numbers) == 1 else numbers
