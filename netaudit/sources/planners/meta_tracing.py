"""An architecture without its weights: built in a moment, and traced for shapes alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from netaudit.network.graph import Graph
from netaudit.sources.planners.recording import Recorder

# Sides of square images to try when a module does not say what it takes: ImageNet, CIFAR, MNIST, then the rest.
_SIDES = (224, 32, 28, 64, 96, 128, 227, 256, 299, 384)
_LENGTHS = (1024, 128, 100, 784)  # of one-dimensional signals
_FRAMES = 16  # of a clip, as the Kinetics models take them


class _EmptyOnMeta(TorchFunctionMode):
    """Sends ``torch.empty``, from which torch.nn makes its parameters, to the meta device.

    Unlike ``with torch.device("meta")`` it leaves small tables that a constructor computes (``torch.arange``,
    ``torch.linspace``) real, so that models which read them while they are built (RegNet) can be built at all.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is torch.empty and kwargs.get("device") is None:
            kwargs = {**kwargs, "device": "meta"}
        return func(*args, **kwargs)


def build(make: Callable[[], nn.Module]) -> nn.Module:
    """The module in eval mode with its weights on the meta device; the global random state is left as it was.

    A constructor that runs its own layers (SSDlite) needs everything on meta; one that can be built on neither is built
    for real.
    """
    with torch.random.fork_rng(devices=[]):
        for mode in (_EmptyOnMeta(), torch.device("meta")):
            with suppress(RuntimeError), mode:
                return make().eval()
        return make().eval()


@contextmanager
def untouched(module: nn.Module) -> Iterator[None]:
    """Put every attribute of the module and its parts back afterwards: training flags, buffers, caches, counters."""
    # Shallow, and dictionaries are refilled in place: a handle of a hook, for one, refers to the very dictionary.
    before = [(part, dict(vars(part))) for part in module.modules()]
    contents = [(d, dict(d)) for _, attributes in before for d in attributes.values() if isinstance(d, dict)]
    try:
        yield
    finally:
        for part, attributes in before:
            vars(part).clear()
            vars(part).update(attributes)
        for dictionary, items in contents:
            dictionary.clear()
            dictionary.update(items)


def trace(module: nn.Module, inputs: Sequence[Tensor]) -> Graph | None:
    """Record a forward pass on the first input that the module takes; None when it takes none of them.

    ``inputs`` are on the meta device, and so runs the pass. A module that keeps a plain tensor as an attribute cannot
    run there: when all inputs fail, real zeros are tried, unless the module has no real weights.
    """
    with untouched(module), torch.no_grad():
        with suppress(NotImplementedError):  # a program of torch.export stays in the mode that it was exported in
            module.eval()
        parameters = dict(module.named_parameters())
        meta = {name: _without_data(t) for name, t in [*parameters.items(), *module.named_buffers()]}
        names = {id(meta[name]): name for name in parameters}
        constants = frozenset(id(meta[name]) for name, _ in module.named_buffers())
        with suppress(NotImplementedError):  # an operation needs the numbers themselves, whatever the inputs' shape
            for x in inputs:
                if graph := _record(names, constants, partial(torch.func.functional_call, module, meta, (x,))):
                    return graph
        if any(parameter.is_meta for parameter in parameters.values()):
            return None
        names = {id(parameter): name for name, parameter in parameters.items()}
        constants = frozenset(id(buffer) for buffer in module.buffers())
        device = next((parameter.device for parameter in parameters.values()), torch.device("cpu"))
        for x in inputs:
            with suppress(NotImplementedError):
                if graph := _record(
                    names, constants, partial(module, torch.zeros(x.shape, dtype=x.dtype, device=device))
                ):
                    return graph
    return None


def _without_data(tensor: Tensor) -> Tensor:
    """The tensor on meta. ``torch.empty_like`` would load PyTorch's compiler, which takes seconds."""
    if tensor.layout != torch.strided:
        return torch.empty_like(tensor, device="meta")
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")


def _record(names: dict[int, str], constants: frozenset[int], run: Callable[[], Any]) -> Graph | None:
    """The operations of a run; None when it fails.

    Raises:
        NotImplementedError: an operation has no form without numbers.
    """
    recorder = Recorder(names, constants)
    try:
        with torch.random.fork_rng(devices=[]), recorder:
            output = run()
    except NotImplementedError:
        raise
    except Exception:  # noqa: BLE001 - a user's forward may raise anything; a model that cannot run is not an error
        return None
    return recorder.finish(output)


_LAYERS = (nn.Embedding, nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.RNNBase)


def guess_inputs(module: nn.Module) -> list[Tensor]:
    """Inputs (on meta) that a module may take, likeliest first: what it says itself, else by its first layer."""
    shapes: list[tuple[int, ...]] = []
    for config in (getattr(module, "pretrained_cfg", None), getattr(module, "default_cfg", None)):  # timm's attributes
        if isinstance(config, dict) and config.get("input_size"):
            shapes.append((1, *config["input_size"]))
    dtype = next((p.dtype for p in module.parameters() if p.is_floating_point()), torch.float32)
    first = next((part for part in module.modules() if isinstance(part, _LAYERS)), None)
    if isinstance(first, nn.Embedding):
        shapes, dtype = [(1, 8), (1, 1), (8,)], torch.long
    elif isinstance(first, nn.Linear):
        n = first.in_features
        images = [(1, c, side, side) for c in (1, 3) for side in _SIDES if c * side * side == n]
        shapes += [(1, n), *images, (1, 8, n)]
    elif isinstance(first, nn.Conv1d):
        shapes += [(1, first.in_channels, length) for length in _LENGTHS]
    elif isinstance(first, nn.Conv2d):
        shapes += [(1, first.in_channels, side, side) for side in _SIDES]
    elif isinstance(first, nn.Conv3d):
        shapes += [(1, first.in_channels, _FRAMES, side, side) for side in (112, 224)]
    elif isinstance(first, nn.RNNBase):
        shapes += [(1, 8, first.input_size)]
    elif first is None:  # functional code: the first matrices, either way round
        matrices = [tuple(p.shape) for p in module.parameters() if p.ndim == 2][:2]
        shapes += [(1, shape[axis]) for shape in matrices for axis in (1, 0)]
    inputs = [torch.empty(shape, dtype=dtype, device="meta") for shape in shapes]
    example = getattr(module, "example_input_array", None)  # PyTorch Lightning's attribute
    return [example[:1].to("meta"), *inputs] if isinstance(example, Tensor) else inputs
