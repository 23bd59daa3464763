"""The stack machine that a pickle is a program of, with stand-ins in place of objects: nothing is called.

``pickletools`` of the standard library describes every opcode. Containers are built as plain ones. Every other object
becomes an :class:`Inert` stand-in, which keeps the name of its class and its state; what a stand-in is called with is
kept too. The few callables whose results are data (``OrderedDict``, PyTorch's tensors) are played by functions of ours
that the caller hands in, by their exact names.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from netaudit.formats.inert_object import Build, EndsEarlyError, Global, Inert, MalformedError, RefusedError, key_name


def run(
    steps: Iterable[tuple[str, Any]], builds: Mapping[str, Build], persistent: Callable[[Any], Any]
) -> tuple[Any, tuple[Global, ...]]:
    """The object that a pickle stands for, and every global that it names.

    Args:
        steps: the names of its opcodes, each with its argument.
        builds: what plays a callable, by its exact ``module.name``.
        persistent: gives what a persistent id stands for.

    Raises:
        MalformedError: the steps are none that a pickler writes. Damaged ones raise other errors of Python too.
    """
    machine = _Machine(builds, persistent)
    return machine.run(steps), tuple(machine.globals)


class _Machine:
    """The stack machine that a pickle is a program of (``pickletools`` describes every opcode)."""

    def __init__(self, builds: Mapping[str, Build], persistent: Callable[[Any], Any]) -> None:
        self.builds = builds
        self.persistent = persistent
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.globals: dict[Global, None] = {}

    def run(self, steps: Iterable[tuple[str, Any]]) -> Any:
        stack, memo = self.stack, self.memo
        for name, argument in steps:
            if name in _GETS:
                stack.append(memo[argument])
            elif name in _PUTS:
                memo[argument] = stack[-1]
            elif name == "MEMOIZE":
                memo[len(memo)] = stack[-1]
            elif name in _ARGUMENT:
                stack.append(argument)
            elif name == "MARK":
                self.marks.append(len(stack))
            elif name == "STOP":
                return self.pop()
            else:
                _STEPS[name](self, argument)
        raise EndsEarlyError("the pickle ends early")

    def pop(self) -> Any:
        if not self.stack or (self.marks and len(self.stack) <= self.marks[-1]):
            raise MalformedError("an empty stack")
        return self.stack.pop()

    def top(self) -> Any:
        value = self.pop()
        self.stack.append(value)
        return value

    def marked(self) -> list[Any]:
        if not self.marks:
            raise MalformedError("no mark")
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def tuple_of(self, length: int) -> None:
        values = [self.pop() for _ in range(length)]
        self.stack.append(tuple(reversed(values)))

    def pop_one(self, _: Any) -> None:
        if self.marks and len(self.stack) == self.marks[-1]:
            self.marks.pop()
        else:
            self.pop()

    def named(self, module: Any, name: Any) -> Global:
        if not isinstance(module, str) or not isinstance(name, str):
            raise MalformedError("a global without a name")
        found = Global(module, name)
        self.globals[found] = None
        return found

    def global_(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self.stack.append(self.named(module, name))

    def stack_global(self, _: Any) -> None:
        name, module = self.pop(), self.pop()
        self.stack.append(self.named(module, name))

    def inst(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self.stack.append(self.made(self.named(module, name), tuple(self.marked())))

    def obj(self, _: Any) -> None:
        kind, *args = self.marked()
        self.stack.append(self.made(kind, tuple(args)))

    def newobj(self, _: Any) -> None:
        args, kind = self.pop(), self.pop()
        self.stack.append(self.made(kind, args))

    def newobj_ex(self, _: Any) -> None:
        named, args, kind = self.pop(), self.pop(), self.pop()
        self.stack.append(self.made(kind, (*args, named)))

    def reduce(self, _: Any) -> None:
        args, kind = self.pop(), self.pop()
        self.stack.append(self.made(kind, args))

    def made(self, kind: Any, args: Any) -> Any:
        """What a call gives: data by a function of ours, else a stand-in. The callable itself is never called."""
        if not isinstance(args, tuple):
            raise MalformedError("arguments that are no tuple")
        if not isinstance(kind, Global):
            return Inert(kind.kind if isinstance(kind, Inert) else Global("pickle", type(kind).__name__), args)
        if kind.path == "copyreg._reconstructor" and len(args) == 3 and isinstance(args[0], Global):
            held = args[2]  # what an object of a class derived from dict or list holds
            pairs, elements = (held if isinstance(held, one) else one() for one in (dict, list))
            return Inert(args[0], pairs=dict(pairs), elements=list(elements))
        build = self.builds.get(kind.path)
        return Inert(kind, args) if build is None else build(args)

    def build(self, _: Any) -> None:
        """Give an object its state. A dict's is its attributes (``_metadata`` of a state dict)."""
        state, made = self.pop(), self.top()
        parts = state if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict) else (state,)
        if isinstance(made, Inert):
            for part in parts:  # (attributes, slots)
                if isinstance(part, dict):
                    made.attributes.update(part)
                elif part is not None:
                    made.attributes["state"] = part
        elif isinstance(made, OrderedDict) and isinstance(state, dict):
            made._metadata = state.get("_metadata")  # type: ignore[attr-defined]
        elif state and not isinstance(made, (OrderedDict, Global)):  # a tensor would be given the storage in it
            raise RefusedError("a state of what has none")

    def items(self, values: Sequence[Any]) -> None:
        made = self.top()
        pairs = made.pairs if isinstance(made, Inert) else made
        if not isinstance(pairs, dict):
            raise MalformedError("items of no dict")
        for key, value in zip(values[::2], values[1::2], strict=True):
            name = key_name(key, len(pairs))
            if name in pairs:  # as text: 1 and "1" are two keys
                raise RefusedError("a dict with one key twice")
            pairs[name] = value

    def append(self, values: Sequence[Any]) -> None:
        made = self.top()
        elements = made.elements if isinstance(made, Inert) else made
        if not isinstance(elements, list):
            raise MalformedError("elements of no list")
        elements.extend(values)

    def dict_(self, _: Any) -> None:
        values = self.marked()
        self.stack.append({})
        self.items(values)

    def setitem(self, _: Any) -> None:
        value, key = self.pop(), self.pop()
        self.items([key, value])

    def persid(self, key: Any) -> None:
        self.stack.append(self.persistent(key))


