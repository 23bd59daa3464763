"""Join the slices of a model-parallel run: each tensor is read from every file and put together, one at a time.

A column-parallel layer is cut along its outputs and a row-parallel one along its inputs (Shoeybi et al., Megatron-LM,
https://arxiv.org/abs/1909.08053, section 3); norms, and biases of row-parallel layers, are the same in every file.
The rule is taken from the name, as Llama's own code and Megatron-LM have it, and checked against the widths. A tensor
whose rule is not known is listed and not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netaudit.errors import SourceError
from netaudit.formats.format import OpenFile
from netaudit.formats.json_object import json_object
from netaudit.formats.slices import PARAMS, missing, refused
from netaudit.formats.weights_file import Declared, WeightsFile
from netaudit.network.network import TensorStore

if TYPE_CHECKING:
    from torch import Tensor

_COLUMNS = re.compile(
    r"(.*\.)?((wq|wk|wv|w1|w3|output)\.weight|word_embeddings\.weight|(output_layer|lm_head|final_linear)\.weight|"
    r"(query_key_value|query|key_value|linear_qkv|dense_h_to_4h|linear_fc1)\.(weight|bias))"
)
_ROWS = re.compile(
    r"(.*\.)?((wo|w2)\.weight|(attention|self_attention)\.dense\.weight|(linear_proj|dense_4h_to_h|linear_fc2)\.weight)"
)
_SAME = re.compile(
    r"(.*[._])?((\w*norm\w*)\.(weight|bias)|layer_norm_(weight|bias)|rope\.freqs|inv_freq|position_embeddings\.weight|"
    r"((attention|self_attention)\.dense|linear_proj|dense_4h_to_h|linear_fc2)\.bias)"
)
_FIRST = re.compile(r"(.*\.)?(dense_h_to_4h|linear_fc1)\.(weight|bias)")  # of an MLP; gate and up in one where gated
_SECOND = {"dense_h_to_4h": "dense_4h_to_h", "linear_fc1": "linear_fc2"}
_BACK = re.compile(r"(.*\.)?((attention|self_attention)\.dense|linear_proj|attention\.wo)\.weight")
_UNKNOWN = "a slice of a model-parallel checkpoint, and how it is joined is not known"
LONGEST_PARAMS = 2**20  # bytes


@dataclass(frozen=True)
class Join:
    """How the slices of one tensor are put together."""

    shape: tuple[int, ...]
    """Of the whole."""
    axis: int | None
    """None for a tensor that every file holds whole."""
    groups: int = 1
    """So many equal groups along the axis each lie in every file: two of a gated MLP, gates before ups."""


class JoinedStore:
    """Tensors put together from the slices of several files when they are read."""

    def __init__(self, stores: Sequence[TensorStore], joins: Mapping[str, Join]) -> None:
        self.stores = stores
        self.joins = joins

    def names(self) -> Sequence[str]:
        """Every tensor's name, in the first file's order."""
        return self.stores[0].names()

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of the whole tensor."""
        return self.joins[name].shape if name in self.joins else self.stores[0].shape(name)

    def dtype(self, name: str) -> str:
        """Dtype without reading the data."""
        return self.stores[0].dtype(name)

    def read(self, name: str) -> Tensor:
        """Read one tensor; of its slices one at a time is in memory beside it.

        Raises:
            SourceError: a file changed since it was opened, or a slice has another shape than the first.
        """
        import torch

        join = self.joins.get(name)
        if join is None or join.axis is None:
            return self.stores[0].read(name)
        whole = torch.empty(join.shape, dtype=getattr(torch, self.dtype(name)))
        before, after = join.shape[: join.axis], join.shape[join.axis + 1 :]
        places = whole.view(*before, join.groups, len(self.stores), -1, *after)
        for number, store in enumerate(self.stores):
            places.select(join.axis + 1, number).copy_(store.read(name).reshape(*before, join.groups, -1, *after))
        return whole


