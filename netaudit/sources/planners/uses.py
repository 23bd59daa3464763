"""How a module uses its parameters: what a recorded pass says of each, and which weights are made of which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from netaudit.formats.weights_file import Declared
from netaudit.network.graph import Graph
from netaudit.sources.live import LiveWeights
from netaudit.sources.planners.choices import UNSAID, Choices
from netaudit.sources.planners.recording import COMPUTED


class Uses:
    """How a traced pass used each parameter, and what the user says of it."""

    def __init__(
        self, module: nn.Module, graph: Graph | None, live: LiveWeights | None, choices: Choices = UNSAID
    ) -> None:
        self._tensors = dict(module.named_parameters(remove_duplicate=False))
        self.choices = choices
        self.live = live
        self.made = live.made() if live else {}
        self._sharers = Counter(map(self._share, self.made))
        self.refused = {name: t.refusal for name, t in live.declared.items() if t.refusal} if live else {}
        self.taken = {key for name in self.made for key in live.parts(name)} if live else set[str]()
        self.made_in = _by_module(self.made, {name for name, _ in module.named_modules(remove_duplicate=False)})
        self.names = {id(tensor): name for name, tensor in module.named_parameters()}  # of tied ones the first
        calls = list(graph.multiplications()) if graph else []
        self.activations = graph.activations() if graph else {}
        self.biases = {weight: op.weights[1:] for weight, op in calls}
        self.covering = graph.covering() if graph else set()
        self.linear = {id(part.weight) for part in module.modules() if is_a(part, nn.Linear)}
        self.attention = "linear" if graph else None  # nothing follows q, k and v but their products
        ways = {(weight, op.turned) for weight, op in calls}
        self.turned = {weight for weight, turned in ways if turned and (weight, False) not in ways}

    def weights(self, key: str) -> tuple[str, ...]:
        """The names by which the graph may know a layer's weight or bias; none for a part of a fused one."""
        if key in self._tensors and key not in self.made:
            return (self.names[id(self._tensors[key])],)
        parts, matrix = self._share(key)
        if not parts:
            return (key,)  # it lies in an object of a quantised module
        if self._sharers[parts, matrix] > 1:
            return ()
        held = {part: self._tensors[part] for part in parts if part in self._tensors}
        alike = [self.names[id(tensor)] for tensor in held.values() if (tensor.ndim > 1) == matrix]
        names = alike or [self.names[id(tensor)] for tensor in held.values()]
        return (*names, *(f"{COMPUTED}{name}" for name in names))

    def _share(self, key: str) -> tuple[tuple[str, ...], bool]:
        """What a weight is made of, and whether it is a matrix: a bias made of the same parts is another use."""
        made = self.made.get(key)
        return self.live.parts(key) if self.live else (), made is None or len(made.shape) > 1


def is_a(part: nn.Module, *kinds: type) -> bool:
    """Whether a module is of one of torch.nn's kinds, also as TorchScript."""
    if isinstance(part, torch.jit.ScriptModule):
        return str(getattr(part, "original_name", "")) in {kind.__name__ for kind in kinds}
    return isinstance(part, kinds)


def kind_of(part: nn.Module) -> str:
    """The name of a module's class, also of one that became TorchScript."""
    own = type(part).__name__
    return str(getattr(part, "original_name", own)) if isinstance(part, torch.jit.ScriptModule) else own


def own_parameters(name: str, part: nn.Module) -> dict[str, Tensor]:
    """The parameters that a module holds itself, by their whole names."""
    return {join(name, key): tensor for key, tensor in part._parameters.items() if tensor is not None}


def join(name: str, key: str) -> str:
    """The whole name of a tensor of a module."""
    return f"{name}.{key}" if name else key


def _by_module(made: Mapping[str, Declared], modules: set[str]) -> dict[str, dict[str, Declared]]:
    """The weights that are made, under the innermost module that their names lie in."""
    found: dict[str, dict[str, Declared]] = {}
    for key, tensor in made.items():
        module = key.rpartition(".")[0]
        while module not in modules:
            module = module.rpartition(".")[0]
        found.setdefault(module, {})[key] = tensor
    return found
