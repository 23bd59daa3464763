"""Fused projections: one stored matrix that holds several, split where its layout is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from netaudit.composed.layouts import NOT_SEPARATED, WORDS, Layout, layout
from netaudit.composed.rule import Group, Made, Read, Stored, as_stored, rows_cut
from netaudit.formats.weights_file import Declared

if TYPE_CHECKING:
    from torch import Tensor

_BY_HEAD = re.compile(r"(^|\.)(attn_block|attn_grid)\.attn\.qkv$")
"""Of MaxViT, which keeps rows by head in some of its versions, and no configuration beside it."""
_COATNET = re.compile(r"(^|\.)stages\.\d+\.blocks\.\d+\.attn\.qkv$")
"""Of CoAtNet, which keeps rows by head too, where positions are learned beside it under ``attn.rel_pos.``."""


def groups(stored: Stored) -> Iterator[Group]:
    """Every fused projection with its bias: its parts, called ``<name>.q`` and so on, else one whole that says so."""
    with_positions = {name.partition(".rel_pos.")[0] for name in stored.declared if ".rel_pos." in name}
    for name, tensor in stored.declared.items():
        module = name.removesuffix(".weight")
        if module == name or len(tensor.shape) != 2 or not tensor.size or not tensor.floating or tensor.refusal:
            continue
        own = module.rpartition(".")[2]
        rows, columns = tensor.shape
        found = layout(own, (rows, columns), stored.config)
        coatnet = _COATNET.search(module) and module.rpartition(".")[0] in with_positions
        if found and (module in stored.shuffled or _BY_HEAD.search(module) or coatnet):
            found = NOT_SEPARATED
        if isinstance(found, Layout):
            yield _split(module, tensor, found, stored)
        elif found:
            origin = f"{tensor.origin}, {found}" if tensor.origin else NOT_SEPARATED
            made = Made(name, tensor.shape, partial(as_stored, name), origin, tensor.dtype, cut=(name, _same))
            yield Group((name,), (made,))


def _split(module: str, tensor: Declared, found: Layout, stored: Stored) -> Group:
    own = module.rpartition(".")[2]
    weight, bias = f"{module}.weight", f"{module}.bias"
    biased = (declared := stored.usable(bias)) is not None and declared.shape == tensor.shape[:1]
    made = []
    for part, start, stop in found.slices():
        origin = f"{WORDS[part]} part of the fused {own} ({found.words})"
        origin = f"{origin}, {tensor.origin}" if tensor.origin else origin
        rows = (stop - start) * found.groups
        cut = partial(_cut, groups=found.groups, start=start, stop=stop)
        rows_of = (weight, partial(rows_cut, groups=found.groups, start=start, stop=stop))
        made.append(
            Made(
                f"{module}.{part}.weight",
                (rows, tensor.shape[1]),
                partial(cut, weight),
                origin,
                tensor.dtype,
                cut=rows_of,
                fan_out=tensor.shape[0],
            )
        )
        if biased and declared:
            made.append(Made(f"{module}.{part}.bias", (rows,), partial(cut, bias), origin, declared.dtype))
    return Group((weight, bias) if biased else (weight,), tuple(made))


def _cut(name: str, read: Read, *, groups: int, start: int, stop: int) -> Tensor:
    return rows_cut(read(name), groups, start, stop)


def _same(tensor: Tensor) -> Tensor:
    return tensor
