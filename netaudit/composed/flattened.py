"""Quantised tensors as the tensors inside them: of torchao and optimum-quanto.

``W = (code - zero) * scale``, with a scale a row, or a group of inputs. In safetensors torchao calls the parts
``_weight_qdata``, ``_weight_scale`` and ``_weight_zero_point``; in a pickle they are attributes of the weight, as in
``weight.qdata``. quanto calls them ``weight._data`` and ``weight._scale``, and has no zero; its four-bit codes
are packed, with a ``weight._shift``.
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

_CODES = re.compile(r"(?P<base>(?:.*\.)?)(?P<codes>_weight_qdata|weight\.qdata|weight\._data(?:\._data)?)")
_PARTS = {
    "_weight_qdata": ("_weight_scale", "_weight_zero_point"),
    "weight.qdata": ("weight.scale", "weight.zero_point"),
    "weight._data": ("weight._scale", ""),
    "weight._data._data": ("weight._scale", "weight._shift"),
}
"""The names of the scale and of the zero, by that of the codes."""
_DTYPES = ("int8", "float8_e4m3fn", "float8_e5m2")
_BESIDE = ("input_scale", "output_scale")  # of activations


def groups(stored: Stored) -> Iterator[Group]:
    """Every matrix of codes of one number each; packed ones are refused, with their scales."""
    for name, codes in stored.declared.items():
        match = _CODES.fullmatch(name)
        if not match or (codes.floating and codes.dtype not in _DTYPES) or codes.refusal:
            continue
        base, torchao = match["base"], match["codes"].endswith("qdata")
        scale, zero = (f"{base}{part}" if part else "" for part in _PARTS[match["codes"]])
        library = "torchao" if torchao else "quanto"
        parts = [name, *(part for part in (scale, zero) if part in stored.declared)]
        parts += [base + other for other in _BESIDE if not torchao and base + other in stored.declared]
        if codes.dtype not in _DTYPES or match["codes"].endswith("._data._data"):
            why = f"packed codes of {library} ({codes.dtype}): not read, and counted as they are packed"
            yield Group(tuple(parts), refusal=why)
            continue
        if len(codes.shape) != 2 or not codes.size:
            continue
        if not stored.usable(scale):
            yield Group(tuple(parts), refusal=f"{codes.dtype} codes without their scale")
            continue
        scales = stored.declared[scale]
        blocks = block_lengths(codes.shape, scales)
        zeros = zero if stored.usable(zero) else None
        if blocks is None or (zeros and stored.declared[zeros].shape != scales.shape):
            yield Group(tuple(parts), refusal=f"{codes.dtype} codes whose scales {list(scales.shape)} do not fit")
            continue
        by = "a scale a row" if blocks[1] == codes.shape[1] else f"groups of {blocks[1]} inputs"
        compute = partial(_dequantised, name, scale, zeros, blocks)
        made = Made(f"{base}weight", codes.shape, compute, f"dequantised from {codes.dtype} of {library}, {by}")
        yield Group(tuple(parts), (made,))


def _dequantised(name: str, scale: str, zero: str | None, blocks: tuple[int, ...], read: Read) -> Tensor:
    codes = read(name).float()
    if zero:
        codes -= expanded(read(zero).float(), blocks, codes.shape)
    return codes.mul_(expanded(read(scale).float(), blocks, codes.shape))
