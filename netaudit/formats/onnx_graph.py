"""Walk the nodes of an ONNX graph: which constants are weights of fully connected layers, and what lies between them.

Gemm computes ``alpha A' B' + beta C``, MatMul ``A B``, and an Add of a vector behind MatMul is its bias. A weight B is
stored as ``[in, out]``, or as ``[out, in]`` with transB. Nothing of the graph is run.
"""

from __future__ import annotations

import math
from collections import ChainMap, Counter
from collections.abc import MutableMapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats import onnx_recurrent
from netaudit.formats.onnx_constants import Constant, filled, stored
from netaudit.formats.onnx_operations import (
    Shape,
    attribute_graphs,
    attributes,
    declared_shape,
    fold,
    is_buffer,
    operation,
    reason,
    result_shape,
)
from netaudit.formats.plain_names import dotted
from netaudit.network.cells import CellSpec
from netaudit.network.graph import Graph, Op
from netaudit.network.network import LayerSpec

DEPTH = 20  # graphs in each other
MOST_NODES = 1_000_000
_FLOATING = ("float16", "float32", "float64", "bfloat16")


@dataclass
class Scope:
    """The values of one graph, and those of the graphs around it."""

    constants: MutableMapping[str, Constant] = field(default_factory=dict)
    numbers: MutableMapping[str, int] = field(default_factory=dict)
    consumers: dict[str, list[Any]] = field(default_factory=dict)
    fused: set[int] = field(default_factory=set)
    """Places of the nodes that belong to a layer before them."""


