"""Weights that a live module itself gives: it computes a parametrisation, dequantises its own, merges its adapters."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from netaudit.composed.rule import Made, Read
from netaudit.sources.stores import dtype_name


@dataclass(frozen=True)
class Given:
    """A weight that a module gives, and the tensors that it takes the place of."""

    made: Made
    parts: tuple[str, ...] = ()


def given(module: nn.Module, tensors: Mapping[str, Tensor]) -> Iterator[Given]:
    """Every such weight. ``tensors`` are the parameters and buffers by their names."""
    inside: tuple[str, ...] = ()
    for name, part in module.named_modules(remove_duplicate=False):
        dot = f"{name}." if name else ""
        if name.startswith(inside):
            continue
        if parametrize.is_parametrized(part):
            yield from _parametrised(dot, part, tensors)
        elif is_packed_linear(part):
            yield from _packed(dot, part)
        elif type(part).__module__.startswith("bitsandbytes"):
            yield from _saved(dot, part, tensors)
        elif is_adapted(part) and not is_plain_lora(part):
            yield from _adapted(dot, part, tensors)
            inside += (f"{dot}",)
    yield from subclasses(tensors)


def subclasses(tensors: Mapping[str, Tensor]) -> Iterator[Given]:
    """The quantised tensors, and those of a class of their own that says how they are dequantised (torchao's)."""
    for key, tensor in tensors.items():
        own = getattr(type(tensor), "dequantize", None) not in (None, Tensor.dequantize)
        if tensor.is_quantized or (own and type(tensor) is not nn.Parameter):
            said = f"dequantised from {dtype_name(tensor) if tensor.is_quantized else type(tensor).__name__}"
            yield Given(Made(key, tuple(tensor.shape), _dequantised(partial(_same, tensor)), said), (key,))


def is_packed_linear(part: nn.Module) -> bool:
    """Whether it is a quantised Linear of PyTorch, which keeps its weight and bias in one object."""
    kind = type(part)
    return (
        kind.__module__.startswith("torch.ao.nn")
        and ".quantized" in kind.__module__
        and hasattr(part, "_packed_params")
        and kind.__name__ in ("Linear", "LinearReLU")
    )


def packed_names(module: nn.Module) -> dict[int, tuple[str, ...]]:
    """The weight and bias in each object in which a quantised Linear of PyTorch keeps them, by its ``id``."""
    found: dict[int, tuple[str, ...]] = {}
    for name, part in module.named_modules():
        held = getattr(getattr(part, "_packed_params", None), "_packed_params", None)
        if isinstance(held, torch.ScriptObject):
            dot = f"{name}." if name else ""
            found[id(held)] = (f"{dot}weight", f"{dot}bias")
    return found


def is_adapted(part: nn.Module) -> bool:
    """Whether it is a layer with PEFT's adapters around it."""
    return isinstance(getattr(part, "base_layer", None), nn.Module) and callable(getattr(part, "merge", None))


def is_plain_lora(part: nn.Module) -> bool:
    """Whether a rule adds its adapter as it does for files: one LoRA adapter that is in use, and not merged yet."""
    factors, active = getattr(part, "lora_A", None), getattr(part, "active_adapters", None)
    one = isinstance(factors, nn.ModuleDict) and len(factors) == 1 and list(factors) == list(active or factors)
    return one and not getattr(part, "merged", False) and not getattr(part, "disable_adapters", False)


def _parametrised(dot: str, part: Any, tensors: Mapping[str, Tensor]) -> Iterator[Given]:
    for own, functions in part.parametrizations.items():
        prefix = f"{dot}parametrizations.{own}."
        held = tuple(key for key in tensors if key.startswith(prefix))
        if not _by_a_rule(functions, tensors, held) and not any(tensors[key].is_meta for key in held):
            words = ", ".join(type(function).__name__ for function in functions)
            tensor = _value(part, own)
            compute = partial(_computed, part, own)
            yield Given(Made(dot + own, tuple(tensor.shape), compute, f"computed by {words}", dtype_name(tensor)), held)


def _by_a_rule(functions: nn.Module, tensors: Mapping[str, Tensor], held: tuple[str, ...]) -> bool:
    """Weight norm and spectral norm are computed from their parts as in a file, so that both give the same layer."""
    kinds = [type(function).__name__ for function in functions.children()]
    return kinds in (["_WeightNorm"], ["_SpectralNorm"]) and max(tensors[key].ndim for key in held) > 1


def _value(part: Any, own: str) -> Tensor:
    """The tensor as it is in eval mode, which leaves the buffers of its parametrisation as they are."""
    functions = part.parametrizations[own]
    modes = [(inner, inner.training) for inner in functions.modules()]
    try:
        functions.eval()
        with torch.no_grad():
            tensor: Tensor = functions()
    finally:
        for inner, mode in modes:
            inner.training = mode
    return tensor.detach()


def _computed(part: nn.Module, own: str, _: Read) -> Tensor:
    return _value(part, own).to("cpu", copy=True)


def _packed(dot: str, part: Any) -> Iterator[Given]:
    for own in ("weight", "bias"):
        tensor = getattr(part, own)()
        if isinstance(tensor, Tensor):
            compute = _dequantised(getattr(part, own))
            yield Given(Made(dot + own, tuple(tensor.shape), compute, "dequantised from a quantised Linear"))


def _saved(dot: str, part: nn.Module, tensors: Mapping[str, Tensor]) -> Iterator[Given]:
    """What a layer of bitsandbytes would save: its codes with their scales, as the rules for files know them."""
    for own, tensor in part.state_dict().items():
        if isinstance(tensor, Tensor) and type(tensors.get(dot + own)) not in (Tensor, nn.Parameter):
            plain = tensor.detach().as_subclass(Tensor)
            made = Made(dot + own, tuple(plain.shape), partial(_copied, plain), "", dtype_name(plain))
            yield Given(made, (dot + own,) if dot + own in tensors else ())


def _copied(tensor: Tensor, _: Read) -> Tensor:
    return tensor.to("cpu", copy=True)


def _adapted(dot: str, part: Any, tensors: Mapping[str, Tensor]) -> Iterator[Given]:
    """The weight that the adapters make of the base's, by PEFT's own code on a copy of the layer."""
    base = part.base_layer
    weight: Any = getattr(base, "weight", None)
    plain = type(weight) in (Tensor, nn.Parameter) and weight.is_floating_point() and weight.ndim == 2
    held = tuple(key for key in tensors if key.startswith(dot))
    turned = type(base).__name__ == "Conv1D"
    if not plain or not (turned or isinstance(base, nn.Linear)) or any(tensors[key].is_meta for key in held):
        return
    kind = type(part).__module__.split(".")[-2:][0]
    if getattr(part, "merged", False):
        how = f"with its {kind} adapter merged"
    elif getattr(part, "disable_adapters", False):
        how = f"with its {kind} adapter disabled"
    else:
        how = f"with its {kind} adapter added"
    how += ", stored as [in, out]" if turned else ""
    bias: Any = getattr(base, "bias", None)
    biases = tuple(key for key in held if isinstance(bias, Tensor) and tensors[key] is bias)
    rest = tuple(key for key in held if key not in biases)
    shape = tuple(reversed(weight.shape)) if turned else tuple(weight.shape)
    compute = partial(_merged, part, "weight", turned)
    yield Given(Made(f"{dot}weight", shape, compute, f"{type(base).__name__} {how}", dtype_name(weight)), rest)
    if biases:
        made = Made(f"{dot}bias", tuple(bias.shape), partial(_merged, part, "bias", False), how, dtype_name(bias))
        yield Given(made, biases)


def _merged(part: Any, own: str, turned: bool, _: Read) -> Tensor:
    if not getattr(part, "merged", False) and not getattr(part, "disable_adapters", False):
        part = copy.deepcopy(part)
        try:
            with torch.no_grad():
                part.merge()
        except Exception as error:
            raise ValueError(f"its adapter cannot be merged: {type(error).__name__}: {error}") from error
    tensor: Tensor = getattr(part.base_layer, own).detach().to("cpu", copy=True)
    return tensor.T.contiguous() if turned else tensor


def _same(tensor: Tensor) -> Tensor:
    return tensor


def _dequantised(get: Callable[[], Any]) -> Callable[[Read], Tensor]:
    def compute(_: Read) -> Tensor:
        tensor = get().detach()
        plain: Tensor = tensor.dequantize() if tensor.is_quantized or type(tensor) is not Tensor else tensor
        return plain.to("cpu", torch.float32, copy=True)

    return compute
