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
# Where x, its weight [in, out] and a bias stand among the arguments of a product. It counts as "linear".
_PRODUCTS: dict[str, tuple[int, int, int | None]] = {
    **dict.fromkeys(("matmul", "mm", "__matmul__"), (0, 1, None)),
    "addmm": (1, 2, 0),
}
_TRANSPOSES = frozenset(("t", "transpose", "swapaxes", "permute", "adjoint"))
COMPUTED = "computed from "
"""Before the name of the largest parameter that a weight is computed from, where that is how a weight is named."""
_ALIASES = {"log_sigmoid": "logsigmoid", "swish": "silu"}


class Recorder(TorchFunctionMode):
    """Writes every torch call into ``graph``. ``names`` gives the parameters' names by ``id``.

    ``constants`` are the buffers' ``id``: what is computed from parameters and constants alone is a computed weight.
    """

    def __init__(self, names: Mapping[int, str], constants: frozenset[int] = frozenset()) -> None:
        super().__init__()
        self.graph = Graph()
        self._names = names
        self._constants = set(constants)
        self._computed: dict[int, tuple[str, bool]] = {}  # the weight's name, and whether it is transposed
        self._numbers: dict[int, int] = {}
        self._kept: list[Tensor] = []  # a tensor freed during the pass would give its id to another

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        tensors = list(_tensors((args, kwargs)))
        name = getattr(func, "__name__", "").partition(".")[0]  # of "linear.default", as torch.export writes it
        parameters = [tensor for tensor in tensors if id(tensor) in self._names]
        weights = tuple(self._names[id(tensor)] for tensor in parameters)
        turned = False
        if name in MULTIPLIES or name in _PRODUCTS:  # a parameter may be what is multiplied, too
            weight, bias = _factors(name, args, kwargs)
            known = self._weight(weight)
            if known and (name in MULTIPLIES or _is_product(name, args, weight)):
                added = self._weight(bias)
                parameters = [weight, bias] if added else [weight]
                weights = (known[0], added[0]) if added else (known[0],)
                turned = known[1] != (name in _PRODUCTS)
                name = "linear" if name in _PRODUCTS else name
            elif name in MULTIPLIES:
                parameters, weights = [], ()
        inputs = tuple(self.number(tensor) for tensor in tensors if all(tensor is not p for p in parameters))
        result = _shape_alone(name, args, kwargs)
        if result is None:
            result = func(*args, **kwargs)
        self._compute(func, name, args, tensors, result)
        changed = args[0] if name == "__setitem__" else result
        made = [t for t in _tensors(changed) if id(t) not in self._names]
        if made:
            outputs = tuple(self.number(t, new=True) for t in made)
            name = _canonical(name, args, kwargs)
            covers = name in CONVOLUTIONS and _covers(args, kwargs, result)
            self.graph.add(Op(name, inputs, outputs, weights, covers, turned))
        return result

    def _weight(self, tensor: Any) -> tuple[str, bool] | None:
        """The name of a parameter or computed weight, and whether it is transposed; None for any other tensor."""
        name = self._names.get(id(tensor))
        return self._computed.get(id(tensor)) if name is None else (name, False)

    def _compute(self, func: Any, name: str, args: tuple[Any, ...], tensors: list[Tensor], result: Any) -> None:
        """Note a result that depends on parameters and constants alone."""
        known = [(tensor, self._weight(tensor)) for tensor in tensors]
        if not isinstance(result, Tensor) or not all(w or id(t) in self._constants for t, w in known):
            return
        sources = [(tensor.numel(), weight) for tensor, weight in known if weight]
        if id(result) in self._names:
            return
        if not sources:
            self._constants.add(id(result))
        elif len(tensors) == 1 and tensors[0].ndim == 2 and _transposes(func, name, args):
            source, turned = sources[0][1]
            self._computed[id(result)] = source, not turned
        else:
            largest = max(sources, key=lambda source: source[0])[1][0]
            self._computed[id(result)] = f"{COMPUTED}{largest.removeprefix(COMPUTED)}", False
        self._kept.append(result)

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


def _factors(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
    """The weight and the bias among the arguments."""
    if name in MULTIPLIES:
        return _argument(args, kwargs, 1), _argument(args, kwargs, 2)
    _, weight, bias = _PRODUCTS[name]
    return (args[weight] if weight < len(args) else None), (None if bias is None else args[bias])


def _is_product(name: str, args: tuple[Any, ...], weight: Tensor) -> bool:
    """Whether the call multiplies rows by a matrix that is one weight for all of them."""
    x = args[_PRODUCTS[name][0]]
    return isinstance(x, Tensor) and weight.ndim == 2 and x.ndim >= 1 and x.shape[-1] == weight.shape[0]


def _transposes(func: Any, name: str, args: tuple[Any, ...]) -> bool:
    """Whether a call on a matrix gives its transpose."""
    if name == "__get__":  # a property
        return getattr(func, "__self__", None) in (Tensor.T, Tensor.mT)
    if name in ("permute",):
        return tuple(int(axis) % 2 for axis in _flat(args[1:])) == (1, 0)
    axes = [int(axis) % 2 for axis in args[1:] if isinstance(axis, int)]
    return name in _TRANSPOSES and (not axes or len(set(axes)) == 2)


def _flat(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(item for value in values for item in _tuple(value))


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
