"""Plan an ``nn.Module``: its layers by their types, their activations and the head by a traced forward pass."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils.parametrize import ParametrizationList

from netaudit.network.cells import CellSpec, Kind, cells_among
from netaudit.network.graph import Graph
from netaudit.network.layers import Head, HeadLayer
from netaudit.network.network import LayerSpec
from netaudit.sources.planners.plan import Group, Plan, assemble, in_projections, inferred_head

_REASONS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((nn.Embedding, nn.EmbeddingBag), "embedding"),
    ((nn.RNNBase, nn.RNNCellBase), "recurrent"),
    ((_ConvNd,), "convolution"),
    ((_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm), "normalisation"),
    ((ParametrizationList,), "parametrised weight: remove the parametrisation to audit the layer"),
)

# What recurrent modules say of themselves: the mode of a layer, the class of a single cell, its nonlinearity.
_KINDS: dict[str, Kind] = {
    **{"RNN_TANH": "rnn_tanh", "RNN_RELU": "rnn_relu", "GRU": "gru", "LSTM": "lstm"},
    **{"GRUCell": "gru", "LSTMCell": "lstm"},
}
_SIMPLE: dict[str, Kind] = {"tanh": "rnn_tanh", "relu": "rnn_relu"}


def plan(module: nn.Module, graph: Graph | None) -> Plan:
    """What to audit in a module, which is only looked at.

    Without a graph no convolution counts as fully connected, activations are unknown, and the head is inferred.
    """
    uses = _Uses(module, graph)
    parts = []
    for name, part in module.named_modules(remove_duplicate=False):
        specs = list(_layers(name, part, uses))
        used = {key for spec in specs for key in (spec.weight, spec.bias)}
        rest = {key: tensor for key, tensor in _own(name, part).items() if key not in used}
        together = [(name, rest)] if name else [(key, {key: tensor}) for key, tensor in rest.items()]
        parts.append((specs, [_group(label, part, group) for label, group in together if group]))
    tensors = dict(module.named_parameters(remove_duplicate=False))
    entries, total = assemble(parts, {key: (id(tensor), tensor.numel()) for key, tensor in tensors.items()})
    cells = _cells(module)
    if graph is None:
        return Plan(tuple(entries), total, inferred_head(entries), cells)
    specs = [entry for entry in entries if isinstance(entry, LayerSpec) and not entry.rows]
    known = {uses.names[id(tensors[spec.weight])]: spec for spec in specs}
    top = graph.top({weight: spec.shape[1] for weight, spec in known.items()})
    steps = tuple(HeadLayer(known[weight].name, activation) for weight, activation in top)
    return Plan(tuple(entries), total, Head(steps, inferred=False) if steps else None, cells)


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

    def __init__(self, module: nn.Module, graph: Graph | None) -> None:
        self.names = {id(tensor): name for name, tensor in module.named_parameters()}  # of tied ones the first
        self.activations = graph.activations() if graph else {}
        self.biases = {weight: op.weights[1:] for weight, op in graph.multiplications()} if graph else {}
        self.covering = graph.covering() if graph else set()
        self.linear = {id(part.weight) for part in module.modules() if isinstance(part, nn.Linear)}
        self.attention = "linear" if graph else None  # nothing follows q, k and v but their products


def _layers(name: str, part: nn.Module, uses: _Uses) -> Iterator[LayerSpec]:
    """The fully connected layers whose weights the part holds itself."""
    own = _own(name, part)
    if isinstance(part, nn.MultiheadAttention):
        shapes = {key.rpartition(".")[2]: tuple(tensor.shape) for key, tensor in own.items()}
        yield from in_projections(name, shapes, uses.attention)
        return
    for key, weight in own.items():
        known = uses.names[id(weight)]
        is_weight = key == _join(name, "weight")
        if isinstance(part, nn.Linear) and is_weight and weight.ndim == 2:
            origin, bias = "Linear", _join(name, "bias")
        elif known in uses.covering:
            origin = f"{type(part).__name__} {'x'.join(map(str, weight.shape[2:]))} covering its whole input"
            bias = "".join(uses.biases[known])
        elif known in uses.biases and weight.ndim == 2 and id(weight) not in uses.linear:
            origin, bias = f"{type(part).__name__} used as Linear", "".join(uses.biases[known])
        else:
            continue
        if weight.is_floating_point() and weight.layout == torch.strided and weight.numel():
            yield LayerSpec(
                name if is_weight and name else key,
                (weight.shape[0], weight[0].numel()),
                key,
                bias if bias in own else None,
                activation=uses.activations.get(known),
                origin=origin,
            )


def _group(name: str, part: nn.Module, tensors: dict[str, Tensor]) -> Group:
    keys = sorted(tensors, key=lambda key: -tensors[key].numel())
    main = tensors[keys[0]]
    return Group(name, tuple(main.shape), _reason(part, main), tuple(keys))


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
