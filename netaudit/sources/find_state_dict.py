"""Find the state dict in what a checkpoint holds: plain, nested under the usual keys, with wrappers' prefixes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from netaudit.errors import SourceError
from netaudit.sources.plain_names import plain_names, renamed

# Where training scripts keep the weights, in the order in which they are taken; averaged weights last.
WRAPPERS = (
    *("state_dict", "model_state_dict", "model", "net", "network", "module", "params", "weights"),
    *("model_ema", "state_dict_ema", "ema_state_dict", "ema"),
)
BUDGET = 1_000_000  # objects; no network has so many tensors
DEPTH = 100  # containers in each other; names grow with it, and no network is nested so deep


@dataclass(frozen=True)
class StateDict:
    """Named tensors, and where they lay."""

    tensors: dict[str, Tensor]
    nested_under: str = ""
    """The keys that led to them, ``"checkpoint.model"`` for instance; empty where they lay at the top."""
    metadata: Mapping[str, Any] | None = None
    """Versions of the modules, which ``load_state_dict`` uses to convert old files."""
    others: Mapping[str, Mapping[str, Tensor]] = field(default_factory=dict)
    """What lies beside them: by its key, tensors under names that begin with it and are in none of the others."""

    @property
    def everything(self) -> dict[str, Tensor]:
        """The tensors that were chosen, and those beside them."""
        return {name: tensor for held in (*self.others.values(), self.tensors) for name, tensor in held.items()}


def state_dict(loaded: Any) -> StateDict:
    """Find the state dict in a loaded object.

    Raises:
        SourceError: the object holds no tensors, or too many objects.
    """
    keys: list[str] = []
    others: dict[str, dict[str, Tensor]] = {}
    while isinstance(loaded, Mapping) and len(keys) < len(WRAPPERS):
        key = next((key for key in WRAPPERS if isinstance(loaded.get(key), Mapping) and _any(loaded[key])), None)
        if key is None:
            break
        for other, value in loaded.items():
            held = dict(_tensors({other: value})) if other != key else {}
            if held:
                others[".".join([*keys, str(other)])] = held
        keys.append(key)
        loaded = loaded[key]
    tensors = dict(_tensors(loaded))
    if not tensors:
        raise SourceError("holds no tensors")
    tensors = renamed(tensors, plain_names(tensors))
    metadata = getattr(loaded, "_metadata", None)
    usable = isinstance(metadata, Mapping) and all(isinstance(value, Mapping) for value in metadata.values())
    return StateDict(tensors, ".".join(keys), metadata if usable else None, _named_apart(others, tensors))


def _named_apart(
    others: Mapping[str, Mapping[str, Tensor]], chosen: Mapping[str, Tensor]
) -> dict[str, dict[str, Tensor]]:
    """What lies beside the chosen tensors, under whole names: the key, and the plain name within it."""
    named: dict[str, dict[str, Tensor]] = {}
    for path, held in others.items():
        first = path.rpartition(".")[2]
        inner = {name.removeprefix(first).removeprefix("."): tensor for name, tensor in held.items()}
        plain = plain_names(inner)
        whole = {f"{path}.{plain[name]}" if name else path: tensor for name, tensor in inner.items()}
        named[path] = {name: tensor for name, tensor in whole.items() if name not in chosen}
    return named


def _any(loaded: Any) -> bool:
    return next(_tensors(loaded), None) is not None


def _tensors(loaded: Any) -> Iterator[tuple[str, Tensor]]:
    """Give every tensor with its dotted name, in order, looking into each container once and without recursion."""
    seen: set[int] = set()
    waiting: list[Iterator[tuple[str, Any]]] = [iter([("", loaded)])]
    visited = 0
    while waiting:
        item = next(waiting[-1], None)
        if item is None:
            waiting.pop()
            continue
        visited += 1
        if visited > BUDGET or len(waiting) > DEPTH:
            raise SourceError(f"holds more than {BUDGET:,} objects, or {DEPTH} nested in each other")
        name, value = item
        if isinstance(value, Tensor):
            yield name or "tensor", value
        elif isinstance(value, (Mapping, list, tuple)) and id(value) not in seen:
            seen.add(id(value))
            waiting.append(_items(name, value))


def _items(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
    return ((f"{name}.{key}" if name else str(key), item) for key, item in pairs if isinstance(key, (str, int)))
