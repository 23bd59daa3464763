"""Convolutions whose kernel is one number wide: fully connected layers that act alike on each position."""

from __future__ import annotations

from collections.abc import Sequence

EACH_POSITION = "the same layer at each position"
"""In the reason or the origin of such a convolution. What lies at the positions is not known, so it is in no head."""


def kernel(shape: Sequence[int]) -> str:
    """The kernel in words, of a convolution's weight ``[out, in, ...]`` of which each length is 1; else empty.

    With one input channel it is a depthwise convolution, which multiplies each channel by a number.

    >>> kernel((64, 256, 1, 1)), kernel((64, 256, 3, 3)), kernel((64, 1, 1, 1)), kernel((8, 4, 1))
    ('1 x 1', '', '', '1')
    """
    lengths = tuple(shape[2:])
    return " x ".join("1" for _ in lengths) if lengths and set(lengths) == {1} and shape[1] > 1 else ""


def reason(shape: Sequence[int], *, asked: bool = True) -> str:
    """Why a convolution is skipped; ``asked`` says whether a user can have it audited."""
    words = kernel(shape)
    if not words:
        return "convolution"
    return f"convolution {words}, {EACH_POSITION}{': --as-layer audits it' if asked else ''}"
