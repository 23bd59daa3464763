"""The head of a module: from a recorded pass where there is one, else from names and shapes as of a file."""

from __future__ import annotations

from collections.abc import Sequence

from netaudit.network.graph import Graph
from netaudit.network.layers import Head, HeadLayer, SkippedLayer
from netaudit.network.network import LayerSpec
from netaudit.sources.planners.head import FoundHead, find_head
from netaudit.sources.planners.transformer_head import transformer_head
from netaudit.sources.planners.uses import Uses

BRANCHES = (
    "The network looks at the numbers that it computes, so another input may take another way through it: "
    "the head is that of the one pass that was recorded"
)


def module_head(
    entries: Sequence[LayerSpec | SkippedLayer], graph: Graph | None, uses: Uses, model_type: str | None
) -> FoundHead:
    """The head, or why there is none.

    ``model_type`` is the kind of a model of the transformers library. Its output layer takes a row a token, so that a
    pass shows no head of one row an input; names tell it then, as they do of its file.
    """
    if graph is not None:
        steps = _steps(entries, graph, uses)
        if steps:
            note = f"{BRANCHES}." if graph.branches else ""
            return FoundHead(Head(steps, inferred=graph.branches, note=note))
    layers = [entry for entry in entries if isinstance(entry, LayerSpec)]
    if model_type is not None:
        return transformer_head(layers, model_type)
    return FoundHead(None) if graph is not None else find_head(entries, ordered=True)


def _steps(entries: Sequence[LayerSpec | SkippedLayer], graph: Graph, uses: Uses) -> tuple[HeadLayer, ...]:
    specs = [entry for entry in entries if isinstance(entry, LayerSpec) and not entry.rows]
    known = {weight: spec for spec in specs for weight in uses.weights(spec.weight)}
    biases = {weight: uses.weights(spec.bias) if spec.bias else () for weight, spec in known.items()}
    top = graph.top({weight: spec.shape[1] for weight, spec in known.items()}, biases)
    return tuple(HeadLayer(known[weight].name, activation) for weight, activation in top)
