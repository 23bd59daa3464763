"""The experts of a mixture that are stored in one 3-D tensor: one layer an expert."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from netaudit.composed.rule import Group, Made, Read, Stored
from netaudit.formats.weights_file import Declared

if TYPE_CHECKING:
    from torch import Tensor

_EXPERTS = re.compile(
    r"((?:.*\.)?\w*experts)\.(?:mlp\.)?(\w+?)(\.weight)?|((?:.*\.)?block_sparse_moe)\.((?:in|out)put_linear)\.weight"
)
"""By the module's name; Granite's has none of its own, and keeps them in the block's."""
_BIAS = re.compile(r"(.*_)?bias")
_TURNED = ("llama4", "gpt_oss")  # models that keep an expert as [in, out]
MOST = 4096
"""Experts in one tensor. No model has so many."""


def groups(stored: Stored) -> Iterator[Group]:
    """Every 3-D weight under a module that is called experts, with its biases ``[experts, out]``.

    So is every other of which a module's pass showed that each of its matrices is multiplied by.
    """
    for name, tensor in stored.declared.items():
        if len(tensor.shape) != 3 or not tensor.size or not tensor.floating or tensor.refusal:
            continue
        match, known = _EXPERTS.fullmatch(name), stored.stacked.get(name)
        if match is None and known is not None and min(tensor.shape[1:]) > 1 and tensor.shape[0] <= MOST:
            yield _stack(name, tensor, known)
        if match is None:
            continue
        module, kind = match[1] or match[4], match[2] or match[5]
        if _BIAS.fullmatch(kind) or tensor.shape[0] > MOST:
            continue
        count, rows, columns = tensor.shape
        turned = not tensor.origin and (_is_turned(module, kind, stored) if known is None else known)
        rows, columns = (columns, rows) if turned else (rows, columns)
        biases = (f"{module}.{kind}_bias", f"{module}.{kind}.bias")
        bias = next((b for b in biases if (t := stored.usable(b)) and t.shape == (count, rows)), None)
        how = f"one of {count} experts in one tensor{', stored as [in, out]' if turned else ''}"
        how = f"{tensor.origin}, {how}" if tensor.origin else how
        made = []
        for expert in range(count):
            layer = f"{module}.{expert}.{kind}"
            one = partial(_expert, name, expert, turned)
            made.append(Made(f"{layer}.weight", (rows, columns), one, how, tensor.dtype))
            if bias:
                dtype = stored.declared[bias].dtype
                made.append(Made(f"{layer}.bias", (rows,), partial(_expert, bias, expert, False), how, dtype))
        yield Group((name, bias) if bias else (name,), tuple(made))


def _stack(name: str, tensor: Declared, turned: bool) -> Group:
    """Matrices in one tensor that is not called experts: each is numbered below the tensor's own name."""
    count, rows, columns = tensor.shape
    how = f"one of {count} matrices in one tensor{', stored as [in, out]' if turned else ''}"
    shape = (columns, rows) if turned else (rows, columns)
    layer = name.removesuffix(".weight")
    weights = ((f"{layer}.{place}.weight", partial(_expert, name, place, turned)) for place in range(count))
    return Group((name,), tuple(Made(key, shape, compute, how, tensor.dtype) for key, compute in weights))


def _is_turned(module: str, kind: str, stored: Stored) -> bool:
    """Whether the experts are ``[in, out]``: the model says, else a bias, else how the tensors fit each other."""
    model = str(stored.config.get("model_type", ""))
    if model:
        return model.startswith(_TURNED)

    def shape(key: str) -> tuple[int, ...]:
        found = stored.declared.get(f"{module}.{key}") or stored.declared.get(f"{module}.{key}.weight")
        return found.shape if found else ()

    own, bias = shape(kind), shape(f"{kind}_bias") or shape(f"{kind}.bias")
    if bias and own[1] != own[2]:
        return bias[1] == own[2]
    up, down = shape("gate_up_proj"), shape("down_proj")
    if len(up) != 3 or len(down) != 3:
        return False
    straight = up[2] == down[1] and up[1] == 2 * down[2]
    return not straight and up[1] == down[2] and up[2] == 2 * down[1]


def _expert(name: str, expert: int, turned: bool, read: Read) -> Tensor:
    one = read(name, expert)
    return one.T.contiguous() if turned else one
