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
from netaudit.sources.planners.products import Product, argument, product

_TRANSPOSES = frozenset(("t", "transpose", "swapaxes", "permute", "adjoint"))
COMPUTED = "computed from "
"""Before the name of the largest parameter that a weight is computed from, where that is how a weight is named."""
_ALIASES = {"log_sigmoid": "logsigmoid", "swish": "silu"}
_ADDS = frozenset(("add", "add_", "__add__", "__radd__", "__iadd__"))
_PACKED = frozenset(("linear_dynamic", "linear_dynamic_fp16"))
# Calls that hand the numbers of a tensor to Python, which can then branch on them.
_NUMBERS = frozenset(
    (
        *("__bool__", "__int__", "__float__", "__index__", "__complex__", "__contains__", "__array__", "item"),
        *("tolist", "numpy", "equal", "allclose", "is_nonzero"),
    )
)


class Recorder(TorchFunctionMode):
    """Writes every torch call into ``graph``. ``names`` gives the parameters' names by ``id``.

    ``constants`` are the buffers' ``id``: what is computed from parameters and constants alone is a computed weight.
    ``packed`` gives the weight and bias that a quantised module keeps in one object, by its ``id``.
    """

    def __init__(
        self,
        names: Mapping[int, str],
        constants: frozenset[int] = frozenset(),
        packed: Mapping[int, tuple[str, ...]] | None = None,
    ) -> None:
        super().__init__()
        self.graph = Graph()
        self._names = names
        self._constants = set(constants)
        self._packed = packed or {}
        self._computed: dict[int, tuple[str, bool]] = {}  # the weight's name, and whether it is transposed
        self._entries: dict[int, str] = {}  # of one matrix of a stack, the stack's name
        self._numbers: dict[int, int] = {}
        self._kept: list[Tensor] = []  # a tensor freed during the pass would give its id to another

    def record(self, run: Callable[[], Any], rows: int = 1) -> Graph:
        """The graph of a call on so many inputs."""
        with self:
            output = run()
        graph = self.finish(output)
        graph.rows = rows
        return graph

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        tensors = list(tensors_in((args, kwargs)))
        name = getattr(func, "__name__", "").partition(".")[0]  # of "linear.default", as torch.export writes it
        parameters = [tensor for tensor in tensors if id(tensor) in self._names]
        weights = tuple(self._names[id(tensor)] for tensor in parameters)
        turned = False
        if name in _NUMBERS and not all(map(self._is_fixed, tensors)):
            self.graph.branches = True
        found = convolution(name, args, kwargs) or product(name, args, kwargs, self._is_weight, self._is_fixed)
        if found is not None:
            known, added = self._factor(found), self._weight(found.bias)
            if known:  # a parameter may be what is multiplied, too
                parameters = [found.weight, found.bias] if added else [found.weight]
                weights = (known[0], added[0]) if added else (known[0],)
                turned = known[1] != found.turned
                stacked = found.stacked or id(found.weight) in self._entries
                name = name if name in CONVOLUTIONS else "stacked" if stacked else "linear"
            else:
                parameters, weights = [], ()
        elif name == "linear":
            parameters, weights = [], ()
        elif name in _PACKED and len(args) > 1 and id(args[1]) in self._packed:
            name, weights = "linear", self._packed[id(args[1])]
        elif name in _ADDS and (bias := self._added(args, kwargs)) is not None:
            name, parameters, weights = "add_bias", [bias[0]], (bias[1],)
        inputs = tuple(self.number(tensor) for tensor in tensors if all(tensor is not p for p in parameters))
        result = _shape_alone(name, args, kwargs)
        if result is None:
            result = func(*args, **kwargs)
        self._compute(func, name, args, tensors, result)
        changed = args[0] if name == "__setitem__" else result
        made = [t for t in tensors_in(changed) if id(t) not in self._names]
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

    def _is_weight(self, tensor: Any) -> bool:
        return self._weight(tensor) is not None

    def _is_fixed(self, tensor: Any) -> bool:
        """Whether a tensor does not depend on the input."""
        return id(tensor) in self._constants or self._is_weight(tensor)

    def _factor(self, found: Product) -> tuple[str, bool] | None:
        """The weight of a product; of one matrix of a stack, the stack."""
        entry = self._entries.get(id(found.weight))
        return self._weight(found.weight) if entry is None else (entry, False)

    def _added(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Tensor, str] | None:
        """The parameter that is added to each row of an activation, with its name."""
        if len(args) != 2 or kwargs.get("alpha", 1) != 1 or not all(isinstance(arg, Tensor) for arg in args):
            return None
        for bias, x in ((args[1], args[0]), (args[0], args[1])):
            known = self._weight(bias)
            if known and not self._is_weight(x) and bias.ndim == 1 and x.shape[-1:] == bias.shape:
                return bias, known[0]
        return None

    def _compute(self, func: Any, name: str, args: tuple[Any, ...], tensors: list[Tensor], result: Any) -> None:
        """Note a result that depends on parameters and constants alone."""
        if isinstance(result, Tensor) and (name.endswith("_like") or name.startswith("new_")):
            tensors = []  # of a tensor's shape, and of none of its numbers
        known = [(tensor, self._weight(tensor)) for tensor in tensors]
        if not isinstance(result, Tensor) or not all(w or id(t) in self._constants for t, w in known):
            return
        sources = [(tensor.numel(), weight) for tensor, weight in known if weight]
        if id(result) in self._names:
            return
        if not sources:
            self._constants.add(id(result))
        elif len(tensors) == 1 and tensors[0].ndim in (2, 3) and _transposes(func, name, args, tensors[0].ndim):
            source, turned = sources[0][1]
            self._computed[id(result)] = source, not turned
        else:
            largest = max(sources, key=lambda source: source[0])[1][0]
            self._computed[id(result)] = f"{COMPUTED}{largest.removeprefix(COMPUTED)}", False
            if name in ("__getitem__", "select") and tensors[0].ndim == 3 and result.ndim == 2:
                self._entries[id(result)] = largest
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
        tensors = list(tensors_in(output))
        self.graph.output = self.number(tensors[0]) if len(tensors) == 1 else None
        return self.graph.with_biases()


