"""The operations of ONNX under PyTorch's names, the shapes that they give, and what their constants are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from netaudit.formats.onnx_constants import Constant
from netaudit.text import printable

Shape = tuple[int | None, ...] | None
"""The lengths of a value as far as they are known; None when even the rank is not."""

_NAMES = {
    **{"Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Selu": "selu", "Softsign": "softsign", "Mish": "mish"},
    **{"HardSwish": "hardswish", "Softplus": "softplus", "Gelu": "gelu", "PRelu": "prelu", "Swish": "silu"},
    **{"Softmax": "softmax", "LogSoftmax": "log_softmax", "Identity": "clone", "Cast": "to", "Dropout": "dropout"},
    **{"QuantizeLinear": "clone", "DequantizeLinear": "clone", "Transpose": "permute", "GlobalMaxPool": "max_pool"},
    **{"ReduceMean": "mean", "ReduceMax": "amax", "MaxPool": "max_pool", "AveragePool": "avg_pool"},
    **{"GlobalAveragePool": "avg_pool", "ThresholdedRelu": "clamp"},
}
# Activations with parameters: PyTorch's name when these are PyTorch's own defaults. With others the function is known
# by no name that could be run: "clamp" and "prelu" say so.
_DEFAULTS: dict[str, tuple[str, dict[str, tuple[float, float]], str]] = {
    "LeakyRelu": ("leaky_relu", {"alpha": (0.01, 0.01)}, "prelu"),
    "Elu": ("elu", {"alpha": (1.0, 1.0)}, "clamp"),
    "Celu": ("celu", {"alpha": (1.0, 1.0)}, "clamp"),
    "HardSigmoid": ("hardsigmoid", {"alpha": (0.2, 1 / 6), "beta": (0.5, 0.5)}, "clamp"),
}
_KEEP_SHAPE = frozenset(
    (
        *("relu", "tanh", "sigmoid", "selu", "softsign", "mish", "hardswish", "softplus", "gelu", "prelu", "silu"),
        *("softmax", "log_softmax", "clone", "to", "dropout", "leaky_relu", "elu", "celu", "hardsigmoid", "relu6"),
        "clamp",
    )
)
_KEEP_RANK = frozenset(("MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool", "BatchNormalization", "Pad"))
_REASONS = {
    **dict.fromkeys(("Conv", "ConvTranspose", "ConvInteger", "QLinearConv"), "convolution"),
    **dict.fromkeys(("RNN", "GRU", "LSTM"), "recurrent"),
    **dict.fromkeys(("BatchNormalization", "LayerNormalization", "InstanceNormalization"), "normalisation"),
    **dict.fromkeys(("GroupNormalization", "RMSNormalization", "SimplifiedLayerNormalization"), "normalisation"),
    **{"Gather": "embedding", "PRelu": "the slopes of PReLU"},
}


def attributes(node: Any) -> dict[str, Any]:
    """Numbers, lists of numbers, texts and tensors; graphs are left out."""
    kinds = {1: "f", 2: "i", 3: "s", 4: "t", 6: "floats", 7: "ints", 8: "strings"}
    return {item.name: getattr(item, kinds[item.type]) for item in node.attribute if item.type in kinds}


def operation(node: Any, constants: Sequence[Constant | None]) -> str:
    """The name of an operation as a traced module has it."""
    name, settings = str(node.op_type), attributes(node)
    if node.domain not in ("", "ai.onnx"):
        return f"{node.domain}.{name}"
    if name in _DEFAULTS:
        plain, defaults, other = _DEFAULTS[name]
        usual = all(math.isclose(settings.get(key, own), want, rel_tol=1e-4) for key, (own, want) in defaults.items())
        return plain if usual else other
    if name == "Clip":
        bounds = [constant and constant.small() for constant in constants[1:3]]
        old = [settings.get("min"), settings.get("max")]
        return "relu6" if bounds == [[0.0], [6.0]] or old == [0.0, 6.0] else "clamp"
    if name == "Conv":
        weight = constants[1] if len(constants) > 1 else None
        return f"conv{len(weight.shape) - 2}d" if weight else "convolution"
    return _NAMES.get(name, name.lower())


def result_shape(node: Any, name: str, shape: Shape, constants: Sequence[Constant | None]) -> Shape:
    """The shape of a result, from the shape of the first input that is no constant."""
    settings = attributes(node)
    if name in _KEEP_SHAPE:
        return shape
    if node.op_type == "Flatten":
        known = None if shape is None or None in shape[1:] else math.prod(length or 0 for length in shape[1:])
        return (1, known) if settings.get("axis", 1) == 1 else None
    if node.op_type == "Conv" and len(constants) > 1 and constants[1]:
        return (1, constants[1].shape[0], *[None] * (len(constants[1].shape) - 2))
    if node.op_type == "Reshape" and len(constants) > 1 and constants[1]:
        target = constants[1].small()
        return None if not target else (1, *[int(length) if length > 0 else None for length in target[1:]])
    if shape is None:
        return None
    if node.op_type in _KEEP_RANK:
        return (shape[0], *[None] * (len(shape) - 1))
    if node.op_type == "Transpose":
        order = list(settings.get("perm") or reversed(range(len(shape))))
        return tuple(shape[i] for i in order) if sorted(order) == list(range(len(shape))) else None
    if node.op_type.startswith("Reduce") or node.op_type == "Squeeze":
        given = constants[1].small() if len(constants) > 1 and constants[1] else settings.get("axes")
        if not given:
            return None
        axes = {int(axis) % len(shape) for axis in given}
        if node.op_type != "Squeeze" and settings.get("keepdims", 1):
            return tuple(1 if i in axes else length for i, length in enumerate(shape))
        return tuple(length for i, length in enumerate(shape) if i not in axes)
    return None


def fold(node: Any, first: Constant, constants: Sequence[Constant | None]) -> Constant | None:
    """What an operation makes of a constant; None when that is not worked out."""
    settings = attributes(node)
    if node.op_type == "Identity":
        return first
    if node.op_type == "Transpose" and len(first.shape) == 2:
        order = list(settings.get("perm") or (1, 0))
        return first.turned() if order == [1, 0] else first if order == [0, 1] else None
    if node.op_type in ("Squeeze", "Unsqueeze", "Reshape") and len(first.shape) <= 2:
        vector = max(first.shape, default=1) == math.prod(first.shape)
        return first.reshaped((math.prod(first.shape),)) if vector else None
    if node.op_type == "DequantizeLinear" and len(constants) > 1 and constants[1]:
        if settings.get("block_size") or (len(node.input) > 2 and node.input[2] and constants[2] is None):
            return None
        return first.dequantised(constants[1], constants[2] if len(constants) > 2 else None, settings.get("axis", 1))
    return None


def reason(node: Any, place: int, constant: Constant) -> str:
    """Why a constant that an operation takes is no fully connected layer."""
    if constant.refusal:
        return constant.refusal
    kind = printable(node.op_type, 60)
    quantised = any(word in kind for word in ("Integer", "QLinear", "QGemm", "NBits", "DynamicQuantize"))
    if quantised and len(constant.shape) > 1:
        return f"quantised: the codes of {kind}, which are not read"
    if kind in ("MatMul", "Gemm"):
        return "more than two dimensions" if len(constant.shape) > 2 else f"a constant of {kind}"
    return _REASONS.get(kind, f"a constant of {kind}")


def attribute_graphs(node: Any) -> list[Any]:
    """The graphs that a node holds: the branches of If, the body of Loop and Scan."""
    return [graph for item in node.attribute for graph in ([item.g] if item.type == 5 else list(item.graphs))]


def is_buffer(node: Any, place: int) -> bool:
    """Whether an operation takes a scale, a zero point, or a running mean or variance in this place."""
    if node.op_type == "BatchNormalization":
        return place >= 3
    codes = {"QLinearMatMul": (0, 3), "QLinearConv": (0, 3, 8), "QGemm": (0, 3, 6), "DequantizeLinear": (0,)}
    if node.op_type in ("MatMulInteger", "ConvInteger", "QuantizeLinear"):
        return place >= (1 if node.op_type == "QuantizeLinear" else 2)
    return node.op_type in codes and place not in codes[node.op_type]


def declared_shape(value: Any) -> Shape:
    """A shape as the file declares it; the first of several axes counts inputs, of which one is taken."""
    if not value.type.HasField("tensor_type") or not value.type.tensor_type.HasField("shape"):
        return None
    lengths = [axis.dim_value if axis.HasField("dim_value") else None for axis in value.type.tensor_type.shape.dim]
    return tuple([1, *lengths[1:]] if len(lengths) > 1 else lengths)
