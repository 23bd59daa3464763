"""Networks that are in memory already: the caller's own module or state dict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from netaudit.composed.model_config import transformer_type
from netaudit.composed.table import compose
from netaudit.errors import SourceError
from netaudit.formats.find_state_dict import DEPTH, state_dict
from netaudit.formats.plain_names import plain_names, renamed
from netaudit.formats.weights_file import WeightsFile
from netaudit.network.graph import Graph
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import LayerSpec, ModelInfo, Network
from netaudit.sources.cut_store import cut_store
from netaudit.sources.live import LiveWeights, config_of, dequantised_state, live_weights
from netaudit.sources.planners import backbone, meta_tracing, module
from netaudit.sources.planners.backbone import Backbone
from netaudit.sources.planners.choices import UNSAID, Choices
from netaudit.sources.planners.example_inputs import Call, example_calls, guess_inputs
from netaudit.sources.planners.plan import Plan
from netaudit.sources.planners.uses import kind_of
from netaudit.sources.state import choose, plan_state
from netaudit.sources.stores import MemoryStore, declare, module_store
from netaudit.sources.weights import plainly_named


def open_memory(target: Any, choices: Choices = UNSAID, example: Any = None) -> Network:
    """Open a module, which is neither copied nor changed, or a state dict, plain or nested as in a checkpoint.

    A program of torch.export is opened as its module, on the example that it was exported with; a TorchScript module as
    its state dict.

    Args:
        target: the module, program or state dict.
        choices: what the user says of it.
        example: an input that a module takes: a tensor, a tuple of positional arguments, a dict of named ones.

    Raises:
        SourceError: the target is neither, or a module whose layers cannot be told (lazy parameters).
    """
    if isinstance(target, nn.Module) and not isinstance(target, torch.jit.ScriptModule):
        return _open_module(target, choices, () if example is None else example_calls(example))
    if example is not None and not _is_program(target):
        raise SourceError("example= goes with a module: of anything else no forward pass is recorded")
    if isinstance(target, torch.jit.ScriptModule):
        return _open_script(target, choices)
    if _is_program(target):
        return _open_program(target, choices, example)
    if isinstance(target, Mapping):
        return _open_state_dict(target, choices)
    hint = "pass a name, a path, a module or a state dict"
    if isinstance(target, type) and issubclass(target, nn.Module):
        hint = f"{target.__name__} is a class: build the module, and load its weights"
    raise SourceError(f"cannot audit a {type(target).__name__}", hint=hint)


def _is_program(target: Any) -> bool:
    """Whether it is a program of torch.export, which is not imported for it."""
    return type(target).__module__.startswith("torch.export") and callable(getattr(target, "module", None))


def _open_program(target: Any, choices: Choices, example: Any) -> Network:
    try:
        built = target.module()
    except Exception as error:
        raise SourceError(
            f"this program of torch.export gives no module: {meta_tracing.one_line(error)}",
            hint="pass its state_dict",
        ) from error
    shown = getattr(target, "example_inputs", None)
    if example is not None:
        calls = example_calls(example)
    elif shown is not None:
        call = Call(tuple(shown[0]), dict(shown[1]))
        first = next((tensor for tensor in call.tensors() if tensor.ndim > 1), None)
        calls = [replace(call, rows=1 if first is None else max(1, len(first)))]
    else:
        calls = []
    return _open_module(built, choices, calls)


def _open_script(target: torch.jit.ScriptModule, choices: Choices) -> Network:
    """TorchScript: its code is not looked at, as in a file, so that its tensors are all there is."""
    network = _open_state_dict(target.state_dict(), choices)
    kind = kind_of(target)
    note = "TorchScript: its tensors were read without its code, so layers, order and activations are told by names."
    return replace(network, info=ModelInfo(kind, "module", architecture=kind), notes=(*network.notes, note))


_WRAPPERS = ("OptimizedModule", "DataParallel", "DistributedDataParallel", "AveragedModel")


def _open_module(target: nn.Module, choices: Choices, calls: Sequence[Call]) -> Network:
    while type(target).__name__ in _WRAPPERS:  # torch.compile and data parallelism prefix the names
        inner = getattr(target, "_orig_mod", getattr(target, "module", None))
        if not isinstance(inner, nn.Module):
            break
        target = inner
    if isinstance(target, torch.jit.ScriptModule):
        return _open_script(target, choices)
    given = {"--state": choices.state, "--order": choices.order, "--cell-activation": choices.cell_activation}
    if option := next((option for option, value in given.items() if value), None):
        raise SourceError(f"{option} goes with a file or a state dict: of a module the structure is known")
    if any(isinstance(parameter, nn.parameter.UninitializedParameter) for parameter in target.parameters()):
        raise SourceError(
            "the module has lazy parameters, whose shapes are not known", hint="run it on one input first"
        )
    traced = meta_tracing.trace(target, calls or guess_inputs(target))
    graph = traced.graph
    live = live_weights(target, module_store(target), graph.stacked() if graph else None)
    model_type = transformer_type(config_of(target))
    planned = _plainly_named(module.plan(target, graph, live, choices=choices, model_type=model_type))
    kind = type(target).__name__
    return Network(
        info=ModelInfo(kind, "module", architecture=kind),
        layers=planned.layers,
        store=cut_store(live.store, planned.parts),
        parameters_total=planned.parameters_total,
        cells=planned.cells,
        graph=graph,
        head=planned.head,
        missing_head=planned.head_gap or ("" if graph or planned.head else _NO_PASS),
        backbone=_backbone(planned, graph, target, live),
        make_module=lambda: target,
        notes=() if graph else (_untraced(traced.failure, given=bool(calls)),),
    )


_NO_PASS = "no forward pass could be recorded, and names and shapes tell no head"


def _untraced(failure: str, *, given: bool) -> str:
    """What a reader must know of a module of which no pass was recorded, and what to do about it."""
    another = "another example" if given else "an example"
    return (
        f"No forward pass of the module was recorded: {failure.rstrip('.')}. So no graph tells the layers that are "
        f"written as functions, the activations or the head; the head, where there is one, was inferred. "
        f"netaudit.audit(module, example=...) takes {another} of its input: a tensor, a tuple of positional "
        "arguments, or a dict of keyword arguments."
    )


def _plainly_named(planned: Plan) -> Plan:
    """The plan with its layers named as those of the saved weights are: without what wrappers add to names."""
    names = [entry.name for entry in planned.layers]
    plain = {
        old.removesuffix(".weight"): new.removesuffix(".weight")
        for old, new in plain_names(f"{name}.weight" for name in names).items()
    }
    if all(old == new for old, new in plain.items()) or len(set(plain.values())) < len(set(names)):
        return planned
    layers = tuple(_renamed(entry, plain[entry.name]) for entry in planned.layers)
    head = planned.head
    if head is not None:
        head = replace(head, layers=tuple(replace(step, name=plain[step.name]) for step in head.layers))
    return replace(planned, layers=layers, head=head)


def _renamed(entry: LayerSpec | SkippedLayer, name: str) -> LayerSpec | SkippedLayer:
    if isinstance(entry, LayerSpec):
        return replace(entry, name=name)
    return SkippedLayer(name, entry.shape, entry.reason, entry.parameters)


def _backbone(planned: Plan, graph: Graph | None, target: nn.Module, live: LiveWeights) -> Backbone | None:
    """The backbone below the head; None where the bottom weight is computed, so that no call can be told by it."""
    below = backbone.below(planned, graph, lambda: target)
    head = planned.head.layers[0].name if planned.head else None
    specs = (spec for spec in planned.layers if isinstance(spec, LayerSpec) and spec.name == head)
    bottom = next((spec for spec in specs if spec.weight in live.made()), None)
    if bottom is None:
        return below
    names = module.graph_names(target, live, bottom.weight)
    first = graph is None or any(graph.flattened_input(name) for name in names)
    return backbone.flattened(bottom) if first else None


def _with_tensors(target: Mapping[Any, Any], depth: int = 0) -> Mapping[Any, Any]:
    """The mapping with NumPy's arrays of numbers as tensors, which share their memory."""
    if not any(isinstance(value, (Mapping, np.ndarray)) for value in target.values()) or depth > DEPTH:
        return target

    def tensor(value: Any) -> Any:
        if isinstance(value, Mapping):
            return _with_tensors(value, depth + 1)
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiubc":
            return value
        usable = value.flags.writeable and min(value.strides, default=0) >= 0 and value.dtype.isnative
        return torch.from_numpy(value if usable else np.array(value, value.dtype.newbyteorder("=")))

    return {key: tensor(value) for key, value in target.items()}


def _open_state_dict(target: Mapping[str, Any], choices: Choices) -> Network:
    try:
        state = state_dict(_with_tensors(target))
    except SourceError as error:
        hint = error.hints or "a state dict has names as keys and tensors as values"
        raise SourceError(f"the state dict {error}", hint=hint) from error
    file = WeightsFile(
        Path("state_dict"),
        MemoryStore(state.everything),
        declare(state.tensors),
        state.nested_under,
        ordered=True,
        others={key: declare(held) for key, held in state.others.items()},
    )
    tensors = renamed(state.tensors, plain_names(state.tensors))
    file = choose(plainly_named(file), choices.state)
    chosen = {name: tensors[name] for name in file.declared if name in tensors}
    store, declared = compose(*dequantised_state(file.store, file.declared, chosen))
    planned = plan_state(replace(file, declared=declared), choices)
    return Network(
        info=ModelInfo("state_dict", "module"),
        layers=planned.layers,
        store=cut_store(store, planned.parts),
        parameters_total=planned.parameters_total,
        cells=planned.cells,
        head=planned.head,
        missing_head=planned.head_gap,
        backbone=backbone.below(planned, None),
    )
