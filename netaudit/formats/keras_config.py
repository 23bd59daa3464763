"""What a Keras model's configuration says: the class of each layer, and the operations between the layers.

The configuration is data: no layer is built from it, so that Lambda and custom classes are names here and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from netaudit.network.graph import Graph, Op

Path = tuple[str, ...]
"""The names of a layer and of the models that it lies in, the outermost first."""

MODELS = ("Sequential", "Functional", "Model")
RECURRENT = (
    *("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "CuDNNLSTM", "CuDNNGRU"),
    *("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"),
)
DEPTH = 20  # models in each other
_ACTIVATIONS = {
    **{name: name for name in ("relu", "relu6", "elu", "selu", "gelu", "tanh", "sigmoid", "softplus", "softsign")},
    **{name: name for name in ("mish", "softmax", "log_softmax", "silu", "linear")},
    **{"swish": "silu", "hard_silu": "hardswish", "hard_swish": "hardswish", "log_sigmoid": "logsigmoid"},
}
_UNKNOWN = "clamp"  # an activation of no name that could be run
_DROPOUTS = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "GaussianNoise")
_OTHERS = {
    **dict.fromkeys((*_DROPOUTS, "AlphaDropout", "ActivityRegularization"), "dropout"),
    **{"Flatten": "flatten", "Reshape": "reshape", "Permute": "permute"},
}


@dataclass
class Configuration:
    """What was found."""

    classes: dict[Path, str] = field(default_factory=dict)
    graph: Graph = field(default_factory=Graph)
    recurrent: dict[Path, Mapping[str, Any]] = field(default_factory=dict)
    """The settings of each recurrent layer."""
    order: list[Path] = field(default_factory=list)
    """The layers in the order in which the configuration names them."""


def read(config: Any, kernels: Mapping[Path, tuple[str, tuple[int, ...], str | None]]) -> Configuration | None:
    """Read a configuration.

    Args:
        config: the parsed JSON.
        kernels: of each layer with a 2-D kernel ``[in, out]`` its name in the store, its shape and its bias.

    Returns:
        None where the configuration is none of a Sequential or functional model, or a damaged one.
    """
    found = Configuration()
    try:
        if not _is_model(config):
            return None
        _classes(config, (), found, 0)
        found.graph.output = _Builder(found, kernels).model(config, (), None, 0)
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError):
        return None  # a field of another type than Keras writes: names tell what they tell, as without a configuration
    return found


def _is_model(layer: Any) -> bool:
    return (
        isinstance(layer, dict) and layer.get("class_name") in MODELS and isinstance(layer.get("config"), (dict, list))
    )


def _layers(model: Mapping[str, Any]) -> list[dict[str, Any]]:
    config = model["config"]
    layers = config.get("layers", []) if isinstance(config, dict) else config  # a list in Keras 1
    return [layer for layer in layers if isinstance(layer, dict) and isinstance(layer.get("config"), dict)]


def _name(layer: Mapping[str, Any]) -> str:
    return str(layer["config"].get("name") or layer.get("name") or "")


def _classes(model: Mapping[str, Any], path: Path, found: Configuration, depth: int) -> None:
    for layer in _layers(model) if depth <= DEPTH else ():
        place = (*path, _name(layer))
        found.classes[place] = str(layer.get("class_name"))
        found.order.append(place)
        if layer.get("class_name") in RECURRENT:
            found.recurrent[place] = layer["config"]
        inner = layer["config"].get("layer")
        if layer.get("class_name") == "TimeDistributed" and isinstance(inner, dict):
            found.classes[place] = str(inner.get("class_name"))
            if isinstance(inner.get("config"), dict):
                found.classes[(*place, _name(inner))] = str(inner.get("class_name"))
        if _is_model(layer):
            _classes(layer, place, found, depth + 1)


class _Builder:
    """Writes the operations of a model into a graph. Of a value's shape at least the number of axes is known, or 0."""

    def __init__(self, found: Configuration, kernels: Mapping[Path, tuple[str, tuple[int, ...], str | None]]) -> None:
        self.graph = found.graph
        self.kernels = kernels

    def value(self, shape: tuple[int, ...]) -> int:
        self.graph.shapes.append(shape)
        return len(self.graph.shapes) - 1

    def op(self, name: str, inputs: tuple[int, ...], shape: tuple[int, ...], weights: tuple[str, ...] = ()) -> int:
        result = self.value(shape)
        self.graph.add(Op(name, inputs, (result,), weights))
        return result

    def model(self, model: Mapping[str, Any], path: Path, given: int | None, depth: int) -> int | None:
        """The value that a model gives, None where that is not one value or not clear."""
        layers = _layers(model)
        if not layers or depth > DEPTH:
            return None
        if model["class_name"] == "Sequential":
            value = given
            for layer in layers:
                if value is None:
                    value = self.value(_input_shape(layer))
                value = self.layer(layer, path, (value,), depth)
            return value
        values: dict[str, int] = {}
        inputs = [layer for layer in layers if layer.get("class_name") == "InputLayer"]
        for layer in layers:  # in an order in which each comes behind what it takes
            name = _name(layer)
            nodes = layer.get("inbound_nodes") or []
            before = list(_histories(nodes))
            if layer in inputs:
                alone = given is not None and len(inputs) == 1
                values[name] = given if alone and given is not None else self.value(_input_shape(layer))
            elif len(nodes) == 1 and before and all(other in values for other in before):
                values[name] = self.layer(layer, path, tuple(values[other] for other in before), depth)
            else:
                return None  # a layer that is called twice, or something else than layers
        config = model["config"]
        outputs = list(_histories([config.get("output_layers")])) if isinstance(config, dict) else []
        return values.get(outputs[0]) if len(outputs) == 1 else None

    def layer(self, layer: Mapping[str, Any], path: Path, inputs: tuple[int, ...], depth: int) -> int:
        """The value that a layer gives."""
        kind, config, place = str(layer.get("class_name")), layer["config"], (*path, _name(layer))
        before = self.graph.shapes[inputs[0]]
        if kind == "InputLayer":
            return inputs[0]
        if _is_model(layer):
            inner = self.model(layer, place, inputs[0] if len(inputs) == 1 else None, depth + 1)
            return self.op(kind.lower(), inputs, ()) if inner is None else inner
        if kind == "Dense" and place in self.kernels:
            weight, (width, units), bias = self.kernels[place]
            if len(before) == 2:
                self.graph.shapes[inputs[0]] = before = (1, width)
            weights = (weight, bias) if bias else (weight,)
            value = self.op("linear", inputs, (*before[:-1], units) if before else (), weights)
            return self.activation(config.get("activation"), value)
        if kind == "Activation":
            return self.activation(config.get("activation"), inputs[0])
        if kind in ("ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "ThresholdedReLU"):
            return self.op(_of_layer(kind, config), inputs, before)
        value = self.op(_OTHERS.get(kind, kind.lower()), inputs, _shape(kind, config, before))
        return self.activation(config.get("activation"), value) if "onv" in kind else value

    def activation(self, activation: Any, value: int) -> int:
        """What an activation, by its name, makes of a value."""
        name = activation if isinstance(activation, str) else "linear" if activation is None else ""
        known = _ACTIVATIONS.get(name.lower(), _UNKNOWN)
        return value if known == "linear" else self.op(known, (value,), self.graph.shapes[value])


def _of_layer(kind: str, config: Mapping[str, Any]) -> str:
    """The activation that a layer of its own is, under the name that runs it."""
    slope = config.get("negative_slope", config.get("alpha", 0.3 if kind == "LeakyReLU" else 0))
    if kind == "ReLU":
        plain = not config.get("threshold") and not slope
        return {None: "relu", 6.0: "relu6"}.get(config.get("max_value"), _UNKNOWN) if plain else _UNKNOWN
    if kind == "LeakyReLU":
        return "leaky_relu" if isinstance(slope, float) and math.isclose(slope, 0.01, rel_tol=1e-4) else "prelu"
    if kind == "ELU":
        return "elu" if config.get("alpha", 1.0) == 1 else _UNKNOWN
    return {"PReLU": "prelu", "Softmax": "softmax"}.get(kind, _UNKNOWN)


def _lengths(value: Any) -> tuple[int, ...]:
    """Lengths of axes, 0 for one that is not known."""
    if not isinstance(value, (list, tuple)):
        return ()
    return tuple(length if isinstance(length, int) and length > 0 else 0 for length in value)


def _input_shape(layer: Mapping[str, Any]) -> tuple[int, ...]:
    """The shape of one input, with 1 for the axis that counts them; () where it is not known."""
    config, built = layer["config"], layer.get("build_config")
    declared = config.get("batch_shape") or config.get("batch_input_shape")
    if declared is None and isinstance(built, dict):
        declared = built.get("input_shape")
    shape = _lengths(declared)
    return (1, *shape[1:]) if shape else ()


def _shape(kind: str, config: Mapping[str, Any], before: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that a layer gives, as far as it is known: () when even the number of its axes is not."""
    if kind in _OTHERS and _OTHERS[kind] == "dropout":
        return before
    if kind == "Flatten":
        return (1, math.prod(before[1:]))
    if kind == "Reshape":
        return (1, *_lengths(config.get("target_shape")))
    if kind in RECURRENT:
        inner = config.get("layer")
        config = inner.get("config", {}) if isinstance(inner, dict) else config
        return before[:1] + (0,) * (len(before) - 1) if config.get("return_sequences") else (1, 0)
    if kind.startswith("Global"):
        return (1, 0)
    if kind == "Embedding":
        return (1, *before[1:], 0) if before else ()
    keeps = ("Conv", "MaxPool", "AveragePool", "BatchNorm", "LayerNorm", "Concatenate", "Add", "ZeroPadding")
    return (1, *(0 for _ in before[1:])) if before and kind.startswith(keeps) else ()


def _histories(node: Any, depth: int = 0) -> Iterator[str]:
    """The names of the layers whose results something takes: ``["dense", 0, 0, ...]`` in any list or argument."""
    if depth > DEPTH:
        return
    if isinstance(node, dict):
        for inner in node.values():
            yield from _histories(inner, depth + 1)
    elif isinstance(node, list):
        if len(node) >= 3 and isinstance(node[0], str) and node[1:3] == [0, 0]:
            yield node[0]
        else:
            for inner in node:
                yield from _histories(inner, depth + 1)
