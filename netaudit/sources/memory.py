"""Networks that are in memory already: the caller's own module or state dict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from netaudit.errors import SourceError
from netaudit.network.network import ModelInfo, Network
from netaudit.sources.find_state_dict import state_dict
from netaudit.sources.planners import backbone, meta_tracing, module
from netaudit.sources.planners.choices import UNSAID, Choices
from netaudit.sources.state import plan_state
from netaudit.sources.stores import MemoryStore, declare, module_store
from netaudit.sources.weights_file import WeightsFile


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
    planned = module.plan(target, graph)
    kind = type(target).__name__
    return Network(
        info=ModelInfo(kind, "module", architecture=kind),
        layers=planned.layers,
        store=module_store(target),
        parameters_total=planned.parameters_total,
        cells=planned.cells,
        graph=graph,
        head=planned.head,
        backbone=backbone.below(planned, graph, lambda: target),
        make_module=lambda: target,
    )


def _open_state_dict(target: Mapping[str, Any], choices: Choices) -> Network:
    state = state_dict(target)
    file = WeightsFile(
        Path("state_dict"),
        MemoryStore(state.everything),
        declare(state.tensors),
        state.nested_under,
        ordered=True,
        others={key: declare(held) for key, held in state.others.items()},
    )
    planned = plan_state(file, choices)
    return Network(
        info=ModelInfo("state_dict", "module"),
        layers=planned.layers,
        store=file.store,
        parameters_total=planned.parameters_total,
        cells=planned.cells,
        head=planned.head,
        missing_head=planned.head_gap,
        backbone=backbone.below(planned, None),
    )
