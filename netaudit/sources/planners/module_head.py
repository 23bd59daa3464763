"""The head of a module: from a recorded pass where there is one, else from names and shapes as of a file."""

from __future__ import annotations

from collections.abc import Sequence

from netaudit.network.graph import Graph, Op
from netaudit.network.layers import Head, HeadLayer, SkippedLayer
from netaudit.network.network import LayerSpec
from netaudit.sources.planners.head import FoundHead, find_head
from netaudit.sources.planners.transformer_head import transformer_head
from netaudit.sources.planners.uses import Uses

BRANCHES = (
    "The network looks at the numbers that it computes, so another input may take another way through it: "
    "the head is that of the one pass that was recorded"
)

INPUTS_FIRST = "stored as [in, out]"
"""In the origin of a weight that its rule, or the reader, turns round."""


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

    def fits(op: Op) -> bool:
        spec = known[op.weights[0]]
        biases = uses.weights(spec.bias) if spec.bias else ()
        as_stored = spec.transposed or INPUTS_FIRST in spec.origin
        return op.turned == as_stored and bool(op.weights[1:]) == bool(biases) and set(op.weights[1:]) <= set(biases)

    top = graph.top({weight: spec.shape[1] for weight, spec in known.items()}, fits)
    return tuple(HeadLayer(known[weight].name, activation) for weight, activation in top)
