"""One state of several in a file: choose it, plan it, and list what lies beside it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import prod

from netaudit.composed.store import innermost
from netaudit.errors import SourceError
from netaudit.formats.collection import paused
from netaudit.formats.weights_file import Declared, WeightsFile
from netaudit.network.layers import Head, HeadLayer, SkippedLayer
from netaudit.network.network import LayerSpec
from netaudit.sources.planners.cell_activation import with_activation
from netaudit.sources.planners.choices import Choices
from netaudit.sources.planners.file_structure import plan_structure
from netaudit.sources.planners.names_and_shapes import plan
from netaudit.sources.planners.networks import copied, copy_entry
from netaudit.sources.planners.plan import Plan
from netaudit.sources.planners.without_effect import refuse_without_effect
from netaudit.text import count, names, printable

_OPTIMISER = re.compile(r"opt(im\w*)?|.*optim(izer|iser)?(_states?)?|.*_opt|scaler|grad_scaler|.*scheduler\w*", re.I)


def choose(file: WeightsFile, state: str | None) -> WeightsFile:
    """The file with the tensors under a key, or of a prefix, as those that are audited; the rest lies beside them.

    Raises:
        SourceError: there is no such state.
    """
    if not state:
        return file
    pools = {**file.others, file.nested_under: file.declared}
    path = state.rstrip("./")
    if path == file.nested_under and path:
        return file
    for key, pool in pools.items():
        within = {name: tensor for name, tensor in pool.items() if name.startswith(f"{path}.")}
        if within and sum(bool(tensor.shape) for tensor in within.values()):
            rest = {name: tensor for name, tensor in pool.items() if name not in within}
            others = {other: held for other, held in pools.items() if other != key} | ({key: rest} if rest else {})
            return replace(file, declared=within, others=others, nested_under=path)
    tops = list(dict.fromkeys(name.partition(".")[0] for name in file.declared))
    known = [*(key for key in file.others if not _OPTIMISER.fullmatch(key)), *filter(None, [file.nested_under]), *tops]
    raise SourceError(
        f"{printable(file.path.name)}: holds nothing under '{printable(state, 80)}'",
        hint=f"it holds {names(known, 8)}",
    )


@paused()
def plan_state(file: WeightsFile, choices: Choices, model_type: str | None = None) -> Plan:
    """The plan of a file of named tensors, with what lies beside those that were chosen.

    Raises:
        SourceError: the layers of ``--order`` do not feed each other, or another choice has no effect.
    """
    if file.structure is not None:
        if choices.globs:
            raise SourceError(
                f"{choices.globs[0][0]} goes with named tensors alone: this file says itself what its layers are",
                hint="--layers and --exclude choose among them",
            )
        cells = with_activation(file.structure.cells, choices.cell_activation)
        planned = plan_structure(file.declared, replace(file.structure, cells=cells))
    else:
        under = f"2-D weight under {file.nested_under}" if file.nested_under else "2-D weight"
        planned = plan(file.declared, under, ordered=file.ordered, model_type=model_type, choices=choices)
        refuse_without_effect(choices, file.declared, planned.layers)
    listed = (*_beside(file, asked=bool(choices.state)), *file.listed)
    planned = replace(
        planned,
        layers=(*planned.layers, *listed),
        parameters_total=planned.parameters_total + sum(entry.parameters for entry in listed),
    )
    if choices.order:
        return replace(planned, head=_ordered(planned, choices.order))
    gap = "" if choices.state else _may_go_on(planned, file, {entry.name for entry in listed if entry.parameters})
    return replace(planned, head=None, head_gap=gap) if gap else planned


def _may_go_on(planned: Plan, file: WeightsFile, beside: Collection[str]) -> str:
    """Why the head may not be the top of the network: a part beside it takes as many inputs as it gives."""
    if planned.head is None:
        return ""
    head = [step.name for step in planned.head.layers]
    width = next(entry.shape[0] for entry in planned.layers if entry.name == head[-1])
    for name, tensor in ((name, tensor) for held in file.others.values() for name, tensor in held.items()):
        part = next((key for key in beside if name.startswith(f"{key}.")), None)
        inputs = tensor.shape[0 if name.endswith("kernel") else 1] if len(tensor.shape) == 2 else None
        if part is not None and tensor.floating and inputs == width:
            outputs = f"the {count(width, 'output')} of {printable(head[-1], 80)}"
            order = printable(",".join(head), 200)
            return f"'{printable(part, 80)}' beside it could take {outputs}: if it does not, --order {order}"
    return ""


def _beside(file: WeightsFile, *, asked: bool) -> Iterator[SkippedLayer]:
    """What was not taken: one entry for each key, or for each part of a state dict of which one part was chosen.

    Beside the state that netaudit took, it may be a part of the network, and counts as not audited. Where the user
    named the network (``asked``), the rest is none of it.
    """
    chosen = {file.nested_under: _stored(file)}
    for key, held in file.others.items():
        groups: dict[str, dict[str, Declared]] = {}
        for name, tensor in held.items():
            groups.setdefault(key or name.partition(".")[0], {})[name] = tensor
        for part, tensors in groups.items():
            yield _entry(part, tensors, chosen, asked=asked)


def _entry(
    key: str, held: Mapping[str, Declared], chosen: Mapping[str, Mapping[str, tuple[int, ...]]], *, asked: bool
) -> SkippedLayer:
    numbers = sum(prod(tensor.shape) for tensor in held.values() if tensor.floating and tensor.shape)
    if _OPTIMISER.fullmatch(key.rpartition(".")[2]):
        return SkippedLayer(key, (), f"optimiser state, not a parameter ({count(len(held), 'tensor')})")
    if copy := copied(key, _inner(held, key), {name or "the state dict": shapes for name, shapes in chosen.items()}):
        return copy_entry(key, copy, len(held), numbers)
    size = f"{count(len(held), 'tensor')}, {count(numbers, 'parameter')}"
    if asked and numbers:
        return SkippedLayer(key, (), f"another network than the one that was chosen ({size}): --state {key} audits it")
    what = f"not taken: {size}"
    return SkippedLayer(key, (), f"{what}: --state {key} audits it" if numbers else what, numbers)


def _stored(file: WeightsFile) -> dict[str, tuple[int, ...]]:
    """Shapes of what was chosen as it is stored, to which copies are compared: rules may have made other weights of it.

    Where a user chose it, the names begin with its key; where netaudit did, they do not, but may begin alike.
    """
    store, beside = innermost(file.store), {name for held in file.others.values() for name in held}
    names = [name for name in store.names() if name not in beside]
    shapes = {name: store.shape(name) for name in names}
    return shapes | _inner({name: file.declared[name] for name in names if name in file.declared}, file.nested_under)


def _inner(held: Mapping[str, Declared], key: str) -> dict[str, tuple[int, ...]]:
    return {name.removeprefix(f"{key}."): tensor.shape for name, tensor in held.items()}


def _ordered(planned: Plan, order: Sequence[str]) -> Head:
    """The head that a user named.

    Raises:
        SourceError: no layer has one of the names, one comes twice, or the shapes of two do not fit.
    """
    specs = {entry.name: entry for entry in planned.layers if isinstance(entry, LayerSpec)}
    for name in order:
        if name not in specs:
            raise SourceError(f"--order: no audited layer is called '{printable(name, 80)}'", hint=_known(specs))
    if len(set(order)) < len(order):
        raise SourceError("--order: a layer comes twice")
    for below, above in pairwise(order):
        if specs[below].shape[0] != specs[above].shape[1]:
            what = f"{printable(below, 80)} gives {specs[below].shape[0]}, {printable(above, 80)} takes"
            raise SourceError(f"--order: {what} {specs[above].shape[1]}", hint="name them from bottom to top")
    steps = (*(HeadLayer(name, "relu") for name in order[:-1]), HeadLayer(order[-1], "linear"))
    assumed = "; ReLU between the layers was assumed" if len(order) > 1 else ""
    return Head(steps, inferred=True, note=f"The order was given by the user{assumed}.")


def _known(specs: Mapping[str, LayerSpec]) -> str:
    return f"its layers: {names(list(specs), 8)}"
