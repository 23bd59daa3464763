"""What kind of layer each one is, and at which depth it stands: told from names and shapes alone.

The first number in a name that differs between layers counts the blocks; what follows it names the layer within its
block. Names of the usual architectures become q, k, v, o, gate, up, down and head; another name stays as it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from netaudit.results.report import LayerResult
from netaudit.text import number, shown_name

MANY = 20
"""Layers beyond which a report speaks of kinds and ranges of blocks, rather than of each layer."""
MOST_KINDS = 10
"""Lines that can be told from each other in a figure; the rarest kinds beyond are one, called "other"."""

_PARTS = (
    ("qkv", r"qkv(_proj)?|c_attn|in_proj|in_proj_weight|query_key_value|wqkv|w?_?pack"),
    ("q", r"q|wq|query|[qt]o?_?q|q_proj|q_lin|to_q"),
    ("k", r"k|wk|key|k_proj|k_lin|to_k"),
    ("v", r"v|wv|value|v_proj|v_lin|to_v"),
    ("o", r"o|wo|o_proj|out_proj|out_lin|to_out|proj|to_out\.0"),
    ("gate", r"gate|gate_proj"),
    ("up", r"up|up_proj|fc1|c_fc|lin1|linear1|dense_h_to_4h|fc_in|wi|wi_0|intermediate\.dense"),
    ("down", r"down|down_proj|fc2|lin2|linear2|dense_4h_to_h|fc_out"),
)
"""The last parts of a name within a block."""
_HEADS = r"(lm_)?head|classifier|fc|score|logits|output|heads\.head|embed_out"

_OF_CELLS = (", from the input", ", from the state")
"""How the origin of a recurrent cell's matrix ends, in :mod:`netaudit.sources.planners.gates`."""


@dataclass(frozen=True)
class Position:
    """Where a layer stands."""

    kind: str
    """Its kind, made safe to print."""
    depth: int
    """The number of its block, or its place among the layers of its kind."""


@dataclass(frozen=True)
class Sort:
    """Layers, or matrices of recurrent cells, which are no fully connected layers."""

    macro: str
    """What a paper calls their number."""
    how_many: int
    one: str
    many: str

    @property
    def name(self) -> str:
        """The name that goes with their number."""
        return self.one if self.how_many == 1 else self.many


def sorts(layers: Sequence[LayerResult]) -> tuple[Sort, ...]:
    """How many there are of each sort; of no layers at all, no fully connected layer."""
    cells = sum(layer.origin.endswith(_OF_CELLS) for layer in layers)
    others = len(layers) - cells
    found = (
        Sort("fully connected layers", others, "fully connected layer", "fully connected layers"),
        Sort("cell matrices", cells, "matrix of recurrent cells", "matrices of recurrent cells"),
    )
    return tuple(sort for sort in found if sort.how_many) or found[:1]


def audited(layers: Sequence[LayerResult]) -> str:
    """How many layers there are, with the matrices of recurrent cells apart."""
    return " and ".join(f"{number(sort.how_many)} {sort.name}" for sort in sorts(layers))


def in_general(layers: Sequence[LayerResult]) -> str:
    """What they are called without their number: "fully connected layers and matrices of recurrent cells"."""
    return " and ".join(sort.many for sort in sorts(layers))


def positions(layers: Sequence[LayerResult]) -> list[Position]:
    """The kind and the depth of each layer, in their order."""
    found = [_position(layer) for layer in layers]
    seen: Counter[str] = Counter()
    placed = []
    for kind, depth in found:
        placed.append(Position(kind, seen[kind] if depth is None else depth))
        seen[kind] += 1
    common = Counter(each.kind for each in placed)
    if len(common) <= MOST_KINDS:
        return placed
    named = {kind for kind, _ in common.most_common(MOST_KINDS - 1)}
    return [each if each.kind in named else Position("other", each.depth) for each in placed]


def kinds(placed: Sequence[Position]) -> tuple[str, ...]:
    """The kinds, in the order in which they come; "other" last."""
    found = tuple(dict.fromkeys(each.kind for each in placed))
    return (*(kind for kind in found if kind != "other"), *(kind for kind in found if kind == "other"))


def _position(layer: LayerResult) -> tuple[str, int | None]:
    name = re.sub(r"[./]weight$", "", layer.name)
    block = re.search(r"(?:^|[._/])(\d{1,6})[._/](?=.*\D)", name)
    if block is None:
        last = re.sub(r"[._/]?\d+$", "", name)
        head = re.fullmatch(_HEADS, last, re.IGNORECASE)
        return ("head" if head else _short(last or "layer")), None
    return _within(name[block.end() :], layer.shape), int(block[1])


def _within(rest: str, shape: tuple[int, int]) -> str:
    """The kind of a layer by its name within a block."""
    parts = re.split(r"[./]", rest.lower())
    attends = any(re.search(r"attn|attention", part) for part in parts[:-1])
    for kind, pattern in _PARTS:
        if any(re.fullmatch(pattern, ".".join(parts[-length:])) for length in (1, 2)):
            return kind
    if parts[-1] in ("dense", "c_proj", "linear", "fc", "0", "1", "2", "3", "mlp_0", "mlp_3") or parts[-1].isdigit():
        if attends:
            return "o"
        if shape[0] != shape[1]:
            return "up" if shape[0] > shape[1] else "down"
    return _short(rest)


def _short(name: str) -> str:
    return shown_name(name, 24)
