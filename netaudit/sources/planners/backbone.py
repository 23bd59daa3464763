"""From real inputs to the head: what lies below its bottom layer, as a function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from netaudit.errors import SourceError
from netaudit.network.graph import Graph
from netaudit.network.network import LayerSpec
from netaudit.sources.planners.plan import Plan
from netaudit.text import printable

if TYPE_CHECKING:
    from torch import Tensor, nn

BATCH = 32  # inputs at a time: ImageNet networks need some 100 MB an input for their first feature maps

Backbone = Callable[["Tensor"], "Tensor"]


def flattened(spec: LayerSpec) -> Backbone:
    """The backbone of a head that takes the inputs themselves, flattened to ``[N, in]``."""

    def backbone(x: Tensor) -> Tensor:
        width = math.prod(x.shape[1:])
        if width != spec.shape[1]:
            raise SourceError(
                f"inputs of shape {tuple(x.shape[1:])} do not fit layer {printable(spec.name)}, which "
                f"takes {spec.shape[1]} numbers",
                hint="without an architecture the data must be what the bottom layer of the head takes",
            )
        return x.reshape(len(x), width).float()

    return backbone


def captured(make: Callable[[], nn.Module], weight: str, width: int) -> Backbone:
    """The backbone that runs the module of ``make`` and keeps what reaches the weight ``[out, width]`` of that name."""
    import torch

    from netaudit.sources.planners.capture import Capture
    from netaudit.sources.planners.untouched import untouched

    def backbone(x: Tensor) -> Tensor:
        module = make()
        parameter = dict(module.named_parameters(remove_duplicate=False))[weight]
        rows = []
        with untouched(module, numbers=True), torch.no_grad():
            module.eval()
            for batch in torch.split(x, BATCH):
                capture = Capture(parameter)
                with capture:
                    _run(module, batch.to(parameter.device, parameter.dtype))
                if capture.rows is None or capture.rows.shape != (len(batch), width):
                    raise SourceError(f"the inputs did not reach {printable(weight)} one row each")
                rows.append(capture.rows.float().cpu())
        return torch.cat(rows)

    return backbone


def _run(module: nn.Module, batch: Tensor) -> Any:
    try:
        return module(batch)
    except Exception as error:
        reason = printable(str(error).partition("\n")[0], 120)
        raise SourceError(f"the model does not take inputs of shape {tuple(batch.shape[1:])}: {reason}") from error


def below(plan: Plan, graph: Graph | None, make: Callable[[], nn.Module] | None = None) -> Backbone | None:
    """The backbone below the head of a plan; None when there is no head, or when what lies below it cannot be run.

    ``make`` gives the module with its weights, where there is one; without it and without a graph the inputs must be
    what the head takes.
    """
    if plan.head is None or (plan.cells and graph is None):  # a cell may lie below the head, and takes sequences
        return None
    bottom = plan.head.layers[0].name
    spec = next(entry for entry in plan.layers if isinstance(entry, LayerSpec) and entry.name == bottom)
    if graph is None or graph.flattened_input(spec.weight):
        return flattened(spec)
    return captured(make, spec.weight, spec.shape[1]) if make else None
