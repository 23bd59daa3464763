"""The weights of a live module: by the same rules as those of files, and what only a module itself can say.

A module computes the weight of any parametrisation, and dequantises its own; a PEFT layer knows its adapters' scales.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from netaudit.formats.weights_file import Declared
from netaudit.network.network import TensorStore
from netaudit.sources.composed.adapter_scale import exactly
from netaudit.sources.composed.rule import Made, Read
from netaudit.sources.composed.store import ComposedStore
from netaudit.sources.composed.table import compose
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


def live_weights(module: nn.Module, store: TensorStore) -> LiveWeights:
    """Compose the tensors of a module; ``store`` reads them under the module's names."""
    tensors: dict[str, Tensor] = dict(module.named_parameters(remove_duplicate=False))
    parameters = set(tensors)
    tensors |= dict(module.named_buffers(remove_duplicate=False))
    declared = {name: _declared(tensor, name in parameters) for name, tensor in tensors.items()}
    made, parts = _by_the_module(module, tensors)
    if made:
        gone = {part for names in parts.values() for part in names}
        declared = {name: tensor for name, tensor in declared.items() if name not in gone}
        declared |= {
            name: Declared(weight.shape, weight.dtype, ("module", name), origin=weight.origin)
            for name, weight in made.items()
        }
        store = ComposedStore(store, declared, made, parts)
    adapter = {"alpha_pattern": _alphas(module)}
    return LiveWeights(*compose(store, declared, _config(module), adapter, _shuffled(module)))


def _declared(tensor: Tensor, parameter: bool) -> Declared:
    plain = type(tensor) in (Tensor, nn.Parameter) and tensor.layout == torch.strided
    why = "" if plain and (tensor.is_meta or not refusal(tensor)) else refusal(tensor) or "not read"
    shape = () if tensor.is_nested else tuple(tensor.shape)
    return Declared(shape, dtype_name(tensor), id(tensor) if parameter else ("buffer", id(tensor)), why)


def _config(module: nn.Module) -> Mapping[str, Any]:
    """The configuration of a model of the transformers library."""
    to_dict = getattr(getattr(module, "config", None), "to_dict", None)
    found = to_dict() if callable(to_dict) else {}
    return found if isinstance(found, dict) else {}


def _shuffled(module: nn.Module) -> frozenset[str]:
    """The fused projections whose rows timm's attention keeps by head (MaxViT, CoAtNet)."""
    return frozenset(
        f"{name}.qkv" for name, part in module.named_modules() if getattr(part, "head_first", False) is True
    )


def _alphas(module: nn.Module) -> dict[str, float]:
    """The alpha of each PEFT layer whose adapter is not merged into its base yet: its scale times r.

    By a pattern that fits the layer's name alone.
    """
    alphas: dict[str, float] = {}
    for name, part in module.named_modules():
        scaling, factors = getattr(part, "scaling", None), getattr(part, "lora_A", None)
        if isinstance(scaling, dict) and isinstance(factors, nn.ModuleDict) and not getattr(part, "merged", False):
            for adapter, factor in factors.items():
                weight, scale = getattr(factor, "weight", None), scaling.get(adapter)
                if isinstance(weight, Tensor) and isinstance(scale, (int, float)):
                    alphas[exactly(name)] = float(scale) * weight.shape[0]
    return alphas


def _by_the_module(
    module: nn.Module, tensors: Mapping[str, Tensor]
) -> tuple[dict[str, Made], dict[str, tuple[str, ...]]]:
    """Weights that the module itself gives, and what they are made of."""
    made: dict[str, Made] = {}
    parts: dict[str, tuple[str, ...]] = {}
    for name, part in module.named_modules(remove_duplicate=False):
        dot = f"{name}." if name else ""
        if parametrize.is_parametrized(part):
            for own, functions in part.parametrizations.items():
                prefix = f"{dot}parametrizations.{own}."
                held = tuple(key for key in tensors if key.startswith(prefix))
                if not _by_a_rule(functions) and not any(tensors[key].is_meta for key in held):
                    words = ", ".join(type(function).__name__ for function in functions)
                    shape, dtype = _of(part, own)
                    made[dot + own] = Made(dot + own, shape, _computed(part, own), f"computed by {words}", dtype)
                    parts[dot + own] = held
        elif type(part).__module__.startswith("torch.ao.nn.quantized") and type(part).__name__ == "Linear":
            for own in ("weight", "bias"):
                tensor = getattr(part, own)()
                if isinstance(tensor, Tensor):
                    said = "dequantised from a quantised Linear"
                    made[dot + own] = Made(dot + own, tuple(tensor.shape), _dequantised(getattr(part, own)), said)
                    parts[dot + own] = ()
    for key, tensor in tensors.items():
        if type(tensor) not in (Tensor, nn.Parameter) and callable(getattr(tensor, "dequantize", None)):
            said = f"dequantised from {type(tensor).__name__}"
            made[key] = Made(key, tuple(tensor.shape), _dequantised(partial(_same, tensor)), said)
            parts[key] = (key,)
    return made, parts


def _by_a_rule(functions: nn.Module) -> bool:
    """Weight norm and spectral norm are computed from their parts as in a file, so that both give the same layer."""
    kinds = [type(function).__name__ for function in functions.children()]
    return kinds in (["_WeightNorm"], ["_SpectralNorm"])


def _of(part: nn.Module, own: str) -> tuple[tuple[int, ...], str]:
    tensor = _value(part, own)
    return tuple(tensor.shape), dtype_name(tensor)


def _value(part: nn.Module, own: str) -> Tensor:
    """The tensor as it is in eval mode, which leaves the buffers of its parametrisation as they are."""
    functions: Any = part.parametrizations[own]  # type: ignore[index]
    modes = [(inner, inner.training) for inner in functions.modules()]
    try:
        functions.eval()
        with torch.no_grad():
            tensor: Tensor = functions()
    finally:
        for inner, mode in modes:
            inner.training = mode
    return tensor.detach()


def _same(tensor: Tensor) -> Tensor:
    return tensor


def _computed(part: nn.Module, own: str) -> Callable[[Read], Tensor]:
    return lambda _: _value(part, own).to("cpu", copy=True)


def _dequantised(get: Callable[[], Any]) -> Callable[[Read], Tensor]:
    def compute(_: Read) -> Tensor:
        tensor = get().detach()
        plain: Tensor = tensor.dequantize() if tensor.is_quantized or type(tensor) is not Tensor else tensor
        return plain.to("cpu", torch.float32, copy=True)

    return compute
