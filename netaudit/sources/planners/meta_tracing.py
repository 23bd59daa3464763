"""An architecture without its weights: built in a moment, and traced for shapes alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from netaudit.network.graph import Graph
from netaudit.sources.live_modules import is_adapted, packed_names
from netaudit.sources.planners.example_inputs import Call
from netaudit.sources.planners.recording import Recorder
from netaudit.sources.planners.untouched import untouched
from netaudit.text import printable


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


@dataclass(frozen=True)
class Trace:
    """A recorded forward pass, or why there is none."""

    graph: Graph | None
    failure: str = ""
    """Why no call could be recorded, in one line."""


def trace(module: nn.Module, calls: Sequence[Call]) -> Trace:
    """Record a forward pass of the first call that the module takes.

    The pass runs on the meta device. A module that keeps a plain tensor as an attribute, or that looks at its numbers,
    cannot run there: when all calls fail, the first that runs on real tensors is taken, zeros where the call has no
    numbers, unless the module has no real weights.
    """
    failures: list[str] = []
    parameters = dict(module.named_parameters())
    tensors = [*parameters.items(), *module.named_buffers()]
    packed = packed_names(module)
    with untouched(module), torch.no_grad(), suppress(_NeedsNumbersError):
        _predict(module)
        meta = {name: _without_data(tensor) for name, tensor in tensors}
        names = {id(meta[name]): name for name in parameters}
        constants = frozenset(id(meta[name]) for name, _ in module.named_buffers())
        for call in calls:
            on_meta = call.mapped(_without_data)
            run = partial(torch.func.functional_call, module, meta, on_meta.arguments, dict(on_meta.named))
            if graph := _record(Recorder(names, constants, packed), run, call, failures):
                return Trace(graph)
    if any(parameter.is_meta for parameter in parameters.values()):
        return Trace(None, _first(failures))
    names = {id(parameter): name for name, parameter in parameters.items()}
    constants = frozenset(id(buffer) for buffer in module.buffers())
    device = next((parameter.device for parameter in parameters.values()), torch.device("cpu"))
    failures = []
    with untouched(module, numbers=True), torch.no_grad():
        _predict(module)
        for call in calls:
            real = call.mapped(partial(_with_data, device=device))
            run = partial(module, *real.arguments, **real.named)
            with suppress(_NeedsNumbersError):
                if graph := _record(Recorder(names, constants, packed), run, call, failures):
                    return Trace(graph)
    return Trace(None, _first(failures))


class _NeedsNumbersError(Exception):
    """An operation has no form without numbers, whatever the inputs' shape."""


def _record(recorder: Recorder, run: Callable[[], Any], call: Call, failures: list[str]) -> Graph | None:
    """The graph of a call; None when it fails, with the reason noted.

    Raises:
        _NeedsNumbersError: an operation has no form without numbers.
    """
    try:
        return recorder.record(run, call.rows)
    except (Exception, SystemExit) as error:  # a user's forward may raise anything, and even try to leave
        failures.append(f"a pass on {call.words} failed: {one_line(error)}")
        if isinstance(error, NotImplementedError):
            raise _NeedsNumbersError from error
        return None


def _predict(module: nn.Module) -> None:
    """Put the module in eval mode, and leave out PEFT's adapters, which are added to the weights that are audited."""
    with suppress(NotImplementedError):  # a program of torch.export stays in the mode that it was exported in
        module.eval()
    for part in module.modules():
        if is_adapted(part) and vars(part).get("_disable_adapters") is False and not getattr(part, "merged", False):
            vars(part)["_disable_adapters"] = True


def _first(failures: Sequence[str]) -> str:
    return failures[0] if failures else "what it takes could not be guessed"


def one_line(error: BaseException) -> str:
    """An error in one line that can be printed: its type and its first line, without addresses in memory.

    >>> one_line(ValueError("expected 3, got <Net object at 0x7f00>\\nand more"))
    'ValueError: expected 3, got <Net object at 0x...>'
    """
    first = re.sub(r"0x[0-9a-fA-F]+", "0x...", str(error).strip().partition("\n")[0])
    return printable(f"{type(error).__name__}: {first}" if first else type(error).__name__, 160)


def _without_data(tensor: Tensor) -> Tensor:
    """The tensor on meta. ``torch.empty_like`` would load PyTorch's compiler, which takes seconds."""
    if tensor.layout != torch.strided:
        return torch.empty_like(tensor, device="meta")
    if tensor.is_quantized:
        return torch.empty(tensor.shape, device="meta")
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")


def _with_data(tensor: Tensor, device: torch.device) -> Tensor:
    if tensor.is_meta:
        return torch.zeros(tensor.shape, dtype=tensor.dtype, device=device)
    return tensor.detach().to(device, copy=True)
