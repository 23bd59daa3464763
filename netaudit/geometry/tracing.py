"""A module's forward pass as steps: torch.fx writes it down, and each of its operations is looked up in a table."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, fx, nn

from netaudit.geometry.builder import Builder, Value
from netaudit.geometry.calls import called
from netaudit.geometry.evaluating import evaluating
from netaudit.geometry.modules import is_read, layer
from netaudit.geometry.steps import NotPiecewiseLinearError, PiecewiseLinear
from netaudit.text import printable

_IN_PLACE = frozenset(("iadd", "isub", "imul", "itruediv"))


class _Tracer(fx.Tracer):
    """Does not look into the layers of the table, nor into other layers of torch.nn, which have no row there."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether a module is one operation."""
        return is_read(m) or super().is_leaf_module(m, module_qualified_name)


def traced(module: nn.Module, example: Tensor) -> PiecewiseLinear:
    """Read a module that takes one tensor and gives one.

    The module is looked at in eval mode and left as it was; its weights are copied to float64 on the example's device.

    Args:
        module: any nn.Module whose operations are all in the tables of :mod:`.modules` and :mod:`.calls`.
        example: inputs ``[N, ...]``, float64, N at least 1.

    Raises:
        NotPiecewiseLinearError: an operation is not piecewise linear or not read, or the pass cannot be written down.
    """
    with evaluating(module), torch.no_grad():
        try:
            graph = _Tracer().trace(module)
        except Exception as error:  # a user's forward may raise anything when it is handed no numbers
            reason = printable(f"{type(error).__name__}: {str(error).partition(chr(10))[0]}", 160)
            raise NotPiecewiseLinearError(f"its forward pass cannot be traced: {reason}") from error
        return _Reading(module, example).read(graph)


class _Reading:
    """One walk over a traced graph."""

    def __init__(self, module: nn.Module, example: Tensor) -> None:
        self.module, self.device = module, example.device
        self.build = Builder(example)
        self.known: dict[fx.Node, Any] = {}
        self.names: dict[str, int] = {}

    def read(self, graph: fx.Graph) -> PiecewiseLinear:
        """The network."""
        for node in graph.nodes:
            if node.op == "output":
                output = self._resolved(node.args[0])
                if not isinstance(output, Value):
                    raise NotPiecewiseLinearError("its output is not one tensor that depends on the input")
                return self.build.finished(output)
            self.known[node] = self._operation(node)
        raise NotPiecewiseLinearError("its forward pass has no output")

    def _operation(self, node: fx.Node) -> Any:
        if node.op == "placeholder":
            return self._placeholder(node)
        if node.op == "get_attr":
            value: Any = self.module
            for part in str(node.target).split("."):
                value = getattr(value, part)
            return value.to(self.device) if isinstance(value, Tensor) else value
        args, kwargs = self._resolved(node.args), self._resolved(node.kwargs)
        if not _has_value((args, kwargs)):
            return self._constant(node, args, kwargs)
        if node.op == "call_module":
            module = self.module.get_submodule(str(node.target))
            if len(args) != 1 or kwargs:
                raise NotPiecewiseLinearError(f"{node.target} takes more than one tensor, which is not read")
            result = layer(self.build, self._name(str(node.target)), module, args[0])
            in_place = bool(getattr(module, "inplace", False))
        else:
            function = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
            in_place = function in _IN_PLACE or (function.endswith("_") and not function.endswith("__"))
            in_place = in_place or bool(kwargs.pop("inplace", False))
            name = self._name(node.name)
            result = called(self.build, name, function.rstrip("_"), args, kwargs)
        if in_place and isinstance(node.args[0], fx.Node):
            self._overwrite(args[0], result)
        return result

    def _overwrite(self, old: Any, new: Any) -> None:
        """What an operation in place changes is read in its new form by all that comes later."""
        for node, value in self.known.items():
            if value is old:
                self.known[node] = new

    def _placeholder(self, node: fx.Node) -> Any:
        if not any(isinstance(value, Value) for value in self.known.values()):
            return Value(0)
        if not node.args:
            raise NotPiecewiseLinearError("its forward pass takes more than one tensor")
        return node.args[0]  # the default of an argument that is left out

    def _constant(self, node: fx.Node, args: Any, kwargs: Any) -> Any:
        """What is computed from parameters and numbers alone."""
        if node.op == "call_function" and callable(node.target):
            return node.target(*args, **kwargs)
        if node.op == "call_method" and args:
            return getattr(args[0], str(node.target))(*args[1:], **kwargs)
        raise NotPiecewiseLinearError(f"{node.target} is called on a constant, which is not read")

    def _resolved(self, argument: Any) -> Any:
        if isinstance(argument, fx.Node):
            return self.known[argument]
        if isinstance(argument, (tuple, list)) and not isinstance(argument, torch.Size):
            return type(argument)(self._resolved(item) for item in argument)
        if isinstance(argument, dict):
            return {key: self._resolved(item) for key, item in argument.items()}
        return argument

    def _name(self, name: str) -> str:
        """The name, with a number from its second use on."""
        self.names[name] = self.names.get(name, 0) + 1
        return name if self.names[name] == 1 else f"{name}#{self.names[name]}"


def _has_value(argument: Any) -> bool:
    if isinstance(argument, (tuple, list)):
        return any(map(_has_value, argument))
    if isinstance(argument, dict):
        return any(map(_has_value, argument.values()))
    return isinstance(argument, Value)