class Walk:
    """What a walk over a model's graph finds.

    Raises:
        SourceError: a damaged graph, whose nodes lack what their operations need.
        UnsafeFileError: a tensor that declares what it does not hold, or an endless graph.
    """

    def __init__(self, graph: Any, folder: Path, shown: str) -> None:
        self.folder = folder
        self.shown = shown
        self.graph = Graph()
        self.layers: list[LayerSpec] = []
        self.cells: list[CellSpec] = []
        self.kept: dict[str, Constant] = {}
        """What goes into the store, by its key, in the order of use."""
        self.reasons: dict[str, str] = {}
        self.buffers: set[str] = set()
        self._stored: dict[str, Constant] = {}
        self._uses: dict[str, tuple[str, bool, tuple[str, ...]]] = {}
        self._shapes: list[Shape] = []
        self._nodes = 0
        self._often: Counter[str] = Counter()
        self._layers_in: Counter[str] = Counter()
        scope = Scope()
        try:
            self._walk(graph, scope, 0)
            self._finish()
            outputs = [scope.numbers.get(value.name) for value in graph.output]
        except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
            # a node without the inputs of its operation, an attribute of another type, a name that is no text
            raise SourceError(f"{shown}: not an ONNX model, or a damaged one") from error
        self.graph.output = outputs[0] if len(outputs) == 1 else None

    def _walk(self, graph: Any, scope: Scope, depth: int) -> None:
        self._nodes += len(graph.node) + len(graph.initializer)
        if self._nodes > MOST_NODES or depth > DEPTH:
            raise UnsafeFileError(f"{self.shown}: more than {MOST_NODES:,} nodes, or {DEPTH} graphs in each other")
        for tensor in graph.initializer:
            self._keep(tensor.name, stored(tensor, self.folder, self.shown), scope)
        known = {value.name: declared_shape(value) for value in (*graph.value_info, *graph.input)}
        for value in graph.input:
            if value.name not in scope.constants:
                scope.numbers[value.name] = self._value(known[value.name])
        for node in graph.node:
            for name in node.input:
                scope.consumers.setdefault(name, []).append(node)
        for value in graph.output:
            scope.consumers.setdefault(value.name, []).append(value)
        for node in graph.node:
            if id(node) not in scope.fused:
                self._node(node, scope, known, depth)

    def _keep(self, name: str, constant: Constant, scope: Scope) -> None:
        """A stored tensor, under a name of its own."""
        unique = plain = dotted(name)
        while unique in self._stored:
            self._often[plain] += 1
            unique = f"{plain}'{self._often[plain]}" if self._often[plain] > 1 else f"{plain}'"
        constant = replace(constant, name=unique)
        self._stored[unique] = scope.constants[name] = constant

    def _value(self, shape: Shape) -> int:
        self._shapes.append(shape)
        return len(self._shapes) - 1

    def _node(self, node: Any, scope: Scope, known: dict[str, Shape], depth: int) -> None:
        constants = [scope.constants.get(name) if name else None for name in node.input]
        if self._constant(node, constants, scope) or self._layer(node, constants, scope):
            return
        if node.op_type in onnx_recurrent.OPERATIONS and node.domain in ("", "ai.onnx"):
            self._cells(node, constants)
        name = operation(node, constants)
        for place, constant in enumerate(constants):
            if constant is not None:
                self._other(constant, reason(node, place, constant), buffer=is_buffer(node, place))
        inputs = tuple(scope.numbers[value] for value in node.input if value in scope.numbers)
        shape = result_shape(node, name, self._shapes[inputs[0]], constants) if inputs else None
        outputs = [value for value in node.output if value in scope.consumers]  # not the mask of Dropout
        for value in outputs:
            scope.numbers[value] = self._value(known.get(value) or shape)
        self.graph.add(Op(name, inputs, tuple(scope.numbers[value] for value in outputs)))
        for inner in attribute_graphs(node):
            self._walk(inner, Scope(ChainMap({}, scope.constants), ChainMap({}, scope.numbers)), depth + 1)

    def _cells(self, node: Any, constants: list[Constant | None]) -> None:
        """The cells of a recurrent node, named as PyTorch does: the layers of one module are counted."""
        usable = [one if one and one.dtype in _FLOATING and not one.refusal else None for one in constants]
        whole = [one if one and self._stored.get(one.name) is one else None for one in usable]
        scope = dotted(str(node.name)).rpartition(".")[0]
        name = f"{scope}.l{self._layers_in[scope]}" if scope else dotted(str(node.name)) or f"l{self._layers_in['']}"
        found = list(onnx_recurrent.cells(node, whole, name))
        self._layers_in[scope] += bool(found)
        self.cells.extend(found)
        for key in (key for cell in found for key in cell.keys if key not in self.kept):
            self.kept[key], self.reasons[key] = self._stored[key], "recurrent"  # however small it is

    def _constant(self, node: Any, constants: list[Constant | None], scope: Scope) -> bool:
        """Whether the node's result is a constant, which is then known under its name."""
        settings = attributes(node)
        if node.op_type == "Constant":
            if "value" in settings:
                self._keep(node.output[0], stored(settings["value"], self.folder, self.shown), scope)
            return "value" in settings
        first = constants[0] if constants else None
        if first is None or node.domain not in ("", "ai.onnx"):
            return False
        if node.op_type == "ConstantOfShape" and "value" in settings and (shape := first.small()) is not None:
            value = stored(settings["value"], self.folder, self.shown)
            self._other(first, "", buffer=True)
            self._keep(node.output[0], filled(node.output[0], tuple(map(int, shape)), value), scope)
            return True
        made = fold(node, first, constants)
        if made is not None:
            for other in constants[1:]:
                if other is not None:
                    self._other(other, "", buffer=True)
            scope.constants[node.output[0]] = made
        return made is not None

    def _layer(self, node: Any, constants: list[Constant | None], scope: Scope) -> bool:
        """Whether the node multiplies by a constant matrix, which is then a layer."""
        if node.op_type not in ("Gemm", "MatMul") or node.domain not in ("", "ai.onnx"):
            return False
        left, right = constants[:2]
        matrix = right if left is None else left if right is None else None
        if matrix is None or len(matrix.shape) != 2 or matrix.dtype not in _FLOATING or matrix.refusal:
            return False
        if not math.prod(matrix.shape):
            return False
        settings = attributes(node) if node.op_type == "Gemm" else {}
        turned = settings.get("transA" if left else "transB", 0) == 1
        if left is None:
            weight, orientation = (matrix, "") if turned else (matrix.turned(), ", stored as [in, out]")
        else:  # the samples are columns
            weight, orientation = (matrix.turned(), ", stored as [in, out]") if turned else (matrix, "")
        weight = weight.scaled(settings.get("alpha", 1.0))
        out, inputs = weight.shape
        output, bias, added = str(node.output[0]), None, constants[2] if len(constants) > 2 else None
        words = str(node.op_type)
        if added is not None:
            bias = _vector(added, out, by_columns=left is not None)
            bias = None if bias is None else bias.scaled(settings.get("beta", 1.0))
            if bias is None:
                self._other(added, "what Gemm adds, but no vector of its outputs")
        elif node.op_type == "MatMul" and left is None:
            following = scope.consumers.get(output, [])
            if len(following) == 1 and getattr(following[0], "op_type", "") == "Add":
                others = [scope.constants.get(name) for name in following[0].input if name != output]
                bias = _vector(others[0], out) if others and others[0] else None
                if bias is not None:
                    scope.fused.add(id(following[0]))
                    output, words = str(following[0].output[0]), "MatMul and Add"
        name = _name(node, matrix.name, bias)
        key = self._use(weight, matrix.name, name, (orientation, *weight.notes))
        bias_key = None if bias is None else self._use(bias, bias.name, name + ".bias", ("", *bias.notes))
        origin = ", ".join((words + orientation, *weight.notes))
        self.layers.append(LayerSpec(name, (out, inputs), key, bias_key, origin=origin))
        data = [value for place, value in enumerate(node.input) if constants[place] is None and value in scope.numbers]
        numbers = tuple(scope.numbers[value] for value in data)
        by_rows = left is None and not settings.get("transA")
        before = self._shapes[numbers[0]] if numbers else None
        if by_rows and numbers and (node.op_type == "Gemm" or (before is not None and len(before) == 2)):
            before = self._shapes[numbers[0]] = (1, inputs)
        scope.numbers[output] = self._value((*before[:-1], out) if by_rows and before else None)
        weights = (key,) if bias_key is None else (key, bias_key)
        self.graph.add(Op("linear" if by_rows else "product", numbers, (scope.numbers[output],), weights))
        return True

    def _use(self, constant: Constant, name: str, other: str, recipe: tuple[str, ...]) -> str:
        """The key of a constant as a layer uses it; a second use in another way goes by another key."""
        key = name
        while key in self.kept and (key in self.reasons or self._uses.get(key) != (name, True, recipe)):
            key = other if key == name != other else key + "'"
        self._uses[key] = (name, True, recipe)
        self.kept.setdefault(key, constant)
        return key

    def _other(self, constant: Constant, why: str, *, buffer: bool = False) -> None:
        """A stored tensor that is no layer, by its first use."""
        key = constant.name
        whole = constant.dtype in ("int64", "int32", "bool")
        if key in self.kept or key not in self._stored or whole or math.prod(constant.shape) <= 1:
            return  # shapes, axes, indices and lone numbers are the graph's, not the network's
        self.kept[key] = self._stored[key]
        self.reasons[key] = why
        if buffer:
            self.buffers.add(key)

    def _finish(self) -> None:
        for constant in self._stored.values():
            if constant.name not in self.kept:
                self._other(constant, "not used by the graph")
        self.graph.shapes = [(0,) if shape is None else tuple(n or 0 for n in shape) for shape in self._shapes]


def _vector(constant: Constant, out: int, *, by_columns: bool = False) -> Constant | None:
    """A bias ``[out]`` of what is added: a vector, a row (or a column where samples are columns), or one number."""
    if constant.refusal or constant.dtype not in _FLOATING:
        return None
    if math.prod(constant.shape) == 1:
        return constant if constant.shape == (out,) else constant.expanded(out)
    along = -2 if by_columns else -1
    if math.prod(constant.shape) != out or len(constant.shape) < -along or constant.shape[along] != out:
        return None
    return constant if len(constant.shape) == 1 else constant.reshaped((out,))


def _name(node: Any, weight: str, bias: Constant | None) -> str:
    """What users call the layer: by its weight, else by the scope of its node, else by its bias."""
    for stem in (weight, bias.name if bias else ""):
        name = dotted(stem)
        module, _, last = name.rpartition(".")
        if module and last in ("weight", "kernel", "bias") and "::" not in stem:
            return module
        scope = dotted(str(node.name)).rpartition(".")[0]
        if scope:
            return scope
    return dotted(str(node.name) or weight)