def open_slices(paths: Sequence[Path], open_file: OpenFile) -> WeightsFile:
    """Open all slices of a model as one file.

    Raises:
        SourceError: the files do not hold slices of the same tensors, some are missing, or no rule joins them.
    """
    opened = [open_file(path) for path in paths]
    first, count = opened[0], len(paths)
    for number, other in enumerate(opened[1:], 2):
        if {key: (t.shape, t.dtype) for key, t in other.declared.items()} != {
            key: (t.shape, t.dtype) for key, t in first.declared.items()
        }:
            raise refused(paths[number - 1], str(number), count, f"it holds other tensors than {paths[0].name}")
    params = _params(paths[0])
    joins = {key: join for key, t in first.declared.items() if (join := _join(key, first.declared, count, params))}
    _check(paths, first.declared, joins, params)
    declared = {}
    for key, tensor in first.declared.items():
        join = joins.get(key)
        if join is None:
            declared[key] = replace(tensor, refusal=tensor.refusal or _UNKNOWN)
        else:
            identity = tuple(file.declared[key].identity for file in opened)
            note = tensor.note if join.axis is None else f"joined from {count} slices"
            declared[key] = replace(tensor, shape=join.shape, identity=identity, note=note)
    return replace(
        first,
        store=JoinedStore([file.store for file in opened], joins),
        declared=declared,
        shards=tuple(paths[1:]),
        notes=(
            *first.notes,
            f"Joined from the {count} slices of a model-parallel checkpoint, by the names of its layers.",
        ),
    )


def _join(key: str, declared: Mapping[str, Declared], count: int, params: Mapping[str, Any]) -> Join | None:
    shape, width = declared[key].shape, params.get("dim")
    if key.rpartition(".")[0].endswith("tok_embeddings") and len(shape) == 2 and width:
        axis = 1 if shape[1] * count == width else 0 if shape[1] == width else None  # Llama 1 and 2, Llama 3
        return None if axis is None else Join(_times(shape, axis, count), axis)
    if _COLUMNS.fullmatch(key) and shape:
        groups = 2 if _FIRST.fullmatch(key) and _is_gated(key, declared) else 1
        return Join(_times(shape, 0, count), 0, groups)
    if _ROWS.fullmatch(key) and len(shape) == 2:
        return Join(_times(shape, 1, count), 1)
    return Join(shape, None) if _SAME.fullmatch(key) else None


def _times(shape: tuple[int, ...], axis: int, count: int) -> tuple[int, ...]:
    return tuple(length * count if place == axis else length for place, length in enumerate(shape))


def _is_gated(key: str, declared: Mapping[str, Declared]) -> bool:
    """Whether an MLP's first layer has gate and up in one: twice as many outputs as the second has inputs."""
    module, _, _ = key.rpartition(".")
    before, _, own = module.rpartition(".")
    second = declared.get(".".join(filter(None, (before, _SECOND[own], "weight"))))
    return second is not None and len(second.shape) == 2 and declared[key].shape[0] == 2 * second.shape[1]


def _params(path: Path) -> Mapping[str, Any]:
    """What lies beside Llama's files; empty where there is nothing.

    Raises:
        SourceError: it lies there, and says no width.
    """
    beside = path.parent / PARAMS
    if not path.name.lower().startswith("consolidated.") or not beside.is_file():
        return {}
    with beside.open("rb") as file:
        raw = file.read(LONGEST_PARAMS)
    try:
        found = json_object(raw, PARAMS)
    except ValueError as error:
        raise SourceError(f"{PARAMS}: not a JSON object") from error
    if not all(type(found.get(key)) is int and found[key] > 0 for key in ("dim", "n_heads")):
        raise SourceError(f"{PARAMS}: says no dim or no n_heads, so that slices cannot be joined")
    return found


def _check(
    paths: Sequence[Path], declared: Mapping[str, Declared], joins: dict[str, Join], params: Mapping[str, Any]
) -> None:
    """Compare the joined widths with the model's; what does not fit is taken out of ``joins``.

    Raises:
        SourceError: attention gives another width than the model's, so that slices are missing, or nothing can be
            checked.
    """
    count = len(paths)
    back = next((key for key, join in joins.items() if _BACK.fullmatch(key) and join.axis == 1), None)
    if back is None:
        raise refused(paths[0], "1", count, "how its layers are cut is not known")
    width, inputs = declared[back].shape  # [width, width / slices]
    if inputs * count != width or params.get("dim", width) != width:
        needed = width // inputs if inputs and width % inputs == 0 else 0
        named = paths[0].name if "mp_rank_" not in paths[0].parent.name else paths[0].parent.name
        why = missing(named, range(count, needed)) if needed > count else f"they do not make a width of {width:,}"
        raise refused(paths[0], "1", count, why)
    pairs = params.get("n_kv_heads") or params.get("n_heads", 0)
    for key, join in list(joins.items()):
        own = key.rpartition(".")[0].rpartition(".")[2]
        rows = {"wq": width, "wk": pairs, "wv": pairs}.get(own)
        if params and own in ("wk", "wv"):
            rows = pairs * (width // params["n_heads"])
        if params and rows and join.shape[0] != rows:  # heads that several files hold
            del joins[key]
