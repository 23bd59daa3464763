"""Plan an ``nn.Module``: its layers by their types, their activations and the head by a traced forward pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from netaudit.formats.weights_file import Declared
from netaudit.network.cells import CellSpec, Kind, cells_among
from netaudit.network.graph import Graph
from netaudit.network.layers import Head, HeadLayer
from netaudit.network.network import LayerSpec
from netaudit.sources.composed.live import LiveWeights
from netaudit.sources.planners.plan import Group, Plan, assemble, in_projections, inferred_head
from netaudit.sources.planners.recording import COMPUTED

_REASONS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((nn.Embedding, nn.EmbeddingBag), "embedding"),
    ((nn.RNNBase, nn.RNNCellBase), "recurrent"),
    ((_ConvNd,), "convolution"),
    ((_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm), "normalisation"),
)

# What recurrent modules say of themselves: the mode of a layer, the class of a single cell, its nonlinearity.
_KINDS: dict[str, Kind] = {
    **{"RNN_TANH": "rnn_tanh", "RNN_RELU": "rnn_relu", "GRU": "gru", "LSTM": "lstm"},
    **{"GRUCell": "gru", "LSTMCell": "lstm"},
}
_SIMPLE: dict[str, Kind] = {"tanh": "rnn_tanh", "relu": "rnn_relu"}


def plan(module: nn.Module, graph: Graph | None, live: LiveWeights | None = None) -> Plan:
    """What to audit in a module, which is only looked at.

    Without a graph no convolution counts as fully connected, activations are unknown, and the head is inferred.
    ``live`` says which weights are made of the module's tensors; without it each tensor stands for itself.
    """
    uses = _Uses(module, graph, live)
    parts = []
    for name, part in module.named_modules(remove_duplicate=False):
        made = uses.made_in.get(name, {})
        specs = [*_layers(name, part, uses), *_made_layers(part, made, uses)]
        used = {key for spec in specs for key in (spec.weight, spec.bias)}
        own = _own(name, part).items()
        rest = {key: tensor for key, tensor in own if key not in used and key not in uses.taken}
        together = [(name, rest)] if name else [(key, {key: tensor}) for key, tensor in rest.items()]
        groups = [_group(label, part, group, uses) for label, group in together if group]
        left = [key for key in made if key not in used]
        groups += [Group(_layer(key), made[key].shape, _made_reason(part, made[key]), (key,)) for key in left]
        parts.append((specs, groups))
    tensors = dict(module.named_parameters(remove_duplicate=False))
    kept = {key: (id(tensor), tensor.numel()) for key, tensor in tensors.items() if key not in uses.taken}
    entries, total = assemble(parts, kept | {key: (t.identity, t.size) for key, t in uses.made.items()})
    cells = _cells(module)
    if graph is None:
        return Plan(tuple(entries), total, inferred_head(entries), cells)
    specs = [entry for entry in entries if isinstance(entry, LayerSpec) and not entry.rows]
    known = {weight: spec for spec in specs for weight in uses.weights(spec.weight)}
    top = graph.top({weight: spec.shape[1] for weight, spec in known.items()})
    steps = tuple(HeadLayer(known[weight].name, activation) for weight, activation in top)
    return Plan(tuple(entries), total, Head(steps, inferred=False) if steps else None, cells)


def graph_names(module: nn.Module, live: LiveWeights, weight: str) -> tuple[str, ...]:
    """The names by which a recorded pass of the module may know a weight that is made of its tensors."""
    return _Uses(module, None, live).weights(weight)


def _cells(module: nn.Module) -> tuple[CellSpec, ...]:
    """The recurrent cells, each once, whatever the number of names that its module goes by."""
    kinds: dict[str, Kind] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    for name, part in module.named_modules():
        if isinstance(part, (nn.RNNBase, nn.RNNCellBase)):
            kinds[name] = _KINDS.get(str(getattr(part, "mode", type(part).__name__))) or _SIMPLE[str(part.nonlinearity)]
            shapes |= {key: tuple(tensor.shape) for key, tensor in _own(name, part).items()}
    return cells_among(shapes, kinds)


class _Uses:
    """How a traced pass used each parameter."""

    def __init__(self, module: nn.Module, graph: Graph | None, live: LiveWeights | None) -> None:
        self._tensors = dict(module.named_parameters(remove_duplicate=False))
        self.live = live
        self.made = live.made() if live else {}
        self._sharers = Counter(live.parts(name) for name in self.made) if live else Counter[tuple[str, ...]]()
        self.refused = {name: t.refusal for name, t in live.declared.items() if t.refusal} if live else {}
        self.taken = {key for name in self.made for key in live.parts(name)} if live else set[str]()
        self.made_in = _by_module(self.made, {name for name, _ in module.named_modules(remove_duplicate=False)})
        self.names = {id(tensor): name for name, tensor in module.named_parameters()}  # of tied ones the first
        self.activations = graph.activations() if graph else {}
        self.biases = {weight: op.weights[1:] for weight, op in graph.multiplications()} if graph else {}
        self.covering = graph.covering() if graph else set()
        self.linear = {id(part.weight) for part in module.modules() if isinstance(part, nn.Linear)}
        self.attention = "linear" if graph else None  # nothing follows q, k and v but their products
        calls = [(weight, op.turned) for weight, op in graph.multiplications()] if graph else []
        self.turned = {weight for weight, turned in calls if turned} - {
            weight for weight, turned in calls if not turned
        }

    def weights(self, key: str) -> tuple[str, ...]:
        """The names by which the graph may know a layer's weight; none for a part of a fused one."""
        if key in self._tensors and key not in self.made:
            return (self.names[id(self._tensors[key])],)
        parts = self.live.parts(key) if self.live else ()
        whole = self._sharers[parts] == 1
        names = [self.names[id(self._tensors[part])] for part in parts if part in self._tensors] if whole else []
        return (*names, *(f"{COMPUTED}{name}" for name in names))


