"""Networks that are in memory already: the caller's own module or state dict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from netaudit.errors import SourceError
from netaudit.formats.find_state_dict import DEPTH, state_dict
from netaudit.formats.weights_file import WeightsFile
from netaudit.network.graph import Graph
from netaudit.network.network import LayerSpec, ModelInfo, Network
from netaudit.sources.composed.live import LiveWeights, live_weights
from netaudit.sources.composed.table import compose
from netaudit.sources.planners import backbone, meta_tracing, module
from netaudit.sources.planners.backbone import Backbone
from netaudit.sources.planners.choices import UNSAID, Choices
from netaudit.sources.planners.plan import Plan
from netaudit.sources.state import choose, plan_state
from netaudit.sources.stores import MemoryStore, declare, module_store


def open_memory(target: nn.Module | Mapping[str, Any], choices: Choices = UNSAID) -> Network:
    """Open a module, which is neither copied nor changed, or a state dict, plain or nested as in a checkpoint.

    Raises:
        SourceError: the target is neither, or a module whose layers cannot be told (TorchScript, lazy parameters).
    """
    if isinstance(target, torch.jit.ScriptModule):
        raise SourceError("a TorchScript module cannot be audited", hint="pass its state_dict()")
    if isinstance(target, nn.Module):
        if choices.given:
            raise SourceError(f"{choices.given} goes with a file or a state dict: of a module the structure is known")
        return _open_module(target)
    if isinstance(target, Mapping):
        return _open_state_dict(target, choices)
    raise SourceError(f"cannot audit a {type(target).__name__}", hint="pass a name, a path, a module or a state dict")


def _open_module(target: nn.Module) -> Network:
    while isinstance(inner := getattr(target, "_orig_mod", getattr(target, "module", None)), nn.Module):
        if type(target).__name__ not in ("OptimizedModule", "DataParallel", "DistributedDataParallel"):
            break
        target = inner  # torch.compile and data parallelism wrap the module and prefix its names
    if any(isinstance(parameter, nn.parameter.UninitializedParameter) for parameter in target.parameters()):
        raise SourceError(
            "the module has lazy parameters, whose shapes are not known", hint="run it on one input first"
        )
    graph = meta_tracing.trace(target, meta_tracing.guess_inputs(target))
    live = live_weights(target, module_store(target))
    planned = module.plan(target, graph, live)
    kind = type(target).__name__
    return Network(
        info=ModelInfo(kind, "module", architecture=kind),
        layers=planned.layers,
        store=live.store,
        parameters_total=planned.parameters_total,
        cells=planned.cells,
        graph=graph,
        head=planned.head,
        backbone=_backbone(planned, graph, target, live),
        make_module=lambda: target,
    )


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
    state = state_dict(_with_tensors(target))
    file = WeightsFile(
        Path("state_dict"),
        MemoryStore(state.everything),
        declare(state.tensors),
        state.nested_under,
        ordered=True,
        others={key: declare(held) for key, held in state.others.items()},
    )
    file = choose(file, choices.state)
    store, declared = compose(file.store, file.declared)
    planned = plan_state(replace(file, declared=declared), choices)
    return Network(
        info=ModelInfo("state_dict", "module"),
        layers=planned.layers,
        store=store,
        parameters_total=planned.parameters_total,
        cells=planned.cells,
        head=planned.head,
        missing_head=planned.head_gap,
        backbone=backbone.below(planned, None),
    )
