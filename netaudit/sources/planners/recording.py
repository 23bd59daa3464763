"""Record one forward pass as a list of operations.

A ``TorchFunctionMode`` sees every public torch call (``F.linear``, ``x.flatten(1)``, ``x + y``) with its arguments, so
functional code is seen as well as modules. On the meta device a pass computes shapes only and costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from netaudit.network.graph import CONVOLUTIONS, Graph, Op

MULTIPLIES = CONVOLUTIONS | {"linear"}
_ALIASES = {"log_sigmoid": "logsigmoid", "swish": "silu"}


class Recorder(TorchFunctionMode):
    """Writes every torch call into ``graph``. ``names`` gives the parameters' names by ``id``."""

    def __init__(self, names: Mapping[int, str]) -> None:
        super().__init__()
        self.graph = Graph()
        self._names = names
        self._numbers: dict[int, int] = {}
        self._kept: list[Tensor] = []  # a tensor freed during the pass would give its id to another

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        tensors = list(_tensors((args, kwargs)))
        name = getattr(func, "__name__", "")
        parameters = [tensor for tensor in tensors if id(tensor) in self._names]
        if name in MULTIPLIES:  # a parameter may be what is multiplied, too; and a weight computed from others is none
            weight, bias = _argument(args, kwargs, 1), _argument(args, kwargs, 2)
            parameters = [t for t in (weight, bias) if id(t) in self._names] if id(weight) in self._names else []
        weights = tuple(self._names[id(tensor)] for tensor in parameters)
        inputs = tuple(self.number(tensor) for tensor in tensors if all(tensor is not p for p in parameters))
        result = _shape_alone(name, args, kwargs)
        if result is None:
            result = func(*args, **kwargs)
        changed = args[0] if name == "__setitem__" else result
        made = [t for t in _tensors(changed) if id(t) not in self._names]
        if made:
            outputs = tuple(self.number(t, new=True) for t in made)
            name = _canonical(name, args, kwargs)
            self.graph.add(Op(name, inputs, outputs, weights, name in CONVOLUTIONS and _covers(args, kwargs, result)))
        return result

    def number(self, tensor: Tensor, *, new: bool = False) -> int:
        """The number of a tensor's present value."""
        if new or id(tensor) not in self._numbers:
            self._numbers[id(tensor)] = len(self.graph.shapes)
            self.graph.shapes.append(tuple(tensor.shape))
            self._kept.append(tensor)
        return self._numbers[id(tensor)]

    def finish(self, output: Any) -> Graph:
        """The graph, with the model's output marked: the only tensor of it, or the one called ``logits``."""
        if isinstance(output, Mapping) and isinstance(output.get("logits"), Tensor):
            output = output["logits"]
        tensors = list(_tensors(output))
        self.graph.output = self.number(tensors[0]) if len(tensors) == 1 else None
        return self.graph


class Capture(TorchFunctionMode):
    """Keeps the inputs of the fully connected operation that uses one weight, flattened to ``[N, in]``."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = weight
        self.rows: Tensor | None = None

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") in MULTIPLIES and _argument(args, kwargs, 1) is self.weight:
            rows = _argument(args, kwargs, 0)
            self.rows = rows.detach().reshape(len(rows), -1)
        return func(*args, **kwargs)


def _shape_alone(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Tensor | None:
    """The result, on the meta device, of the operations of a plain perceptron; None for any other.

    To compute these shapes PyTorch itself would load its compiler, which takes seconds.
    """
    x, other = _argument(args, kwargs, 0), _argument(args, kwargs, 1)
    if not isinstance(x, Tensor) or not x.is_meta or not x.is_floating_point():
        return None
    if name == "linear" and x.shape[-1:] == other.shape[1:]:
        return x.new_empty(*x.shape[:-1], len(other))
    if (name == "relu" and not kwargs.get("inplace")) or (name == "add" and isinstance(other, float)):
        return x.new_empty(x.shape)
    return None


_PARAMETERS = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")  # of F.linear and F.convNd


def _argument(args: tuple[Any, ...], kwargs: Mapping[str, Any], position: int, default: Any = None) -> Any:
    return args[position] if position < len(args) else kwargs.get(_PARAMETERS[position], default)


def _covers(args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Tensor) -> bool:
    x, weight = _argument(args, kwargs, 0), _argument(args, kwargs, 1)
    padding, dilation, groups = (_argument(args, kwargs, i, default) for i, default in ((4, 0), (5, 1), (6, 1)))
    plain = padding == "valid" or (not isinstance(padding, str) and set(_tuple(padding)) <= {0})
    return bool(
        x.ndim == weight.ndim  # batched
        and tuple(x.shape[2:]) == tuple(weight.shape[2:])
        and all(length == 1 for length in result.shape[2:])
        and plain
        and set(_tuple(dilation)) <= {1}
        and groups == 1
    )


def _canonical(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    name = name if name.startswith("__") else name.rstrip("_")
    if name == "hardtanh" and (args[1:2] == (0.0,) or kwargs.get("min_val") == 0.0):
        return "relu6"  # nn.ReLU6 calls hardtanh(0, 6)
    if name in ("clamp", "clamp_min") and kwargs.get("max") is None and len(args) < 3:
        return "relu" if (*args[1:2], kwargs.get("min"))[0] == 0 else name
    if name == "__getitem__" and any(isinstance(index, list) for index in _tuple(args[1])):
        return "gather"  # may reorder
    return _ALIASES.get(name, name)


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)
