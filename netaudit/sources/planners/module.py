"""Plan an ``nn.Module``: its layers by their types, their activations and the head by a traced forward pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from netaudit.formats.weights_file import Declared
from netaudit.network.cells import CellSpec, Kind, cells_among
from netaudit.network.graph import Graph
from netaudit.network.network import LayerSpec
from netaudit.sources.live import LiveWeights
from netaudit.sources.planners import pointwise
from netaudit.sources.planners.choices import UNSAID, Choices
from netaudit.sources.planners.gates import Parameters, gates
from netaudit.sources.planners.head import with_adapters
from netaudit.sources.planners.module_head import module_head
from netaudit.sources.planners.plan import Group, Plan, assemble, in_projections
from netaudit.sources.planners.tables import matches
from netaudit.sources.planners.uses import Uses, is_a, join, kind_of, own_parameters
from netaudit.sources.planners.without_effect import refuse_without_effect

_CONVOLUTIONS: tuple[type, ...] = (
    *(_ConvNd, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d),
)
_REASONS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((nn.Embedding, nn.EmbeddingBag), "embedding"),
    ((nn.RNNBase, nn.RNNCellBase), "recurrent"),
    (_CONVOLUTIONS, "convolution"),
    ((_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm), "normalisation"),
)

# What recurrent modules say of themselves: the mode of a layer, the class of a single cell, its nonlinearity.
_KINDS: dict[str, Kind] = {
    **{"RNN_TANH": "rnn_tanh", "RNN_RELU": "rnn_relu", "GRU": "gru", "LSTM": "lstm"},
    **{"GRUCell": "gru", "LSTMCell": "lstm"},
}
_SIMPLE: dict[str, Kind] = {"tanh": "rnn_tanh", "relu": "rnn_relu"}


def plan(
    module: nn.Module,
    graph: Graph | None,
    live: LiveWeights | None = None,
    *,
    choices: Choices | None = None,
    model_type: str | None = None,
) -> Plan:
    """What to audit in a module, which is only looked at.

    Without a graph no convolution counts as fully connected, activations are unknown, and the head is inferred.

    Args:
        module: the module.
        graph: its recorded pass, where there is one.
        live: which weights are made of the module's tensors; without it each tensor stands for itself.
        choices: what the user says is a layer, and what is none; None where that cannot be said.
        model_type: the kind of model of the transformers library, where it is one.

    Raises:
        SourceError: a choice has no effect.
    """
    uses = Uses(module, graph, live, choices or UNSAID)
    tensors = dict(module.named_parameters(remove_duplicate=False))
    kept: Parameters = {key: (id(tensor), tensor.numel()) for key, tensor in tensors.items() if key not in uses.taken}
    chosen = (key for key in kept if key in uses.refused or matches(key, uses.choices.not_layer))
    of_gates = gates(_cells(module, every_name=True), kept, chosen)
    parts = []
    for name, part in module.named_modules(remove_duplicate=False):
        made = uses.made_in.get(name, {})
        own = own_parameters(name, part).items()
        specs = [*_layers(name, part, uses), *_made_layers(part, made, uses)]
        used = {key for spec in specs for key in (spec.weight, spec.bias)} | of_gates.cut
        specs += [spec for key, _ in own for spec in of_gates.layers.get(key, ())]
        rest = {key: tensor for key, tensor in own if key not in used and key not in uses.taken}
        together = [(name, rest)] if name else [(key, {key: tensor}) for key, tensor in rest.items()]
        groups = [_group(label, part, group, uses, choices) for label, group in together if group]
        left = [key for key in made if key not in used]
        groups += [Group(_layer(key), made[key].shape, _made_reason(part, made[key]), (key,)) for key in left]
        if not groups and not specs and (packed := _packed(part)):
            groups.append(Group(name, (), packed, ()))
        parts.append((specs, groups))
    entries, total = assemble(
        parts, {**of_gates.parameters} | {key: (t.identity, t.size) for key, t in uses.made.items()}
    )
    refuse_without_effect(uses.choices, (*kept, *uses.made), entries)
    found = with_adapters(module_head(of_gates.hidden(entries), graph, uses, model_type), entries)
    return Plan(tuple(entries), total, found.head, _cells(module), found.gap, of_gates.parts)


def graph_names(module: nn.Module, live: LiveWeights, weight: str) -> tuple[str, ...]:
    """The names by which a recorded pass of the module may know a weight that is made of its tensors."""
    return Uses(module, None, live).weights(weight)


def _cells(module: nn.Module, *, every_name: bool = False) -> tuple[CellSpec, ...]:
    """The recurrent cells, each once, or under every name that its module goes by."""
    kinds: dict[str, Kind] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    for name, part in module.named_modules(remove_duplicate=not every_name):
        if isinstance(part, (nn.RNNBase, nn.RNNCellBase)):
            kinds[name] = _KINDS.get(str(getattr(part, "mode", type(part).__name__))) or _SIMPLE[str(part.nonlinearity)]
            shapes |= {key: tuple(tensor.shape) for key, tensor in own_parameters(name, part).items()}
    return cells_among(shapes, kinds)


def _packed(part: nn.Module) -> str:
    """Why a quantised module of PyTorch without parameters is skipped; empty for any other."""
    quantised = type(part).__module__.startswith(("torch.ao.nn.quantized", "torch.ao.nn.intrinsic.quantized"))
    holds = any(hasattr(part, name) for name in ("_packed_params", "_all_weight_values"))
    own = quantised and holds and "PackedParam" not in type(part).__name__
    return f"quantised {type(part).__name__}: its packed weights are not read" if own else ""


def _layers(name: str, part: nn.Module, uses: Uses) -> Iterator[LayerSpec]:
    """The fully connected layers whose weights the part holds itself."""
    own = own_parameters(name, part)
    if isinstance(part, nn.MultiheadAttention):
        shapes = {key.rpartition(".")[2]: tuple(tensor.shape) for key, tensor in own.items()}
        yield from in_projections(name, shapes, uses.attention)
        return
    for key, weight in own.items():
        plain = weight.is_floating_point() and weight.layout == torch.strided and weight.numel()
        if key in uses.taken or key in uses.refused or not plain or matches(key, uses.choices.not_layer):
            continue
        known, is_weight, turned = uses.names[id(weight)], key == join(name, "weight"), False
        if is_a(part, nn.Linear) and is_weight and weight.ndim == 2:
            origin, bias = "Linear", join(name, "bias")
        elif known in uses.covering:
            origin = f"{kind_of(part)} {'x'.join(map(str, weight.shape[2:]))} covering its whole input"
            bias = "".join(uses.biases[known])
        elif known in uses.biases and weight.ndim == 2 and id(weight) not in uses.linear:
            turned = known in uses.turned
            how = "used as Linear, stored as [in, out]" if turned else "used as Linear"
            origin, bias = f"{kind_of(part)} {how}", "".join(uses.biases[known])
        elif matches(key, uses.choices.as_layer) and (how := _as_layer(part, weight)):
            origin, bias = f"{kind_of(part)}{how}, by --as-layer", join(name, "bias")
        else:
            continue
        out = weight.shape[1] if turned else weight.shape[0]
        fits = (bias in own and bias not in uses.taken and own[bias].shape == (out,)) or bias in uses.made
        yield LayerSpec(
            name if is_weight and name else key,
            (out, weight.shape[0] if turned else weight[0].numel()),
            key,
            bias if fits else None,
            activation=uses.activations.get(known),
            origin=origin,
            transposed=turned,
        )


def _as_layer(part: nn.Module, weight: Tensor) -> str:
    """What a parameter is that a user wants audited, in words that begin with a space; empty where it is no matrix."""
    if weight.ndim == 2:
        return f" {'x'.join(map(str, weight.shape))}"
    pointwise_kernel = pointwise.kernel(weight.shape)
    plain = getattr(part, "groups", 1) == 1 and not getattr(part, "transposed", False)
    return f" {pointwise_kernel}, {pointwise.EACH_POSITION}" if pointwise_kernel and plain else ""


def _made_layers(part: nn.Module, made: Mapping[str, Declared], uses: Uses) -> Iterator[LayerSpec]:
    """The fully connected layers among the weights that are made of a part's tensors."""
    if isinstance(part, tuple(kind for kinds, _ in _REASONS for kind in kinds)):
        return
    for key, weight in made.items():
        if len(weight.shape) != 2 or not weight.size or weight.refusal or matches(key, uses.choices.not_layer):
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


