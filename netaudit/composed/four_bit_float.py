"""Four-bit floats in blocks: MXFP4 (blocks of 32, scales that are powers of two) and NVFP4 (16, float8 scales).

Two codes a byte, the low half first. A code is e2m1 (OCP Microscaling Formats, version 1.0, section 5.3.3): a sign and
one of 0, 0.5, 1, 1.5, 2, 3, 4, 6. NVFP4 has a second scale for the whole tensor: ModelOpt stores the factor
(``weight_scale_2``), compressed-tensors its inverse (``weight_global_scale``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from netaudit.composed.rule import Group, Made, Read, Stored
from netaudit.composed.scaled_codes import EXPONENTS, scales_of

if TYPE_CHECKING:
    from torch import Tensor

_MAGNITUDES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
E2M1 = (*_MAGNITUDES, *(-value for value in _MAGNITUDES))
"""The value of each of the sixteen codes."""
_BYTES = ("uint8", "F4", "float4_e2m1fn_x2")
_PACKED = re.compile(r"(?P<base>.*?)(?P<word>_blocks|(^|\.)weight_packed|(^|\.)weight)")


def groups(stored: Stored) -> Iterator[Group]:
    """Every weight of packed codes with its scales."""
    for name, codes in stored.declared.items():
        if codes.dtype not in _BYTES or codes.refusal or len(codes.shape) < 2:
            continue
        match = _PACKED.fullmatch(name)
        if not match:
            continue
        base, word = match["base"], match["word"].lstrip(".")
        blocks = word == "_blocks"  # gpt-oss: [experts, out, in / 32, 16], and the scales [experts, out, in / 32]
        dot = f"{base}." if base else ""
        scale = f"{base}_scales" if blocks else f"{dot}weight_scale"
        scales = stored.usable(scale)
        if scales is None or (len(scales.shape) != len(codes.shape) - blocks):
            continue
        count = codes.shape[-2] * codes.shape[-1] if blocks else codes.shape[-1]
        shape = (*codes.shape[: -2 if blocks else -1], 2 * count)
        size = shape[-1] // scales.shape[-1] if scales.shape[-1] else 0
        if size not in (16, 32) or (*shape[:-1], shape[-1] // size) != scales.shape:
            continue
        factor, inverse = (f"{dot}{end}" for end in ("weight_scale_2", "weight_global_scale"))
        second = next((n for n in (factor, inverse) if stored.usable(n)), None)
        extra = [n for n in (f"{dot}input_scale", f"{dot}input_global_scale") if n in stored.declared]
        parts = (name, scale, *([second] if second else []), *extra)
        kind = "MXFP4" if scales.dtype in EXPONENTS else "NVFP4"
        if kind == "NVFP4" and second is None:
            yield Group(parts, refusal="NVFP4 codes without the scale of the whole tensor")
            continue
        compute = partial(_dequantised, name, scale, second, second == inverse)
        whole = partial(compute, shape, None)
        one = partial(compute, shape[1:]) if len(shape) > 2 else None
        words = f"dequantised from {kind}, blocks of {size}"
        made = Made(base if blocks else f"{dot}weight", shape, whole, words, entry=one)
        yield Group(parts, (made,))


def _dequantised(
    name: str, scale: str, second: str | None, inverse: bool, shape: tuple[int, ...], index: int | None, read: Read
) -> Tensor:
    """The weight, or of its first axis the entry ``index``, which then has this shape."""
    import torch

    values = pairs(read(name, index).view(torch.uint8), torch.tensor(E2M1))
    scales = scales_of(read(scale, index))
    if second:
        factor = read(second).float().reshape(())
        scales = scales / factor if inverse else scales * factor
    return (values.reshape(*scales.shape, -1) * scales[..., None]).reshape(shape)


def pairs(packed: Tensor, values: Tensor) -> Tensor:
    """The values of two codes a byte, the low half first: ``[..., n]`` bytes give ``[..., 2 n]``."""
    import torch

    halves = torch.stack((packed & 15, packed >> 4), dim=-1)
    return values[halves.flatten(-2).int()]