def _layers(name: str, part: nn.Module, uses: _Uses) -> Iterator[LayerSpec]:
    """The fully connected layers whose weights the part holds itself."""
    own = _own(name, part)
    turned = False
    if isinstance(part, nn.MultiheadAttention):
        shapes = {key.rpartition(".")[2]: tuple(tensor.shape) for key, tensor in own.items()}
        yield from in_projections(name, shapes, uses.attention)
        return
    for key, weight in own.items():
        if key in uses.taken or key in uses.refused:
            continue
        known = uses.names[id(weight)]
        is_weight = key == _join(name, "weight")
        if isinstance(part, nn.Linear) and is_weight and weight.ndim == 2:
            origin, bias = "Linear", _join(name, "bias")
        elif known in uses.covering:
            origin = f"{type(part).__name__} {'x'.join(map(str, weight.shape[2:]))} covering its whole input"
            bias = "".join(uses.biases[known])
        elif known in uses.biases and weight.ndim == 2 and id(weight) not in uses.linear:
            turned = known in uses.turned
            how = "used as Linear, stored as [in, out]" if turned else "used as Linear"
            origin, bias = f"{type(part).__name__} {how}", "".join(uses.biases[known])
        else:
            continue
        if weight.is_floating_point() and weight.layout == torch.strided and weight.numel():
            yield LayerSpec(
                name if is_weight and name else key,
                (weight.shape[1], weight.shape[0]) if turned else (weight.shape[0], weight[0].numel()),
                key,
                bias if (bias in own and bias not in uses.taken) or bias in uses.made else None,
                activation=uses.activations.get(known),
                origin=origin,
                transposed=turned,
            )


def _made_layers(part: nn.Module, made: Mapping[str, Declared], uses: _Uses) -> Iterator[LayerSpec]:
    """The fully connected layers among the weights that are made of a part's tensors."""
    if isinstance(part, tuple(kind for kinds, _ in _REASONS for kind in kinds)):
        return
    for key, weight in made.items():
        if len(weight.shape) != 2 or not weight.size or weight.refusal:
            continue
        bias = f"{key.removesuffix('weight')}bias" if key.endswith("weight") else ""
        known = uses.live.declared.get(bias) if uses.live else None
        fits = known is not None and known.shape == weight.shape[:1]
        rows, columns = weight.shape
        follows = {uses.activations.get(name) for name in uses.weights(key)} - {None}
        activation = follows.pop() if len(follows) == 1 else None
        yield LayerSpec(
            _layer(key), (rows, columns), key, bias if fits else None, activation=activation, origin=weight.origin
        )


def _by_module(made: Mapping[str, Declared], modules: set[str]) -> dict[str, dict[str, Declared]]:
    """The weights that are made, under the innermost module that their names lie in."""
    found: dict[str, dict[str, Declared]] = {}
    for key, tensor in made.items():
        module = key.rpartition(".")[0]
        while module not in modules:
            module = module.rpartition(".")[0]
        found.setdefault(module, {})[key] = tensor
    return found


def _made_reason(part: nn.Module, made: Declared) -> str:
    kinds = (reason for types, reason in _REASONS if isinstance(part, types))
    return next(kinds, f"other parameters of {type(part).__name__}, {made.origin}")


def _layer(key: str) -> str:
    return key.removesuffix(".weight")


def _group(name: str, part: nn.Module, tensors: dict[str, Tensor], uses: _Uses) -> Group:
    keys = sorted(tensors, key=lambda key: -tensors[key].numel())
    main = tensors[keys[0]]
    reason = uses.refused.get(keys[0]) or _reason(part, main)
    return Group(name, tuple(main.shape), reason, tuple(keys))


def _reason(part: nn.Module, main: Tensor) -> str:
    for types, reason in _REASONS:
        if isinstance(part, types):
            return reason
    kind = type(part).__name__
    if isinstance(part, nn.Linear):
        if not main.is_floating_point():
            return f"{str(main.dtype).removeprefix('torch.')} weights: quantised layers are not read yet"
        return "empty weight" if not main.numel() else "the weight is computed from other parameters"
    return "normalisation" if "norm" in kind.lower() else f"other parameters of {kind}"


def _own(name: str, part: nn.Module) -> dict[str, Tensor]:
    return {_join(name, key): tensor for key, tensor in part._parameters.items() if tensor is not None}


def _join(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key
