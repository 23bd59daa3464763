"""Integers packed into int32 words, with a scale and a zero for each group of inputs: GPTQ, AWQ, compressed-tensors.

``W[o, i] = s[g(i), o] (q[i, o] - z[g(i), o])`` with g(i) the group of input i.

- GPTQ: codes of 2, 3, 4 or 8 bits run along the inputs as one stream of bits, zeros along the outputs; a stored zero is
  one less than the true one, but for the format ``gptq_v2``; ``g_idx`` gives the groups where inputs were reordered.
- AWQ: 4 bits along the outputs, eight to a word in the order 0, 2, 4, 6, 1, 3, 5, 7.
- compressed-tensors: along the inputs of ``[out, in]``, a code less 2^(bits - 1), and no zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from netaudit.composed.rule import Group, Made, Read, Stored

if TYPE_CHECKING:
    from torch import Tensor

_BITS = (2, 3, 4, 8)
_AWQ = (0, 4, 1, 5, 2, 6, 3, 7)  # where in a word the output 0, 1, ... of eight lies


def groups(stored: Stored) -> Iterator[Group]:
    """Every packed weight as ``<module>.weight``; one that lacks a part, or does not fit, is refused."""
    for name, tensor in stored.declared.items():
        if tensor.refusal or tensor.dtype != "int32" or len(tensor.shape) != 2:
            continue
        base, dot, last = name.rpartition(".")
        if last == "qweight":
            yield _grouped(base + dot, stored)
        elif last == "weight_packed":
            yield _compressed(base + dot, stored)


def _quantisation(stored: Stored) -> Mapping[str, Any]:
    found = stored.config.get("quantization_config")
    return found if isinstance(found, Mapping) else {}


def _grouped(prefix: str, stored: Stored) -> Group:
    weight, zeros, scales, order = (f"{prefix}{end}" for end in ("qweight", "qzeros", "scales", "g_idx"))
    parts = tuple(name for name in (weight, zeros, scales, order) if name in stored.declared)
    missing = next((name for name in (zeros, scales) if stored.usable(name) is None), None)
    if missing:
        return Group(parts, refusal=f"packed integers without {missing.removeprefix(prefix)}")
    (rows, columns), zero_shape = stored.declared[weight].shape, stored.declared[zeros].shape
    number, out = stored.declared[scales].shape if len(stored.declared[scales].shape) == 2 else (0, 0)
    fits = number > 0 and len(zero_shape) == 2 and zero_shape[0] == number
    if fits and columns * 8 == out and zero_shape[1] * 8 == out and rows % number == 0:
        compute = partial(_awq, weight, zeros, scales)
        made = Made(f"{prefix}weight", (out, rows), compute, f"dequantised from 4-bit AWQ, groups of {rows // number}")
        return Group(parts, (made,))
    bits = zero_shape[1] * 32 // out if fits and out else 0
    inputs = rows * 32 // bits if bits else 0
    indexed = order in parts and stored.declared[order].shape == (inputs,)
    if columns != out or bits not in _BITS or zero_shape[1] * 32 != out * bits or not (indexed or inputs % number == 0):
        return Group(parts, refusal="packed integers (GPTQ or AWQ) whose shapes do not fit")
    one = 0 if _quantisation(stored).get("checkpoint_format") == "gptq_v2" else 1
    compute = partial(_gptq, weight, zeros, scales, order if indexed else None, bits, one)
    said = f"dequantised from {bits}-bit GPTQ, {number} {'group' if number == 1 else 'groups'} of inputs"
    return Group(parts, (Made(f"{prefix}weight", (out, inputs), compute, said),))


def _compressed(prefix: str, stored: Stored) -> Group:
    weight, scale, shape = (f"{prefix}{end}" for end in ("weight_packed", "weight_scale", "weight_shape"))
    zero, order = f"{prefix}weight_zero_point", f"{prefix}weight_g_idx"
    parts = tuple(name for name in (weight, scale, shape, zero, order) if name in stored.declared)
    if stored.usable(scale) is None or stored.usable(shape) is None or stored.declared[shape].size != 2:
        return Group(parts, refusal="packed integers without weight_scale or weight_shape")
    if zero in parts or order in parts:
        return Group(parts, refusal="packed integers with zero points or reordered inputs: not dequantised")
    out, inputs = (int(length) for length in stored.read(shape).reshape(-1).tolist())
    rows, words = stored.declared[weight].shape
    bits = next((bits for bits in (4, 8) if -(-inputs * bits // 32) == words), 0)
    scales = stored.declared[scale].shape
    fits = len(scales) == 2 and scales[0] in (1, out) and scales[1] > 0 and inputs % scales[1] == 0
    if rows != out or not bits or not fits:
        return Group(parts, refusal="packed integers whose shapes do not fit")
    compute = partial(_signed, weight, scale, bits, (out, inputs))
    said = f"dequantised from packed {bits}-bit integers, groups of {inputs // scales[1]}"
    return Group(parts, (Made(f"{prefix}weight", (out, inputs), compute, said),))


def unpacked(words: Tensor, bits: int) -> Tensor:
    """Codes from int32 words ``[..., n]``, read as one stream of bits from the lowest: ``[..., 32 n / bits]``."""
    import torch

    if 32 % bits:  # codes of three bits cross the ends of words
        stream = (words[..., None] >> torch.arange(32, dtype=torch.int32)) & 1
        each = stream.reshape(*words.shape[:-1], -1, bits) << torch.arange(bits, dtype=torch.int32)
        return each.sum(-1, dtype=torch.int32)
    codes: Tensor = (words[..., None] >> torch.arange(0, 32, bits, dtype=torch.int32)) & (2**bits - 1)
    return codes.flatten(-2)


def _gptq(weight: str, zeros: str, scales: str, order: str | None, bits: int, one: int, read: Read) -> Tensor:
    import torch

    codes = unpacked(read(weight).T.contiguous(), bits)  # [out, in]
    zero = (unpacked(read(zeros), bits) + one).float().T
    scale = read(scales).float().T
    inputs = codes.shape[1]
    group = read(order).long() if order else torch.arange(inputs) // (inputs // scale.shape[1])
    return codes.float().sub_(zero[:, group]).mul_(scale[:, group])


def _awq(weight: str, zeros: str, scales: str, read: Read) -> Tensor:
    codes = _ordered(read(weight)).float().T  # [out, in]
    zero = _ordered(read(zeros)).float().T  # [out, groups]
    scale = read(scales).float().T
    size = codes.shape[1] // scale.shape[1]
    return codes.sub(zero.repeat_interleave(size, 1)).mul_(scale.repeat_interleave(size, 1))


def _ordered(words: Tensor) -> Tensor:
    return unpacked(words, 4).reshape(len(words), -1, 8)[..., list(_AWQ)].flatten(-2)


def _signed(weight: str, scale: str, bits: int, shape: tuple[int, int], read: Read) -> Tensor:
    codes = unpacked(read(weight), bits)[:, : shape[1]].float().sub_(2 ** (bits - 1))
    scales = read(scale).float()
    return codes.mul_(scales.repeat_interleave(shape[1] // scales.shape[1], 1))
