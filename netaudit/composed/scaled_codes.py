"""Codes times scales: float8 and int8 weights with a scale a tensor, row, column or block.

The weight is ``W[i, j] = code[i, j] * s[i // b, j // c]`` with blocks of b x c entries, those at the edges cut off.
DeepSeek-V3 calls s ``weight_scale_inv`` (b = c = 128) and multiplies by it all the same; compressed-tensors and
ModelOpt have ``weight_scale``; OCP's microscaling formats (version 1.0, section 5) have blocks of 32 along a row, with
s = 2^(e - 127) stored as the byte e.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from netaudit.composed.rule import Group, Made, Read, Stored
from netaudit.formats.weights_file import Declared

if TYPE_CHECKING:
    from torch import Tensor

EXPONENTS = ("uint8", "float8_e8m0fnu", "F8_E8M0")
"""Dtypes of scales that hold the exponent alone."""
_CODES = ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "int8")
_BLOCKS = (128, 64, 32, 16, 256, 512)  # the usual ones first; two that fit the same number of scales are very rare
_OF_INPUTS = ("input_scale", "scale_input", "activation_scale", "input_global_scale", "k_scale", "v_scale")


def groups(stored: Stored) -> Iterator[Group]:
    """Every weight of float8 or int8 codes, with its scale; float8 without a scale is refused.

    Unless float8 is the plain dtype of the file: all its matrices have it, and no name speaks of a scale.
    """
    plain = all(t.dtype.startswith("float8") for t in stored.declared.values() if len(t.shape) > 1 and t.floating)
    plain = plain and not any("scale" in name for name in stored.declared)
    for name, codes in stored.declared.items():
        if codes.dtype not in _CODES or len(codes.shape) < 2 or not codes.size or codes.refusal or _is_scale(name):
            continue
        scale = next((other for other in _scale_names(name) if stored.usable(other)), None)
        if scale is not None:
            yield _scaled(name, scale, stored)
        elif codes.dtype != "int8" and not plain:
            yield Group((name,), refusal=f"scaled {_word(codes.dtype)} without its scale")


def _is_scale(name: str) -> bool:
    return re.search(r"scale(_inv|_2)?$", name) is not None


def _scale_names(name: str) -> Iterator[str]:
    base = name.removesuffix(".weight")
    dot = f"{base}." if base != name else f"{name}_"
    yield from (f"{name}_scale_inv", f"{name}_scale", f"{dot}weight_scale", f"{dot}scale", f"{dot}scale_weight")
    yield from (f"{dot}scales", f"{name}.scale", f"{dot}SCB")


def _scaled(name: str, scale: str, stored: Stored) -> Group:
    codes, scales = stored.declared[name], stored.declared[scale]
    base = name.removesuffix("weight")
    parts = [name, scale, *(base + extra for extra in _OF_INPUTS if base + extra in stored.declared)]
    if scale.endswith(".SCB"):  # bitsandbytes' LLM.int8(): the largest entry of each row stands for 127
        parts += [base + "weight_format"] if base + "weight_format" in stored.declared else []
    zero = f"{base}weight_zero_point"
    if zero in stored.declared:
        return Group((*parts, zero), refusal=f"{_word(codes.dtype)} codes with zero points: not dequantised")
    blocks = block_lengths(codes.shape, scales)
    if blocks is None:
        return Group(tuple(parts), refusal=f"{_word(codes.dtype)} codes whose scales {list(scales.shape)} do not fit")
    words = _blocks_in_words(blocks, codes.shape)
    compute = partial(_dequantised, name, scale, blocks, 127.0 if scale.endswith(".SCB") else 1.0)
    own = blocks[0] == 1 and scales.shape[:1] == codes.shape[:1]  # each entry of the first axis has its scales
    one = partial(compute, own) if len(codes.shape) > 2 and (own or math.prod(scales.shape) == 1) else None
    words = f"dequantised from {_word(codes.dtype)}, {words}"
    made = Made(name, codes.shape, partial(compute, False, None), words, entry=one)
    return Group(tuple(parts), (made,))


def _dequantised(
    name: str, scale: str, blocks: tuple[int, ...], divisor: float, own: bool, index: int | None, read: Read
) -> Tensor:
    """The weight, or of its first axis the entry ``index``, with scales of its ``own`` or those of the whole."""
    codes = read(name, index).float()
    scales = scales_of(read(scale, index if own else None))
    return codes.mul_(expanded(scales, blocks if index is None else blocks[1:], codes.shape) / divisor)


def scales_of(stored: Tensor) -> Tensor:
    """Scales as float32; bytes are exponents of two with bias 127, of which 255 is none."""
    import torch

    if stored.dtype != torch.uint8 and str(stored.dtype) != "torch.float8_e8m0fnu":
        return stored.float()
    exponents = stored.view(torch.uint8).float()
    return torch.where(exponents == 255, torch.nan, torch.exp2(exponents - 127))


def block_lengths(shape: Sequence[int], scales: Declared) -> tuple[int, ...] | None:
    """How many entries along each axis share a scale; None where the scales do not fit.

    Leading axes of ``shape`` (experts) may have scales of their own.

    >>> block_lengths((200, 300), Declared((2, 3), "float32", "s"))
    (128, 128)
    >>> block_lengths((200, 300), Declared((200,), "float32", "s"))
    (1, 300)
    """
    counts = scales.shape
    if math.prod(counts) == 1:
        return tuple(shape)
    if len(counts) == 1:  # a scale a row, or a column; of a square one a row
        counts = (counts[0], 1) if counts[0] == shape[-2] or len(shape) > 2 else (1, counts[0])
    if len(counts) < len(shape) and len(shape) == 3:
        counts = (counts[0], *([1] * (3 - len(counts))), *counts[1:])
    if len(counts) != len(shape):
        return None
    blocks = [_block(length, count) for length, count in zip(shape, counts, strict=True)]
    return tuple(block for block in blocks if block) if all(blocks) else None


def _block(length: int, count: int) -> int | None:
    if count in (1, length):
        return length // count
    return next((block for block in _BLOCKS if -(-length // block) == count), None)


def expanded(scales: Tensor, blocks: Sequence[int], shape: Sequence[int]) -> Tensor:
    """Scales repeated over their blocks, cut to ``shape``; an axis with one scale is left for broadcasting."""
    if scales.numel() == 1:
        return scales.reshape(())
    counts = [-(-length // block) for length, block in zip(shape, blocks, strict=True)]
    scales = scales.reshape(counts)
    for axis, (length, block) in enumerate(zip(shape, blocks, strict=True)):
        if counts[axis] > 1 and block > 1:
            scales = scales.repeat_interleave(block, axis).narrow(axis, 0, length)
    return scales


def _blocks_in_words(blocks: Sequence[int], shape: Sequence[int]) -> str:
    if tuple(blocks) == tuple(shape):
        return "one scale"
    rows, columns = blocks[-2:]
    if columns == shape[-1]:
        return "a scale a row" if rows == 1 else f"a scale {rows} rows"
    return "a scale a column" if rows == shape[-2] else f"block scales {rows} x {columns}"


def _word(dtype: str) -> str:
    return f"fp8 ({dtype.removeprefix('float8_')})" if dtype.startswith("float8") else dtype
