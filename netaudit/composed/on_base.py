"""An adapter in one file and its base in another, as one file: the base's tensors with the adapter's beside them.

The rules then do the rest, as where both lie in one file: quantised bases are dequantised, the adapter is added, and
fused projections are split. What PEFT trains whole (``modules_to_save``, biases) takes the place of the base's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from netaudit.composed import adapters
from netaudit.composed.adapter_scale import OF_LYCORIS, configured_rank, exactly, scale
from netaudit.composed.base_names import BaseNames, whose
from netaudit.composed.model_config import adapter_config, model_config
from netaudit.composed.paired_store import PairedStore
from netaudit.composed.rule import Rule, Stored
from netaudit.composed.table import RULES, compose
from netaudit.composed.tied_output import with_tied_output
from netaudit.errors import SourceError
from netaudit.formats.weights_file import Declared, WeightsFile
from netaudit.network.layers import SkippedLayer
from netaudit.text import count, printable

_PEFT = ("LORA", *OF_LYCORIS)
_STARTS = ("gaussian", "eva", "orthogonal", "lycoris")
"""Ways to start an adapter that leave its base as it is, by PEFT's names; so do true and false."""
_CHANGES = {
    "layer_replication": "its base has layers that are copies of others",
    "use_qalora": "QALoRA",
    "use_bdlora": "BD-LoRA",
    "target_parameters": "it changes parameters that are no module's weight",
    "trainable_token_indices": "it has rows of an embedding of its own",
    "megatron_config": "it is of a model of Megatron",
    "kasa_config": "KaSA",
    "monteclora_config": "MonteCLoRA",
    "arrow_config": "Arrow",
}
"""Settings of PEFT with which a merged weight is not W + s B A, and what each says."""
_INNER = ("lokr_w1_b", "lokr_w2_b", "hada_w1_b")
"""Factors of LoKr and LoHa that have the rank as their rows."""
_WHOLE = "the adapter's own, in place of the base's"
_ELSE = "merge it with PEFT's merge_and_unload(), save the model, and name that file"
_FROM_ADAPTERS = RULES.index(adapters.groups)


def on_base(
    adapter: WeightsFile,
    base: WeightsFile,
    base_name: str,
    before: Sequence[Rule] = RULES[:_FROM_ADAPTERS],
    rules: Sequence[Rule] = RULES[_FROM_ADAPTERS:],
) -> WeightsFile:
    """The base with the adapter added, as one opened file.

    Args:
        adapter: the adapter's file, whose ``adapter_config.json`` lies beside it.
        base: the base, with its tensors as they are stored.
        base_name: what a report calls the base.
        before: the rules that turn stored tensors of the base into the weights to which the adapter is added.
        rules: those that are applied to both together.

    Raises:
        SourceError: the file holds no adapter, one that cannot be added, or one of another base.
    """
    shown = printable(adapter.path.name, 80)
    if base.structure is not None:
        raise SourceError(
            f"{printable(base.path.name, 80)}: {base.format} as a base is not read, only named tensors are", hint=_ELSE
        )
    config = dict(adapter_config(adapter.path))
    _supported(shown, config)
    modules: dict[str, str] = {}  # by each module its first factor
    for name in adapter.declared:
        module = adapters.module_of(name)
        if module is not None:
            modules.setdefault(module, name)
    if not modules:
        raise SourceError(
            f"{shown}: no adapter, so that --base says nothing", hint="--base goes with a LoRA, DoRA, LoHa or LoKr"
        )
    store, held = compose(base.store, base.declared, model_config(base.path), rules=before)
    base = replace(base, store=store, declared=held)
    there = BaseNames(adapter, base, list(modules))
    stored = Stored(adapter.declared, adapter.store.read, {}, config)
    patterns: dict[str, dict[str, Any]] = {"alpha_pattern": {}, "rank_pattern": {}}
    for module, first in modules.items():
        new = there.module(module)
        _fits(module, new, adapter, base)
        if (rank := _rank(module, first, stored)) and f"{module}.alpha" not in adapter.declared:
            factor, _ = scale(module, rank, stored)
            if factor is None:
                raise SourceError(
                    f"{shown}: the scale of the adapter is not known, neither from the file nor from a configuration",
                    hint="put the adapter_config.json that was saved with it beside it",
                )
            rsqrt = config.get("use_rslora") is True and config.get("peft_type") not in OF_LYCORIS
            patterns["alpha_pattern"][exactly(new)] = factor * (rank**0.5 if rsqrt else rank)
        if configured := configured_rank(module, stored):
            patterns["rank_pattern"][exactly(new)] = configured
    places: dict[str, tuple[Any, str]] = {name: (base.store, name) for name in base.declared}
    declared = {name: replace(tensor, identity=("base", tensor.identity)) for name, tensor in base.declared.items()}
    for name, tensor in adapter.declared.items():
        new = there.name(name)
        if not adapters.is_part(name) and new not in declared:
            raise SourceError(
                f"{shown}: {printable(name, 80)} is no part of an adapter, and the base has no such tensor", hint=_ELSE
            )
        note = tensor.note if adapters.is_part(name) else _WHOLE
        declared[new] = replace(tensor, identity=("adapter", tensor.identity), note=note)
        places[new] = (adapter.store, name)
    tied = tuple(_tied(base, {there.module(module) for module in modules}))
    for entry in tied:
        declared.pop(entry.name, None)
    places |= {name: (base.store, name) for held in base.others.values() for name in held}
    paired, composed = compose(PairedStore(places), declared, model_config(base.path), config | patterns, rules=rules)
    merged = sum(there.name(first) not in composed for first in modules.values())  # what is refused is still there
    if not merged:
        why = next(composed[there.name(first)].refusal for first in modules.values())
        raise SourceError(f"{shown}: nothing of it can be added to the base: {why}", hint=_ELSE)
    wholes = [tensor for tensor in composed.values() if tensor.note == _WHOLE]
    merged_file = replace(
        base,
        path=adapter.path,
        shards=adapter.shards,
        store=paired,
        declared=composed,
        listed=(*base.listed, *adapter.listed, *tied),
        notes=(*adapter.notes, *base.notes, _note(merged, len(wholes), base_name)),
        about={**adapter.about},
        format=adapter.format,
    )
    return with_tied_output(merged_file, model_config(base.path))


