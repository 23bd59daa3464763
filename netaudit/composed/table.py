"""The rules, in the order in which they are applied: each sees what the ones before it made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from netaudit.composed import (
    adapters,
    bitsandbytes,
    computed,
    conv1d,
    experts,
    flattened,
    four_bit_float,
    fused,
    packed_integers,
    packed_linear,
    replaced,
    scaled_codes,
)
from netaudit.composed.model_config import adapter_config, model_config, with_text
from netaudit.composed.rule import Made, Rule, Stored
from netaudit.composed.store import ComposedStore
from netaudit.composed.tied_output import with_tied_output
from netaudit.formats.collection import paused
from netaudit.formats.weights_file import Declared, WeightsFile
from netaudit.network.network import TensorStore

RULES: tuple[Rule, ...] = (
    packed_linear.groups,
    replaced.groups,
    bitsandbytes.groups,
    packed_integers.groups,
    four_bit_float.groups,
    flattened.groups,
    scaled_codes.groups,
    computed.groups,
    conv1d.groups,  # before adapters, whose products are [out, in] whatever their base is
    adapters.groups,
    experts.groups,
    fused.groups,
)


@paused()
def compose_file(file: WeightsFile) -> WeightsFile:
    """An opened file with its stored tensors turned into weights, by the rules and the configurations beside it."""
    config = model_config(file.path)
    store, declared = compose(file.store, file.declared, config, adapter_config(file.path))
    return with_tied_output(replace(file, store=store, declared=declared), config)


def compose(
    store: TensorStore,
    declared: Mapping[str, Declared],
    config: Mapping[str, Any] | None = None,
    adapter: Mapping[str, Any] | None = None,
    shuffled: frozenset[str] = frozenset(),
    stacked: Mapping[str, bool] | None = None,
    rules: Sequence[Rule] = RULES,
) -> tuple[TensorStore, Mapping[str, Declared]]:
    """Turn stored tensors into weights, by each rule in turn. Only what is small is read.

    Args:
        store: reads the tensors.
        declared: what is known of them, in their order.
        config: the model's ``config.json``.
        adapter: the adapter's ``adapter_config.json``.
        shuffled: fused projections of which it is known that their rows lie in an order of their own.
        stacked: 3-D weights of which it is known that each matrix is a layer, with whether it is ``[in, out]``.
        rules: those that are applied.

    Returns:
        The store that computes weights when they are read, and what is known of its tensors.
    """
    config = with_text(config or {})
    for rule in rules:
        store, declared = _apply(
            rule, store, Stored(declared, store.read, config, adapter or {}, shuffled, stacked or {})
        )
    return store, declared


def _apply(rule: Rule, store: TensorStore, stored: Stored) -> tuple[TensorStore, Mapping[str, Declared]]:
    groups = list(rule(stored))
    if not groups:
        return store, stored.declared
    group_of = {part: group for group in groups for part in group.parts}
    declared: dict[str, Declared] = {}
    made: dict[str, Made] = {}
    parts: dict[str, tuple[str, ...]] = {}
    done: set[int] = set()
    for name, tensor in stored.declared.items():
        group = group_of.get(name)
        if group is None:
            declared[name] = tensor
            continue
        taken = next((m.name for m in group.made if m.name in stored.declared and m.name not in group.parts), None)
        refusal = group.refusal or (f"stored twice: beside {taken}, which is made of it" if taken else "")
        if refusal:
            declared[name] = replace(tensor, refusal=tensor.refusal or refusal)
        elif id(group) not in done:
            done.add(id(group))
            identities = tuple(stored.declared[part].identity for part in group.parts)
            for number, weight in enumerate(group.made):
                identity = (rule.__module__, number, identities)
                note = _note(weight.name, group.parts, stored)
                declared[weight.name] = Declared(weight.shape, weight.dtype, identity, note=note, origin=weight.origin)
                made[weight.name], parts[weight.name] = weight, group.parts
    return ComposedStore(store, declared, made, parts), declared


def _note(name: str, parts: Sequence[str], stored: Stored) -> str:
    """The notes on the parts: of a bias those on biases, of a weight those on all others."""
    alike = (part for part in parts if part.endswith("bias") == name.endswith("bias"))
    return "; ".join(dict.fromkeys(filter(None, (stored.declared[part].note for part in alike))))
