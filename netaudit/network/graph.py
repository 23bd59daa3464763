"""What a recorded forward pass says of a network: activations, covering convolutions, the head."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

# Activations by the name of their function in torch.nn.functional. The first set runs by that name alone.
_ENTRYWISE = frozenset(
    (
        *("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "sigmoid", "tanh", "hardswish"),
        *("hardsigmoid", "hardtanh", "softplus", "softsign", "logsigmoid", "softshrink", "hardshrink", "tanhshrink"),
    )
)
_NORMALISED = frozenset(("softmax", "log_softmax"))
ACTIVATIONS = _ENTRYWISE | _NORMALISED | {"prelu", "glu"}
CONVOLUTIONS = frozenset(("conv1d", "conv2d", "conv3d"))
# Calls that hand on the same numbers in the same order: always; when they keep the number of elements; when also at
# most one dimension is longer than 1.
_DROPOUTS = frozenset(("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"))
_RESHAPES = frozenset(
    (
        *("flatten", "unflatten", "reshape", "view", "ravel", "squeeze", "unsqueeze", "contiguous", "clone", "detach"),
        *("to", "float", "mean", "amax", "__getitem__", "select"),
    )
)
_SHUFFLES = frozenset(("permute", "transpose", "swapaxes", "movedim"))


@dataclass(frozen=True)
class Op:
    """One torch call. ``inputs`` and ``outputs`` are numbers of values; parameters go by their names."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    weights: tuple[str, ...] = ()
    """The parameters among the arguments; weight, then bias, for a multiplication or convolution by a parameter."""
    covers: bool = False
    """A convolution whose kernel covers its whole input, so that its output is 1 x 1."""
    turned: bool = False
    """A product with a parameter that is kept as ``[in, out]``: ``x @ w``, or GPT-2's Conv1D."""


