"""The weights of a live module: by the same rules as those of files, and what only a module itself can say.

A module computes the weight of any parametrisation, and dequantises its own; a PEFT layer knows its adapters' scales.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from netaudit.composed.adapter_scale import exactly
from netaudit.composed.store import ComposedStore
from netaudit.composed.table import compose
from netaudit.formats.weights_file import Declared
from netaudit.network.network import TensorStore
from netaudit.sources.live_modules import Given, given, is_plain_lora, subclasses
from netaudit.sources.stores import dtype_name, refusal


@dataclass(frozen=True)
class LiveWeights:
    """What a module's tensors stand for."""

    store: TensorStore
    declared: Mapping[str, Declared]
    """Every parameter, buffer and weight that is made of them; what a weight takes the place of is not among them."""

    def made(self) -> dict[str, Declared]:
        """The weights that are computed when they are read."""
        return {name: tensor for name, tensor in self.declared.items() if tensor.origin}

    def parts(self, name: str) -> tuple[str, ...]:
        """The parameters and buffers that a weight is made of."""
        return self.store.parts_of(name) if isinstance(self.store, ComposedStore) else (name,)


def live_weights(module: nn.Module, store: TensorStore, stacked: Mapping[str, bool] | None = None) -> LiveWeights:
    """Compose the tensors of a module; ``store`` reads them under the module's names.

    ``stacked`` are 3-D weights of which a pass showed that each matrix is multiplied by, with whether it is
    ``[in, out]``.
    """
    tensors: dict[str, Tensor] = dict(module.named_parameters(remove_duplicate=False))
    parameters = set(tensors)
    tensors |= dict(module.named_buffers(remove_duplicate=False))
    plain = {name: _declared(tensor, name in parameters) for name, tensor in tensors.items()}
    store, declared = _with_given(store, plain, given(module, tensors))
    adapter = {"alpha_pattern": _alphas(module)}
    return LiveWeights(*compose(store, declared, config_of(module), adapter, _shuffled(module), stacked))


def dequantised_state(
    store: TensorStore, declared: Mapping[str, Declared], tensors: Mapping[str, Tensor]
) -> tuple[TensorStore, Mapping[str, Declared]]:
    """The tensors of a state dict in memory, those dequantised that say themselves how."""
    return _with_given(store, declared, subclasses(tensors))


def _with_given(
    store: TensorStore, declared: Mapping[str, Declared], weights: Iterable[Given]
) -> tuple[TensorStore, Mapping[str, Declared]]:
    found = {weight.made.name: weight for weight in weights}
    if not found:
        return store, declared
    gone = {part for weight in found.values() for part in weight.parts}
    made = {name: weight.made for name, weight in found.items()}
    new = {
        name: Declared(weight.shape, weight.dtype, ("module", name), origin=weight.origin)
        for name, weight in made.items()
    }
    # What stands for itself keeps its place, which for a state dict is that of the network's definition.
    kept = {name: new.get(name, tensor) for name, tensor in declared.items() if name in new or name not in gone}
    declared = kept | new
    return ComposedStore(store, declared, made, {name: weight.parts for name, weight in found.items()}), declared


def _declared(tensor: Tensor, parameter: bool) -> Declared:
    plain = type(tensor) in (Tensor, nn.Parameter) and tensor.layout == torch.strided
    why = "" if plain and (tensor.is_meta or not refusal(tensor)) else refusal(tensor) or "not read"
    shape = () if tensor.is_nested else tuple(tensor.shape)
    return Declared(shape, dtype_name(tensor), id(tensor) if parameter else ("buffer", id(tensor)), why)


def config_of(module: nn.Module) -> Mapping[str, Any]:
    """The configuration of a model of the transformers library; empty for any other module."""
    to_dict = getattr(getattr(module, "config", None), "to_dict", None)
    found = to_dict() if callable(to_dict) else {}
    return found if isinstance(found, dict) else {}


def _shuffled(module: nn.Module) -> frozenset[str]:
    """The fused projections whose rows timm's attention keeps by head (MaxViT, CoAtNet)."""
    return frozenset(
        f"{name}.qkv" for name, part in module.named_modules() if getattr(part, "head_first", False) is True
    )


def _alphas(module: nn.Module) -> dict[str, float]:
    """The alpha of each PEFT layer that has one adapter, which is not merged into its base yet: its scale times r.

    By a pattern that fits the layer's name alone.
    """
    alphas: dict[str, float] = {}
    for name, part in module.named_modules():
        scaling, factors = getattr(part, "scaling", None), getattr(part, "lora_A", None)
        if isinstance(scaling, dict) and isinstance(factors, nn.ModuleDict) and is_plain_lora(part):
            for adapter, factor in factors.items():
                weight, scale = getattr(factor, "weight", None), scaling.get(adapter)
                if isinstance(weight, Tensor) and isinstance(scale, (int, float)):
                    alphas[exactly(name)] = float(scale) * weight.shape[0]
    return alphas
