"""What to run a module on: the example that a user gives, or zeros of the shapes that the module may take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from netaudit.errors import SourceError

# Sides of square images to try when a module does not say what it takes: ImageNet, CIFAR, MNIST, then the rest.
_SIDES = (224, 32, 28, 64, 96, 128, 227, 256, 299, 384)
_LENGTHS = (1024, 128, 100, 784)  # of one-dimensional signals
_FRAMES = 16  # of a clip, as the Kinetics models take them
_LAYERS = (nn.Embedding, nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.RNNBase)


@dataclass(frozen=True)
class Call:
    """The arguments of one call of a module."""

    arguments: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 1
    """How many inputs it holds."""
    words: str = "the example"

    def mapped(self, change: Callable[[Tensor], Tensor]) -> Call:
        """The call with each tensor changed, also those in lists, tuples and dicts."""
        return replace(self, arguments=_mapped(self.arguments, change), named=_mapped(dict(self.named), change))

    def tensors(self) -> list[Tensor]:
        """Its tensors, in their order."""
        found: list[Tensor] = []

        def note(tensor: Tensor) -> Tensor:
            found.append(tensor)
            return tensor

        self.mapped(note)
        return found


def zeros(*shape: int, dtype: torch.dtype = torch.float32) -> Call:
    """A call with one tensor of that shape. It is on the meta device, and zeros on any other."""
    return Call((torch.empty(shape, dtype=dtype, device="meta"),), words=f"zeros of shape {shape}")


def example_calls(example: Any) -> list[Call]:
    """The calls that a user's example stands for, likeliest first.

    A tensor is the one argument, a tuple the positional arguments, a dict the named ones. The first axis of each tensor
    counts inputs: one of them is enough, and where the module does not take one alone, it gets all of them.

    Raises:
        SourceError: it is neither a tensor (or an array of NumPy), nor a tuple, nor a dict with names as keys.
    """
    if isinstance(example, (Tensor, np.ndarray)):
        call = Call((example,))
    elif isinstance(example, Mapping) and all(isinstance(name, str) for name in example):
        call = Call(named=dict(example))
    elif isinstance(example, tuple):
        call = Call(example)
    else:
        raise SourceError(
            f"example= cannot be a {type(example).__name__}",
            hint="a tensor, a tuple of positional arguments, or a dict of keyword arguments",
        )
    call = replace(call, arguments=_with_tensors(call.arguments), named=_with_tensors(dict(call.named)))
    first = next((tensor for tensor in call.tensors() if tensor.ndim > 1), None)
    if first is None or first.shape[0] < 2:
        return [call]
    rows = first.shape[0]
    one = call.mapped(lambda tensor: tensor[:1] if tensor.ndim and tensor.shape[0] == rows else tensor)
    return [one, replace(call, rows=rows)]


def described(example: Any) -> str:
    """An example in words, for the settings of a report."""
    shapes = [list(tensor.shape) for call in example_calls(example)[-1:] for tensor in call.tensors()]
    return f"tensors of shape {', '.join(map(str, shapes))}" if shapes else "no tensor"


def guess_inputs(module: nn.Module) -> list[Call]:
    """Calls that a module may take, likeliest first: what it says itself, else by its first layer."""
    dtype = next((p.dtype for p in module.parameters() if p.is_floating_point()), torch.float32)
    said = [zeros(*shape, dtype=dtype) for shape in _configured(module)]
    shown = getattr(module, "example_input_array", None)  # PyTorch Lightning's attribute
    if shown is not None and isinstance(shown, (Tensor, tuple, dict)):
        said = [*example_calls(shown)[:1], *said]
    first = next((part for part in module.modules() if isinstance(part, _LAYERS) or _is_packed(part)), None)
    if isinstance(first, nn.Embedding):
        return [*said, *(zeros(*shape, dtype=torch.long) for shape in ((1, 8), (1, 1), (8,))), *_dummies(module)]
    return [*said, *(zeros(*shape, dtype=dtype) for shape in _shapes(first, module)), *_dummies(module)]


def _configured(module: nn.Module) -> list[tuple[int, ...]]:
    configs = (getattr(module, "pretrained_cfg", None), getattr(module, "default_cfg", None))  # timm's attributes
    return [(1, *config["input_size"]) for config in configs if isinstance(config, dict) and config.get("input_size")]


def _dummies(module: nn.Module) -> list[Call]:
    """What the models of the transformers library say that they can be run on."""
    try:
        shown = getattr(module, "dummy_inputs", None)
    except Exception:  # noqa: BLE001 - a property of a user's class may raise anything
        return []
    return example_calls(shown)[:1] if isinstance(shown, dict) and shown else []


def _shapes(first: Any, module: nn.Module) -> list[tuple[int, ...]]:
    if isinstance(first, nn.Conv1d):
        return [(1, first.in_channels, length) for length in _LENGTHS]
    if isinstance(first, nn.Conv2d):
        return [(1, first.in_channels, side, side) for side in _SIDES]
    if isinstance(first, nn.Conv3d):
        return [(1, first.in_channels, _FRAMES, side, side) for side in (112, 224)]
    if isinstance(first, nn.RNNBase):
        return [(1, 8, first.input_size)]
    if first is not None:
        n = int(first.in_features)
        images = [(1, c, side, side) for c in (1, 3) for side in _SIDES if c * side * side == n]
        return [(1, n), *images, (1, 8, n)]
    # Functional code: the first matrices, either way round.
    matrices = [tuple(p.shape[-2:]) for p in module.parameters() if p.ndim in (2, 3)][:2]
    return [(1, shape[axis]) for shape in matrices for axis in (1, 0)]


def _is_packed(part: nn.Module) -> bool:
    """Whether it is a quantised Linear of PyTorch, which is none of torch.nn's."""
    return type(part).__module__.startswith("torch.ao.nn") and isinstance(getattr(part, "in_features", None), int)


def _mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    if isinstance(value, tuple):
        items = [_mapped(item, change) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return value


def _with_tensors(value: Any) -> Any:
    """The arguments with NumPy's arrays of numbers as tensors."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiubc":
        return torch.from_numpy(np.array(value, value.dtype.newbyteorder("=")))
    if isinstance(value, dict):
        return {key: _with_tensors(item) for key, item in value.items()}
    return tuple(_with_tensors(item) for item in value) if type(value) is tuple else value
