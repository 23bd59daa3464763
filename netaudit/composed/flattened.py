"""Quantised tensors that a library wrote as the tensors inside them: torchao in safetensors, and optimum-quanto.

``W = (code - zero) * scale``, with a scale a row, or a group of inputs. torchao calls the parts ``_weight_qdata``,
``_weight_scale`` and ``_weight_zero_point``; quanto calls them ``weight._data`` and ``weight._scale``, and has no zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from netaudit.composed.rule import Group, Made, Read, Stored
from netaudit.composed.scaled_codes import block_lengths, expanded

if TYPE_CHECKING:
    from torch import Tensor

_CODES = re.compile(r"(?P<base>(?:.*\.)?)(?:_weight_qdata|weight\._data)")
_DTYPES = ("int8", "float8_e4m3fn", "float8_e5m2")
_BESIDE = ("input_scale", "output_scale")  # of activations


def groups(stored: Stored) -> Iterator[Group]:
    """Every matrix of codes of one number each; codes that are packed are left as they are."""
    for name, codes in stored.declared.items():
        match = _CODES.fullmatch(name)
        if not match or len(codes.shape) != 2 or not codes.size or codes.dtype not in _DTYPES or codes.refusal:
            continue
        base, torchao = match["base"], name.endswith("_weight_qdata")
        scale = f"{base}_weight_scale" if torchao else f"{base}weight._scale"
        zero = f"{base}_weight_zero_point"
        parts = [name, *(part for part in (scale, zero) if part in stored.declared)]
        parts += [base + other for other in _BESIDE if not torchao and base + other in stored.declared]
        if not stored.usable(scale):
            yield Group(tuple(parts), refusal=f"{codes.dtype} codes without their scale")
            continue
        scales = stored.declared[scale]
        blocks = block_lengths(codes.shape, scales)
        zeros = zero if stored.usable(zero) else None
        if blocks is None or (zeros and stored.declared[zeros].shape != scales.shape):
            yield Group(tuple(parts), refusal=f"{codes.dtype} codes whose scales {list(scales.shape)} do not fit")
            continue
        library = "torchao" if torchao else "quanto"
        by = "a scale a row" if blocks[1] == codes.shape[1] else f"groups of {blocks[1]} inputs"
        compute = partial(_dequantised, name, scale, zeros, blocks)
        made = Made(f"{base}weight", codes.shape, compute, f"dequantised from {codes.dtype} of {library}, {by}")
        yield Group(tuple(parts), (made,))


def _dequantised(name: str, scale: str, zero: str | None, blocks: tuple[int, ...], read: Read) -> Tensor:
    codes = read(name).float()
    if zero:
        codes -= expanded(read(zero).float(), blocks, codes.shape)
    return codes.mul_(expanded(read(scale).float(), blocks, codes.shape))
