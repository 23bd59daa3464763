"""What a pickle's objects become where nothing may be run: plain containers, and stand-ins for everything else."""

from __future__ import annotations

import _compat_pickle
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Build = Callable[[tuple[Any, ...]], Any]
"""Plays one callable: it is given the arguments, and gives data."""


class MalformedError(ValueError):
    """The bytes are no pickle, or one that no pickler writes."""


class EndsEarlyError(MalformedError):
    """The bytes end before the pickle does."""


class RefusedError(MalformedError):
    """What no pickler writes, and two readers may read in two ways."""


class TooLongError(RefusedError):
    """The pickle is longer than any index of a network is."""


@dataclass(frozen=True)
class Global:
    """The name of a class or a function. Nothing is looked up under it."""

    module: str
    name: str

    @property
    def path(self) -> str:
        """``module.name``, as Python 3 calls it: protocols 0 to 2 write Python 2's names."""
        module, name = _compat_pickle.NAME_MAPPING.get((self.module, self.name), (self.module, self.name))
        return f"{_compat_pickle.IMPORT_MAPPING.get(module, module)}.{name}"


@dataclass(eq=False)
class Inert(Mapping[str, Any]):
    """An object of a class that was not looked up. As a mapping it gives what it holds, by the attributes' names.

    A module of PyTorch gives its parameters, persistent buffers and submodules, as its ``state_dict()`` would.
    """

    kind: Global
    args: tuple[Any, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)
    pairs: dict[str, Any] = field(default_factory=dict)
    """The items, of a class derived from dict."""
    elements: list[Any] = field(default_factory=list)
    """The elements, of a class derived from list or set."""

    @property
    def is_module(self) -> bool:
        """Whether it was a ``torch.nn.Module``."""
        return self._module_state() is not None

    def _module_state(self) -> dict[str, Any] | None:
        states = (self.attributes, *(arg for arg in self.args if isinstance(arg, dict)))  # a GraphModule's is an arg
        kept = ("_parameters", "_modules")
        return next((state for state in states if all(isinstance(state.get(key), dict) for key in kept)), None)

    def _contents(self) -> dict[str, Any]:
        state = self._module_state()
        if state is None:
            args = {f"args.{number}": arg for number, arg in enumerate(self.args)}
            elements = {str(number): element for number, element in enumerate(self.elements)}
            return args | self.attributes | self.pairs | elements
        buffers, lost = state.get("_buffers"), state.get("_non_persistent_buffers_set")
        dropped = {name for name in lost if isinstance(name, str)} if isinstance(lost, list) else set()
        kept = (
            {name: buffer for name, buffer in buffers.items() if name not in dropped}
            if isinstance(buffers, dict)
            else {}
        )
        return {**state["_parameters"], **kept, **state["_modules"], **_packed(state)}

    def __getitem__(self, name: str) -> Any:
        return self._contents()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._contents())

    def __len__(self) -> int:
        return len(self._contents())

    __hash__ = object.__hash__


def _packed(state: Mapping[str, Any]) -> dict[str, Any]:
    """What a quantised module keeps in one object of TorchScript: its weight and its bias, as in its state dict."""
    held = state.get("_packed_params")
    pair = held.attributes.get("state") if isinstance(held, Inert) and held.kind.path == "torch.ScriptObject" else None
    return {"_packed_params": pair[0]} if isinstance(pair, tuple) and pair and isinstance(pair[0], tuple) else {}


def _pairs(args: tuple[Any, ...]) -> OrderedDict[str, Any]:
    """Of ``OrderedDict()``, and ``OrderedDict([[key, value], ...])`` as Python 2 pickles it."""
    made: OrderedDict[str, Any] = OrderedDict()
    for given in args:
        items = given.items() if isinstance(given, dict) else given if isinstance(given, (list, tuple)) else ()
        for item in items:
            if not isinstance(item, (list, tuple)) or len(item) != 2:
                raise MalformedError("a dict of no pairs")
            made[key_name(item[0], len(made))] = item[1]
    return made


def _encoded(args: tuple[Any, ...]) -> bytes:
    """Of ``_codecs.encode(text, "latin1")``, which is how protocol 2 writes bytes."""
    if len(args) != 2 or not isinstance(args[0], str) or args[1] not in ("latin1", "latin-1"):
        raise MalformedError("bytes as no pickler writes them")
    return args[0].encode("latin-1")


def _elements(args: tuple[Any, ...]) -> list[Any]:
    return list(args[0]) if args and isinstance(args[0], (list, tuple)) else []


PLAIN: Mapping[str, Build] = {
    **dict.fromkeys(("collections.OrderedDict", "collections.Counter", "builtins.dict"), _pairs),
    "collections.defaultdict": lambda args: _pairs(args[1:]),
    **dict.fromkeys(("builtins.set", "builtins.frozenset", "builtins.list", "collections.deque"), _elements),
    "builtins.tuple": lambda args: tuple(_elements(args)),
    "_codecs.encode": _encoded,
}
"""Python's own containers. A set is given as a list, so that nothing of the file is hashed."""


def key_name(key: Any, number: int) -> str:
    """A dict's key as a name.

    Only text is hashed: the hash of nested tuples recurses, and numbers can be chosen so that they clash.
    """
    if isinstance(key, str):
        return key
    return str(key) if isinstance(key, (int, float, type(None))) else f"<key {number}>"