def _tied(base: WeightsFile, modules: Collection[str]) -> Iterator[SkippedLayer]:
    """Other names of the weights to which the adapter is added: the sum is audited once."""
    owners = {base.declared[f"{module}.weight"].identity: module for module in sorted(modules)}
    for name, tensor in base.declared.items():
        owner = owners.get(tensor.identity)
        if owner is not None and name.removesuffix(".weight") not in modules:
            why = f"tied to {printable(owner, 80)}, to which the adapter is added: audited there, if that is a layer"
            yield SkippedLayer(name, tensor.shape, why)


def _note(merged: int, wholes: int, base_name: str) -> str:
    more = f", and {count(wholes, 'tensor')} that it brings whole" if wholes else ""
    return (
        f"The weights are those of {printable(base_name, 80)} with the adapter added: {count(merged, 'module')} of it "
        f"merged{more}; all others are the base's own."
    )


def _supported(shown: str, config: Mapping[str, Any]) -> None:
    """Refuse what is merged in another way.

    Raises:
        SourceError: another kind of adapter, or a setting with which the sum is another.
    """
    kind = config.get("peft_type", "LORA")
    if kind not in _PEFT:
        raise SourceError(
            f"{shown}: an adapter of the kind {printable(str(kind), 40)}, which is not merged", hint=_ELSE
        )
    start = config.get("init_lora_weights", True)
    if isinstance(start, str) and start.lower() not in _STARTS:
        raise SourceError(
            f"{shown}: an adapter that was started by {printable(start, 40)}, which changes its base as well",
            hint=_ELSE,
        )
    for name, words in _CHANGES.items():
        if config.get(name):
            raise SourceError(f"{shown}: not merged, because of {name}: {words}", hint=_ELSE)


def _rank(module: str, first: str, stored: Stored) -> int | None:
    """The rank of a module's adapter; None for a LoKr of two whole factors whose configuration does not say it.

    ``first`` is the name of its first factor, in LoRA ``[r, in]``.
    """
    if rank := configured_rank(module, stored):
        return rank
    lycoris = next(
        (stored.declared.get(f"{module}.{end}") for end in _INNER if f"{module}.{end}" in stored.declared), None
    )
    factor = lycoris if "_w1" in first.rpartition(".")[2] else stored.declared[first]
    return factor.shape[0] if factor is not None and factor.shape else None


def _fits(module: str, new: str, adapter: WeightsFile, base: WeightsFile) -> None:
    """Refuse a base whose layer has another shape than the adapter's product.

    Raises:
        SourceError: it has.
    """
    held: Declared = base.declared[f"{new}.weight"]
    a, b = (adapter.declared.get(f"{module}.lora_{letter}.weight") for letter in "AB")
    if a is None or b is None or len(a.shape) != 2 or len(b.shape) != 2 or len(held.shape) != 2 or not held.floating:
        return
    shape = (b.shape[0], a.shape[1])
    if held.shape not in (shape, shape[::-1]):
        raise SourceError(
            f"{printable(base.path.name, 80)}: {printable(new, 80)} is {list(held.shape)}, and the adapter changes one "
            f"of {list(shape)}",
            hint=whose(adapter),
        )
