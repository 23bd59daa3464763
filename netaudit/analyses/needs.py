"""What an analysis needs and does not find: the one place that says "not applicable, because"."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from netaudit.analyses.context import LayerContext, NetworkContext
from netaudit.network.layers import Head
from netaudit.text import printable
from netaudit.vocabulary import Need


def missing_of_layer(needs: Sequence[Need], context: LayerContext) -> str | None:
    """Why an analysis of one layer does not apply, as a clause; None when everything is there."""
    return next((why for need in needs if (why := _OF_LAYER[need](context))), None)


def missing_of_network(needs: Sequence[Need], context: NetworkContext) -> str | None:
    """Why an analysis of the network does not apply, as a clause; None when everything is there."""
    return next((why for need in needs if (why := _OF_NETWORK[need](context))), None)


def not_relu(head: Head) -> str | None:
    """Why hidden layers of a head are not read where one has another activation than ReLU, as a sentence; else None."""
    other = next((layer for layer in head.layers[:-1] if layer.activation != "relu"), None)
    if other is None:
        return None
    named = f"the layer {printable(other.name, 80)} of the head is {printable(other.activation, 80)}"
    return f"The activation after {named}, and this analysis reads ReLU alone."


def _no_bias(context: LayerContext) -> str | None:
    return "the layer has no bias" if context.layer.bias is None else None


def _no_activations(context: LayerContext) -> str | None:
    return "there are no real activations of this layer (--data)" if context.activations is None else None


def _no_input_norm(context: LayerContext) -> str | None:
    return "there are no real inputs of this layer (--data)" if context.input_norm is None else None


def _no_module(context: NetworkContext) -> str | None:
    return "the network's architecture is not known" if context.network.make_module is None else None


def _no_cells(context: NetworkContext) -> str | None:
    return None if context.network.cells else "the network has no recurrent cells"


def _no_sample(context: NetworkContext) -> str | None:
    return "there are no real inputs (--data)" if context.sample is None else None


def _no_data(context: NetworkContext) -> str | None:
    if context.inputs.logits is not None:
        return None
    return context.inputs.note or "there are no real inputs (--data)"


_OF_LAYER: Mapping[Need, Callable[[LayerContext], str | None]] = {
    "weights": lambda context: context.unusable,
    "spectrum": lambda context: context.unusable,
    "bias": _no_bias,
    "activations": _no_activations,
    "data": _no_input_norm,
}
_OF_NETWORK: Mapping[Need, Callable[[NetworkContext], str | None]] = {
    "head": lambda context: context.network.head_gap(),
    "module": _no_module,
    "cells": _no_cells,
    "sample": _no_sample,
    "data": _no_data,
}