_GETS = frozenset(("BINGET", "LONG_BINGET", "GET"))
_PUTS = frozenset(("BINPUT", "LONG_BINPUT", "PUT"))
_NUMBERS = frozenset(("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"))
_BYTES = frozenset(("STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"))
_TEXT = frozenset(("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"))
_ARGUMENT = _NUMBERS | _BYTES | _TEXT
_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME", "READONLY_BUFFER"), lambda machine, _: None),
    **{
        name: lambda machine, _, value=value: machine.stack.append(value)  # type: ignore[misc]
        for name, value in (("NONE", None), ("NEWTRUE", True), ("NEWFALSE", False), ("EMPTY_TUPLE", ()))
    },
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "EMPTY_SET": lambda machine, _: machine.stack.append([]),
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "NEXT_BUFFER": lambda machine, _: machine.stack.append(None),
    "DUP": lambda machine, _: machine.stack.append(machine.top()),
    "POP": _Machine.pop_one,
    "POP_MARK": lambda machine, _: machine.marked().clear(),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.marked())),
    "FROZENSET": lambda machine, _: machine.stack.append(machine.marked()),
    "LIST": lambda machine, _: machine.stack.append(machine.marked()),
    "DICT": _Machine.dict_,
    "APPEND": lambda machine, _: machine.append([machine.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.marked()),
    "ADDITEMS": lambda machine, _: machine.append(machine.marked()),
    "SETITEM": _Machine.setitem,
    "SETITEMS": lambda machine, _: machine.items(machine.marked()),
    "GLOBAL": _Machine.global_,
    "STACK_GLOBAL": _Machine.stack_global,
    **{
        name: lambda machine, code: machine.stack.append(machine.named("copyreg extension", str(code)))
        for name in ("EXT1", "EXT2", "EXT4")
    },
    "INST": _Machine.inst,
    "OBJ": _Machine.obj,
    "NEWOBJ": _Machine.newobj,
    "NEWOBJ_EX": _Machine.newobj_ex,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
    "PERSID": _Machine.persid,
    "BINPERSID": lambda machine, _: machine.persid(machine.pop()),
}
