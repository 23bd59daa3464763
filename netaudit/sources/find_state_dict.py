"""Find the state dict in what a checkpoint holds: plain, nested under the usual keys, with wrappers' prefixes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from torch import Tensor

from netaudit.errors import SourceError

# Where training scripts keep the weights, in the order in which they are taken; averaged weights last.
WRAPPERS = (
    *("state_dict", "model_state_dict", "model", "net", "network", "module", "params", "weights"),
    *("model_ema", "state_dict_ema", "ema_state_dict", "ema"),
)
_PREFIXES = ("module.", "_orig_mod.")  # of DataParallel and torch.compile
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
    while isinstance(loaded, Mapping) and len(keys) < len(WRAPPERS) and not _is_module(loaded):
        held = ((key, loaded.get(key)) for key in WRAPPERS)
        found = next(((key, inner) for key, inner in held if isinstance(inner, Mapping) and _any(inner, leaf)), None)
        if found is None:
            break
        keys.append(found[0])
        loaded = found[1]
    tensors, deep = _tensors(loaded, leaf)
    what = f"containers nested more than {DEPTH} deep"
    if not tensors:
        raise SourceError(f"holds no tensors{f', or only in {what}' if deep else ''}")
    for prefix in (*_PREFIXES, *_PREFIXES):
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    metadata = getattr(loaded, "_metadata", None)
    usable = isinstance(metadata, Mapping) and all(isinstance(value, Mapping) for value in metadata.values())
    notes = (f"Not read: what lies in {what}.",) if deep else ()
    return StateDict(tensors, ".".join(keys), metadata if usable else None, notes)


def _is_module(loaded: Any) -> bool:
    """Whether it is a pickled module: its parameters are named from its own top, whatever its submodules are called."""
    return bool(getattr(loaded, "is_module", False))


def _any(loaded: Any, leaf: Callable[[Any], T | None]) -> bool:
    return next((True for _, found in _walk(loaded, leaf) if found is not None), False)


def _tensors(loaded: Any, leaf: Callable[[Any], T | None]) -> tuple[dict[str, T], bool]:
    """Every tensor by its dotted name, in order, and whether something lies too deep."""
    found = list(_walk(loaded, leaf))
    return {name: tensor for name, tensor in found if tensor is not None}, any(tensor is None for _, tensor in found)


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
