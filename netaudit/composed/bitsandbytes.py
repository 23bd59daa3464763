"""bitsandbytes' four-bit weights (NF4, FP4): a table of sixteen values times the largest entry of each block.

Two codes a byte, the high half first, over the flattened weight (Dettmers et al., 2023, "QLoRA", section 3). With
double quantisation those are bytes themselves, which stand for ``nested_quant_map[byte] * nested_absmax + offset``.
The true shape stands in a JSON text, stored as a tensor of bytes.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from netaudit.composed.rule import Group, Made, Read, Stored

if TYPE_CHECKING:
    from torch import Tensor

_STATE = re.compile(r"(?P<weight>.*)\.quant_state\.bitsandbytes__(?P<kind>nf4|fp4)")
_LONGEST_STATE = 2**16
_WITHOUT = "4-bit codes (bitsandbytes) without their quantisation state"


def groups(stored: Stored) -> Iterator[Group]:
    """Every such weight, under its own name; codes without their state are refused."""
    states = {match["weight"]: match for name in stored.declared if (match := _STATE.fullmatch(name))}
    for weight, match in states.items():
        yield _weight(weight, match, stored)
    for name, tensor in stored.declared.items():
        if name.endswith(".absmax") and name.removesuffix(".absmax") not in states and not tensor.refusal:
            weight = name.removesuffix(".absmax")
            parts = [*([weight] if weight in stored.declared else []), *stored.beginning(f"{weight}.")]
            yield Group(tuple(parts), refusal=_WITHOUT)


def _weight(weight: str, match: re.Match[str], stored: Stored) -> Group:
    ends = ("absmax", "quant_map", "nested_absmax", "nested_quant_map")
    present = [f"{weight}.{end}" for end in ends if f"{weight}.{end}" in stored.declared]
    parts = tuple(name for name in (weight, *present, match[0]) if name in stored.declared)
    kind = match["kind"]
    state = _state(match[0], stored)
    shape = state.get("shape")
    blocksize = state.get("blocksize")
    nested = f"{weight}.nested_absmax" in present
    needed = [weight, *(f"{weight}.{end}" for end in (ends if nested else ends[:2]))]
    missing = next((name for name in needed if stored.usable(name) is None), None)
    if missing:
        return Group(parts, refusal=f"4-bit codes ({kind}) without {missing.rpartition('.')[2]}")
    whole = isinstance(shape, list) and all(type(length) is int and length > 0 for length in shape)
    if not whole or type(blocksize) is not int or blocksize < 1 or not isinstance(shape, list):
        return Group(parts, refusal=f"4-bit codes ({kind}) whose state does not say their shape")
    count = math.prod(shape)
    if stored.declared[weight].size != -(-count // 2) or stored.declared[f"{weight}.absmax"].size != -(
        -count // blocksize
    ):
        return Group(parts, refusal=f"4-bit codes ({kind}) that do not fit the shape {shape}")
    compute = partial(_dequantised, weight, tuple(shape), state, nested)
    return Group(parts, (Made(weight, tuple(shape), compute, f"dequantised from 4-bit {kind}, blocks of {blocksize}"),))


def _state(name: str, stored: Stored) -> Mapping[str, Any]:
    tensor = stored.usable(name)
    if tensor is None or tensor.dtype != "uint8" or tensor.size > _LONGEST_STATE:
        return {}
    try:
        state = json.loads(bytes(stored.read(name).reshape(-1).tolist()))
    except (ValueError, RecursionError):
        return {}
    return state if isinstance(state, dict) else {}


def _dequantised(weight: str, shape: tuple[int, ...], state: Mapping[str, Any], nested: bool, read: Read) -> Tensor:
    import torch

    absmax = read(f"{weight}.absmax")
    if nested:
        largest, table = read(f"{weight}.nested_absmax").float(), read(f"{weight}.nested_quant_map").float()
        size = int(state.get("nested_blocksize", 256))
        absmax = table[absmax.reshape(-1).int()] * largest.repeat_interleave(size)[: absmax.numel()]
        absmax = absmax + float(state.get("nested_offset", 0.0))
    packed = read(weight).reshape(-1).view(torch.uint8)
    codes = torch.stack((packed >> 4, packed & 15), dim=-1).reshape(-1)[: math.prod(shape)]
    values = read(f"{weight}.quant_map").float()[codes.int()]
    scales = absmax.float().reshape(-1).repeat_interleave(int(state["blocksize"]))[: values.numel()]
    return (values * scales).reshape(shape)
