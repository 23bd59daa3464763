"""The plan of a model: what is audited, what is not and why, and the head. Shapes only, nothing is read."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count

from netaudit.network.cells import CellSpec
from netaudit.network.layers import Head, SkippedLayer
from netaudit.network.network import LayerSpec
from netaudit.sources.planners.gates import Part
from netaudit.sources.planners.head import find_head

# What an nn.MultiheadAttention may hold for its queries, keys and values.
IN_PROJECTIONS = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias")


@dataclass(frozen=True)
class Plan:
    """What a network will give. The parameters of the layers add up to ``parameters_total``."""

    layers: tuple[LayerSpec | SkippedLayer, ...]
    parameters_total: int
    head: Head | None = None
    cells: tuple[CellSpec, ...] = ()
    head_gap: str = ""
    """Why there is no head, where that is known."""
    parts: Mapping[str, Part] = field(default_factory=dict)
    """The weights and biases of layers that the store has to cut out of its tensors, by the names they are read by."""


@dataclass(frozen=True)
class Group:
    """Parameters that are not audited, listed as one entry under its largest."""

    name: str
    shape: tuple[int, ...]
    reason: str
    keys: tuple[str, ...]
    """The parameters counted here, the largest first; empty for buffers."""


def assemble(
    parts: Sequence[tuple[Sequence[LayerSpec], Sequence[Group]]], parameters: Mapping[str, tuple[Hashable, int]]
) -> tuple[list[LayerSpec | SkippedLayer], int]:
    """The entries of a plan and how many parameters there are, each counted once; the entries add up to that.

    ``parts`` are a model's modules in order: their layers, and the rest. ``parameters`` gives for every key what it is
    (equal for tied ones) and its number of elements. Tied weights are audited once, as the first layer that has them; a
    weight that an embedding shares with a layer is the layer's.
    """
    parts = _with_unique_names(parts)
    audited: dict[tuple[Hashable, tuple[int, int] | None], LayerSpec] = {}
    owner: dict[Hashable, str] = {}  # under which entry each parameter is counted

    def claim(name: str, keys: Iterable[str | None]) -> int:
        new = dict(parameters[key] for key in keys if key and parameters[key][0] not in owner)
        owner.update(dict.fromkeys(new, name))
        return sum(new.values())

    for spec in (spec for specs, _ in parts for spec in specs):
        if audited.setdefault((parameters[spec.weight][0], spec.rows), spec) is spec:
            claim(spec.name, (spec.weight, spec.bias))
    entries: list[LayerSpec | SkippedLayer] = []
    for specs, groups in parts:
        for spec in specs:
            first = audited[parameters[spec.weight][0], spec.rows]
            tied = SkippedLayer(spec.name, spec.shape, f"tied to {first.name}", claim(spec.name, [spec.bias]))
            entries.append(spec if first is spec else tied)
        for group in groups:
            sharer = owner.get(parameters[group.keys[0]][0]) if group.keys else None
            reason = f"tied to {sharer}" if sharer else group.reason
            entries.append(SkippedLayer(group.name, group.shape, reason, claim(group.name, group.keys)))
    return entries, sum(dict(parameters.values()).values())


def _with_unique_names(
    parts: Sequence[tuple[Sequence[LayerSpec], Sequence[Group]]],
) -> list[tuple[list[LayerSpec], Sequence[Group]]]:
    """The parts with every layer under a name of its own, so that a name says which layer is meant.

    A file may hold ``fc.weight`` and ``fc.kernel``: the second layer goes by the name of its weight.
    """
    names: set[str] = set()
    unique = []
    for specs, groups in parts:
        renamed = []
        for spec in specs:
            others = (f"{spec.name} {number}" for number in count(2))
            name = next(name for name in chain((spec.name, spec.weight), others) if name not in names)
            names.add(name)
            renamed.append(spec if name == spec.name else replace(spec, name=name))
        unique.append((renamed, groups))
    return unique


def inferred_head(entries: Sequence[LayerSpec | SkippedLayer]) -> Head | None:
    """The head by names, by shapes and, where these allow several, by the order of the entries."""
    return find_head(entries, ordered=True).head


def in_projections(
    prefix: str, shapes: Mapping[str, tuple[int, ...]], activation: str | None = None
) -> list[LayerSpec]:
    """Query, key and value of one ``nn.MultiheadAttention`` as layers ``<prefix>.in_proj.q|k|v``.

    ``shapes`` holds the module's own tensors under their short names: ``in_proj_weight`` for all three, or
    ``q_proj_weight``, ``k_proj_weight`` and ``v_proj_weight``; one ``in_proj_bias`` for all three in both cases.
    Empty when the shapes are not those of an attention.
    """
    dot = prefix + "." if prefix else ""
    fused = shapes.get("in_proj_weight")
    if fused:
        width = fused[1] if len(fused) == 2 and fused[0] == 3 * fused[1] else 0
        inputs = [width] * 3
    else:
        separate = [shapes.get(f"{part}_proj_weight", ()) for part in "qkv"]
        fits = all(len(shape) == 2 for shape in separate) and len({shape[0] for shape in separate}) == 1
        width, inputs = (separate[0][0], [shape[1] for shape in separate]) if fits else (0, [])
    if not width:
        return []
    bias = f"{dot}in_proj_bias" if shapes.get("in_proj_bias") == (3 * width,) else None
    return [
        LayerSpec(
            f"{dot}in_proj.{part}",
            (width, inputs[i]),
            f"{dot}in_proj_weight" if fused else f"{dot}{part}_proj_weight",
            bias,
            rows=(i * width, (i + 1) * width) if fused else None,
            activation=activation,
            origin=f"MultiheadAttention, {word} projection",
            bias_rows=(i * width, (i + 1) * width) if bias else None,
        )
        for i, (part, word) in enumerate(zip("qkv", ("query", "key", "value"), strict=True))
    ]