@dataclass
class Graph:
    """The operations of one forward pass, in order; every tensor written gets a new number (in-place ones too)."""

    ops: list[Op] = field(default_factory=list)
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    output: int | None = None
    """The number of the model's output, None when it is not one tensor."""
    rows: int = 1
    """How many inputs the pass was on."""
    branches: bool = False
    """Whether the pass handed numbers that depend on its input to Python, which can branch on them."""
    _producers: dict[int, Op] = field(default_factory=dict, repr=False)
    _consumers: dict[int, list[Op]] = field(default_factory=dict, repr=False)

    def add(self, op: Op) -> None:
        """Append an operation."""
        self.ops.append(op)
        for value in set(op.inputs):
            self._consumers.setdefault(value, []).append(op)
        self._producers.update(dict.fromkeys(op.outputs, op))

    def producer(self, value: int) -> Op | None:
        """The operation that made a value; None for the model's inputs and constants."""
        return self._producers.get(value)

    def consumers(self, value: int) -> list[Op]:
        """The operations that take a value."""
        return self._consumers.get(value, [])

    def with_biases(self) -> Graph:
        """The graph in which a parameter that is added to a product alone is the product's bias."""
        added = {op.inputs[0]: op for op in self.ops if op.name == "add_bias" and len(op.inputs) == 1}
        found = {
            op: added[op.outputs[0]]
            for op in self.ops
            if op.name == "linear"
            and len(op.weights) == 1
            and op.outputs[0] in added
            and self.consumers(op.outputs[0]) == [added[op.outputs[0]]]
            and op.outputs[0] != self.output
        }
        if not found:
            return self
        gone = set(found.values())
        merged = Graph(shapes=self.shapes, output=self.output, rows=self.rows, branches=self.branches)
        for op in self.ops:
            if op in found:
                op = replace(op, outputs=found[op].outputs, weights=(*op.weights, *found[op].weights))
            if op not in gone:
                merged.add(op)
        return merged

    def stacked(self) -> dict[str, bool]:
        """The 3-D weights each of whose matrices is multiplied by, and whether it lies as ``[in, out]``."""
        calls = [(op.weights[0], op.turned) for op in self.ops if op.name == "stacked" and op.weights]
        return {name: turned for name, turned in calls if (name, not turned) not in calls}

    def multiplications(self) -> Iterator[tuple[str, Op]]:
        """Every fully connected operation with the name of its weight."""
        return ((op.weights[0], op) for op in self.ops if op.weights and (op.name == "linear" or op.covers))

    def covering(self) -> set[str]:
        """Weights of the convolutions that cover their whole input in each of their calls."""
        calls = [(op.weights[0], op.covers) for op in self.ops if op.name in CONVOLUTIONS and op.weights]
        return {name for name, _ in calls} - {name for name, covers in calls if not covers}

    def passes_on(self, op: Op) -> bool:
        """Whether the operation hands on its one input's numbers in their order (in eval mode)."""
        if len(op.inputs) != 1 or len(op.outputs) != 1 or op.weights:
            return False
        before, after = (self.shapes[values[0]] for values in (op.inputs, op.outputs))
        if op.name in _DROPOUTS:
            return True
        if math.prod(before) != math.prod(after):
            return False
        shuffled = op.name in _SHUFFLES and sum(length > 1 for length in before) <= 1
        return op.name in _RESHAPES or "pool" in op.name or shuffled

    def activation(self, value: int) -> str | None:
        """What follows a value: an activation's name, ``"linear"`` for none, None when that is not clear."""
        consumers = self.consumers(value)
        if len(consumers) > 1 and any(op.name.strip("_") in ("mul", "imul", "rmul") for op in consumers):
            return None  # a gate by itself, as in x * sigmoid(1.702 * x)
        names: set[str | None] = set()
        for op in consumers:
            if op.name in ACTIVATIONS:
                names.add(op.name)
            elif self.passes_on(op) or op.name in _SHUFFLES:  # order does not matter to a function of each entry
                names.add(self.activation(op.outputs[0]))
            elif op.name.startswith("clamp"):
                names.add(None)
            else:
                names.add("linear")
        return "linear" if not names else names.pop() if len(names) == 1 else None

    def activations(self) -> dict[str, str | None]:
        """The activation after each fully connected weight; None when its calls differ."""
        activations: dict[str, set[str | None]] = {}
        for weight, op in self.multiplications():
            activations.setdefault(weight, set()).add(self.activation(op.outputs[0]))
        for op in self.ops:
            if op.name == "multi_head_attention_forward":
                for weight in op.weights:
                    last = weight.endswith("out_proj.weight")
                    activations.setdefault(weight, set()).add(self.activation(op.outputs[0]) if last else "linear")
        return {weight: names.pop() if len(names) == 1 else None for weight, names in activations.items()}

    def top(self, weights: Mapping[str, int], fits: Callable[[Op], bool] | None = None) -> list[tuple[str, str]]:
        """The layers of the head, bottom to top: ``(weight, activation)`` from the output back to something else.

        A layer belongs to the head when it takes one row an input, not one a token or pixel.

        Args:
            weights: the inputs of each fully connected weight.
            fits: whether a call of one of them is the layer as it is audited, with its bias and the same way round.
        """
        layers: list[tuple[str, str]] = []
        value, activation = self.output, "linear"
        while value is not None and (op := self.producer(value)) is not None:
            if (op.name == "linear" or op.covers) and op.weights and op.weights[0] in weights:
                weight = op.weights[0]
                seen = any(weight == name for name, _ in layers)
                numbers = math.prod(self.shapes[op.inputs[0]]) if len(op.inputs) == 1 else None
                if seen or numbers != weights[weight] * self.rows:
                    break
                if self.rows > 1 and self.shapes[op.inputs[0]][0] != self.rows:
                    break
                if fits is not None and not fits(op):
                    break
                layers.insert(0, (weight, activation))
                activation = "linear"
            elif op.name in _NORMALISED and not layers and activation == "linear":
                pass  # the logits' order is what counts
            elif op.name in _ENTRYWISE and activation == "linear":
                activation = op.name
            elif not self.passes_on(op):
                break
            value = op.inputs[0] if op.inputs else None
        return layers

    def flattened_input(self, weight: str) -> bool:
        """Whether a weight's input is the model's own input, at most reshaped."""
        for name, op in self.multiplications():
            if name == weight and len(op.inputs) == 1:
                value = op.inputs[0]
                while (before := self.producer(value)) is not None and self.passes_on(before):
                    value = before.inputs[0]
                return before is None
        return False