def convolution(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Product | None:
    """The weight and bias of a convolution, whether they are parameters or not; None for any other call."""
    if name not in CONVOLUTIONS:
        return None
    return Product(argument(args, kwargs, 1), argument(args, kwargs, 2))


def _transposes(func: Any, name: str, args: tuple[Any, ...], ndim: int) -> bool:
    """Whether a call on a matrix, or on a stack of them, gives its transpose."""
    if name == "__get__":  # a property
        return getattr(func, "__self__", None) in ((Tensor.T, Tensor.mT) if ndim == 2 else (Tensor.mT,))
    if name in ("permute",):
        swapped = (1, 0) if ndim == 2 else (0, 2, 1)
        return tuple(int(axis) % ndim for axis in _flat(args[1:])) == swapped
    axes = {int(axis) % ndim for axis in args[1:] if isinstance(axis, int)}
    return name in _TRANSPOSES and (axes == {ndim - 1, ndim - 2} or (not axes and ndim == 2))


def _flat(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(item for value in values for item in _tuple(value))


def _shape_alone(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Tensor | None:
    """The result, on the meta device, of the operations of a plain perceptron; None for any other.

    To compute these shapes PyTorch itself would load its compiler, which takes seconds.
    """
    x, other = argument(args, kwargs, 0), argument(args, kwargs, 1)
    if not isinstance(x, Tensor) or not x.is_meta or not x.is_floating_point():
        return None
    if name == "linear" and isinstance(other, Tensor) and other.ndim == 2 and x.shape[-1:] == other.shape[1:]:
        return x.new_empty(*x.shape[:-1], len(other))
    if (name == "relu" and not kwargs.get("inplace")) or (name == "add" and isinstance(other, float)):
        return x.new_empty(x.shape)
    return None


def _covers(args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Tensor) -> bool:
    x, weight = argument(args, kwargs, 0), argument(args, kwargs, 1)
    padding, dilation, groups = (argument(args, kwargs, i, default) for i, default in ((4, 0), (5, 1), (6, 1)))
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


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors among arguments, also in lists, tuples and dicts."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from tensors_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors_in(item)


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)
