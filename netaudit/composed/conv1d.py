"""GPT-2's Conv1D, which keeps its weight as ``[in, out]``: turned where config.json or a bias says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from netaudit.composed.rule import Group, Made, Read, Stored

if TYPE_CHECKING:
    from torch import Tensor

MODEL_TYPES = frozenset(("gpt2", "openai-gpt", "imagegpt", "decision_transformer", "clvp", "clvp_decoder"))
"""Values of ``model_type`` whose projections are Conv1D."""
TURNED = "Conv1D, stored as [in, out]"
"""The origin of a weight that was turned."""
_CONV1D = re.compile(r"(.*\.)?(?P<own>c_attn|c_proj|c_fc|q_attn)(\.base_layer)?\.weight")


def groups(stored: Stored) -> Iterator[Group]:
    """Every projection of such a model.

    Without a configuration one c_attn of ``[d, 3 d]`` with ``3 d`` biases tells it of all.
    """
    names = [name for name, t in stored.declared.items() if _CONV1D.fullmatch(name) and len(t.shape) == 2]
    if str(stored.config.get("model_type")) not in MODEL_TYPES and not any(_turned(name, stored) for name in names):
        return
    for name in names:
        tensor = stored.declared[name]
        if tensor.floating and not tensor.refusal and not tensor.origin:  # what was made is [out, in] already
            rows, columns = tensor.shape
            made = Made(name, (columns, rows), partial(_turn, name), TURNED, tensor.dtype)
            yield Group((name,), (made,))


def _turned(name: str, stored: Stored) -> bool:
    shape = stored.declared[name].shape
    bias = stored.declared.get(f"{name.removesuffix('weight')}bias")
    match = _CONV1D.fullmatch(name)
    fused = match is not None and match["own"] == "c_attn" and shape[1] == 3 * shape[0]
    return fused and bias is not None and bias.shape == shape[1:]


def _turn(name: str, read: Read) -> Tensor:
    return read(name).T.contiguous()