def _made_reason(part: nn.Module, made: Declared) -> str:
    kinds = (reason for types, reason in _REASONS if isinstance(part, types))
    return next(kinds, f"other parameters of {type(part).__name__}, {made.origin}")


def _layer(key: str) -> str:
    return key.removesuffix(".weight")


def _group(name: str, part: nn.Module, tensors: dict[str, Tensor], uses: Uses, choices: Choices | None) -> Group:
    keys = sorted(tensors, key=lambda key: -tensors[key].numel())
    main = tensors[keys[0]]
    said = "not a layer, by --not-layer" if matches(keys[0], uses.choices.not_layer) else ""
    reason = uses.refused.get(keys[0]) or said or _reason(part, main, asked=choices is not None)
    return Group(name, tuple(main.shape), reason, tuple(keys))


def _reason(part: nn.Module, main: Tensor, *, asked: bool) -> str:
    if is_a(part, *_CONVOLUTIONS):
        alone = getattr(part, "groups", 1) == 1 and not getattr(part, "transposed", False)
        return pointwise.reason(main.shape if alone else (), asked=asked)
    for types, reason in _REASONS:
        if is_a(part, *types):
            return reason
    kind = kind_of(part)
    if is_a(part, nn.Linear):
        dtype = str(main.dtype).removeprefix("torch.")
        if main.is_complex():
            return f"{dtype}: complex weights are not covered"
        if not main.is_floating_point():
            return f"{dtype} weights: quantised layers are not read yet"
        return "empty weight" if not main.numel() else "the weight is computed from other parameters"
    return "normalisation" if "norm" in kind.lower() else f"other parameters of {kind}"
