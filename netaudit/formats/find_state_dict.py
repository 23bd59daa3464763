"""Find the state dict in what a checkpoint holds: plain, nested under the usual keys, with wrappers' prefixes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from torch import Tensor

from netaudit.errors import SourceError
from netaudit.formats.plain_names import plain_names, renamed
from netaudit.text import printable

# Where training scripts keep the weights, in the order in which they are taken; averaged weights last.
WRAPPERS = (
    *("state_dict", "model_state_dict", "model", "net", "network", "module", "params", "weights"),
    *("model_ema", "state_dict_ema", "ema_state_dict", "ema"),
)
BUDGET = 1_000_000  # objects; no network has so many tensors
DEPTH = 100  # containers in each other; names grow with it, and no network is nested so deep


T = TypeVar("T")


@dataclass(frozen=True)
class StateDict(Generic[T]):
    """Named tensors, and where they lay."""

    tensors: dict[str, T]
    nested_under: str = ""
    """The keys that led to them, ``"checkpoint.model"`` for instance; empty where they lay at the top."""
    metadata: Mapping[str, Any] | None = None
    """Versions of the modules, which ``load_state_dict`` uses to convert old files."""
    notes: tuple[str, ...] = ()
    """What was not looked into, in sentences."""
    others: Mapping[str, Mapping[str, T]] = field(default_factory=dict)
    """What lies beside them: by its key, tensors under names that begin with it and are in none of the others."""

    @property
    def everything(self) -> dict[str, T]:
        """The tensors that were chosen, and those beside them."""
        return {name: tensor for held in (*self.others.values(), self.tensors) for name, tensor in held.items()}


def state_dict(loaded: Any) -> StateDict[Tensor]:
    """Find the state dict in an object in memory.

    Raises:
        SourceError: the object holds no tensors, or too many objects.
    """
    return find(loaded, lambda value: value if isinstance(value, Tensor) else None)


def find(loaded: Any, leaf: Callable[[Any], T | None]) -> StateDict[T]:
    """Find the state dict in containers that lie in each other.

    Args:
        loaded: the outermost container.
        leaf: gives the tensor that an object stands for, or None for any other object.

    Raises:
        SourceError: the object holds no tensors, or too many objects.
    """
    keys: list[str] = []
    others: dict[str, dict[str, T]] = {}
    while isinstance(loaded, Mapping) and len(keys) < len(WRAPPERS) and not _is_module(loaded):
        tried = ((key, loaded.get(key)) for key in WRAPPERS)
        found = next(((key, inner) for key, inner in tried if isinstance(inner, Mapping) and _any(inner, leaf)), None)
        if found is None:
            break
        for other, value in loaded.items():
            held = _tensors({other: value}, leaf)[0] if other != found[0] else {}
            if held:
                others[".".join([*keys, str(other)])] = held
        keys.append(found[0])
        loaded = found[1]
    if isinstance(loaded, Mapping) and {"state", "param_groups"} <= loaded.keys():  # of every torch.optim.Optimizer
        hint = "name the file with the weights, which usually lies beside it"
        raise SourceError("holds the state of an optimiser, and no layers", hint=hint)
    tensors, deep = _tensors(loaded, leaf)
    what = f"containers nested more than {DEPTH} deep"
    if not tensors:
        raise SourceError(f"holds no tensors{f', or only in {what}' if deep else ''}")
    tensors = renamed(tensors, plain_names(tensors))
    metadata = getattr(loaded, "_metadata", None)
    usable = isinstance(metadata, Mapping) and all(isinstance(value, Mapping) for value in metadata.values())
    notes = (f"Not read: what lies in {what}.",) if deep else ()
    apart = _named_apart(others, tensors)
    return StateDict(tensors, ".".join(keys), metadata if usable else None, notes, apart)


def _named_apart(others: Mapping[str, Mapping[str, T]], chosen: Mapping[str, T]) -> dict[str, dict[str, T]]:
    """What lies beside the chosen tensors, under whole names: the key, and the plain name within it."""
    named: dict[str, dict[str, T]] = {}
    for path, held in others.items():
        first = path.rpartition(".")[2]
        inner = {name.removeprefix(first).removeprefix("."): tensor for name, tensor in held.items()}
        plain = plain_names(inner)
        whole = {f"{path}.{plain[name]}" if name else path: tensor for name, tensor in inner.items()}
        named[path] = {name: tensor for name, tensor in whole.items() if name not in chosen}
    return named


def _is_module(loaded: Any) -> bool:
    """Whether it is a pickled module: its parameters are named from its own top, whatever its submodules are called."""
    return bool(getattr(loaded, "is_module", False))


def _any(loaded: Any, leaf: Callable[[Any], T | None]) -> bool:
    return next((True for _, found in _walk(loaded, leaf) if found is not None), False)


def _tensors(loaded: Any, leaf: Callable[[Any], T | None]) -> tuple[dict[str, T], bool]:
    """Every tensor by its dotted name, in order, and whether something lies too deep."""
    found: dict[str, T] = {}
    deep = False
    for name, tensor in _walk(loaded, leaf):
        if tensor is None:
            deep = True
        elif name in found:  # {"a.b": ..., "a": {"b": ...}}
            raise SourceError(f"holds two tensors of the name {printable(name, 80)}", hint="save one state dict alone")
        else:
            found[name] = tensor
    return found, deep


def _walk(loaded: Any, leaf: Callable[[Any], T | None]) -> Iterator[tuple[str, T | None]]:
    """Look into each container once and without recursion. Gives None for one that lies too deep."""
    seen: set[int] = set()
    waiting: list[Iterator[tuple[str, Any]]] = [iter([("", loaded)])]
    visited = 0
    while waiting:
        item = next(waiting[-1], None)
        if item is None:
            waiting.pop()
            continue
        visited += 1
        if visited > BUDGET:
            raise SourceError(f"holds more than {BUDGET:,} objects")
        name, value = item
        found = leaf(value)
        if found is not None:
            yield name or "tensor", found
        elif isinstance(value, (Mapping, list, tuple)) and id(value) not in seen:
            seen.add(id(value))
            if len(waiting) > DEPTH:
                yield name, None
            else:
                waiting.append(_items(name, value))


def _items(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
    return ((f"{name}.{key}" if name else str(key), item) for key, item in pairs if isinstance(key, (str, int)))
