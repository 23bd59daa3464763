"""Pickles as data: a hostile corpus that must stay harmless, and what harmless pickles give."""

from __future__ import annotations

import argparse
import collections
import contextlib
import copyreg
import enum
import io
import os
import pickle
import struct
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats import inert_object, inert_pickle
from netaudit.formats.inert_object import Global, Inert, MalformedError
from netaudit.formats.torch_objects import BUILDS
from netaudit.formats.torch_save import open_checkpoint
from netaudit.formats.torch_storages import Storages

_watching: list[str] = []
"""What the interpreter was asked to do while a pickle was read; watched only where this is not empty."""


def _watch(event: str, _: tuple[Any, ...]) -> None:
    if _watching and event in ("import", "open", "exec", "compile", "os.system", "subprocess.Popen", "os.exec"):
        _watching.append(event)


b"x".decode("raw-unicode-escape")  # Python imports its own codecs when they are first used
sys.addaudithook(_watch)


def load(data: bytes) -> Any:
    """Read a pickle; nothing may be opened, imported, compiled, executed or started meanwhile."""
    _watching.append("watching")
    try:
        return inert_pickle.load(io.BytesIO(data), BUILDS, Storages()).value
    finally:
        seen = list(_watching)
        _watching.clear()
        assert seen == ["watching"]


class Calls:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (os.system, ("touch ran",), ("posix.system", "nt.system")),
        (eval, ("open('ran', 'w')",), ("builtins.eval",)),
        (__import__, ("antigravity",), ("builtins.__import__",)),
        (getattr, (Calls(__import__, "os"), "system"), ("builtins.getattr",)),
        (print, (Calls(os.system, "touch ran"),), ("builtins.print",)),
        (copyreg._reconstructor, (argparse.Namespace, object, None), ("argparse.Namespace",)),  # type: ignore[attr-defined]
    ],
)
def test_a_call_is_a_stand_in_with_its_arguments(
    protocol: int, function: Any, arguments: tuple[Any, ...], named: tuple[str, ...]
) -> None:
    value = load(pickle.dumps({"x": Calls(function, *arguments)}, protocol))["x"]
    assert isinstance(value, Inert)
    assert value.kind.path in named
    if "touch ran" in arguments:
        assert value.args == arguments


HOSTILE = {
    "instance of a class": b"(S'touch ran'\nios\nsystem\n.",
    "object of a class": b"(cos\nsystem\nS'touch ran'\no.",
    "new object": b"cos\nsystem\n(S'touch ran'\nt\x81.",
    "new object with names": b"\x80\x04cos\nsystem\n(S'touch ran'\nt}\x92.",
    "a global by the stack": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x09touch ran\x85R.",
    "a dotted name": b"\x80\x04\x8c\x02os\x8c\x0epath.os.system\x93\x8c\x09touch ran\x85R.",
    "state of a function": b"cos\nsystem\n}S'__code__'\nS'x'\nsb.",
    "state that sets a dict": b"ccollections\nOrderedDict\n)R}S'__class__'\ncos\nsystem\nsb.",
    "a call of what was called": b"cos\npopen\n(S'x'\ntR(S'y'\ntR(S'z'\ntR.",
    "a call of a number": b"K\x01)R.",
    "an extension's code": b"\x80\x02\x82\x01(S'touch ran'\ntR.",
    "an extension's code in four bytes": b"\x80\x02\x84\xff\xff\xff\x7f.",
    "a buffer from outside": b"\x80\x05\x97\x98.",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_every_way_to_call_something_calls_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    assert isinstance(load(data), (Inert, Global, dict, type(None)))
    assert not list(tmp_path.iterdir())


MALFORMED = {
    "nothing": b"",
    "no stop": b"\x80\x02}q\x00",
    "an empty stack": b".",
    "an empty stack to pop": b"0.",
    "a pop below the mark": b"}(R.",
    "a mark that is not there": b"\x80\x02t.",
    "an unknown opcode": b"\xff.",
    "a global whose name is a number": b"\x80\x04K\x01K\x02\x93.",
    "a global whose module is a list": b"\x80\x04]\x8c\x06system\x93.",
    "arguments that are a number": b"cos\nsystem\nK\x01R.",
    "arguments that are a list": b"cos\nsystem\n]\x81.",
    "a get of nothing": b"h\x07.",
    "a put of nothing": b"q\x00.",
    "elements of a number": b"K\x01K\x02a.",
    "items of a list": b"]K\x01K\x02s.",
    "an odd number of items": b"}(K\x01u.",
    "an object of nothing": b"(o.",
    "text that is no utf-8": b"X\x01\x00\x00\x00\xff.",
    "bytes longer than the file": b"\x80\x04B\xff\xff\xff\x7f.",
    "bytes of 2^63": b"\x80\x04\x8e" + struct.pack("<Q", 2**63 - 1) + b".",
    "bytes of a negative length": b"\x80\x02\x8b" + struct.pack("<i", -5) + b".",
    "a number of 5,000 digits": b"I" + b"9" * 5000 + b"\n.",
    "a persistent id that is text": b"Pstorage\n.",
    "a persistent id that is a number": b"K\x01Q.",
    "a persistent id without a class": b"(S'storage'\nS'torch.FloatStorage'\nS'0'\nS'cpu'\nK\x04tQ.",
    "a persistent id of a function": b"(S'storage'\ncos\nsystem\nS'0'\nS'cpu'\nK\x04tQ.",
    "a storage of another module": b"(S'storage'\ncevil\nFloatStorage\nS'0'\nS'cpu'\nK\x04tQ.",
    "a storage whose key is a list": b"(S'storage'\nctorch\nFloatStorage\n]S'cpu'\nK\x04tQ.",
    "a storage of a negative size": b"(S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nI-4\ntQ.",
    "a storage of too many parts": b"(S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nK\x04NNtQ.",
    "a storage of no parts": b")Q.",
    "a tensor without a storage": b"ctorch._utils\n_rebuild_tensor_v2\n(NK\x00))tR.",
    "a tensor without arguments": b"ctorch._utils\n_rebuild_tensor_v2\n)R.",
    "a size that is text": b"ctorch\nSize\n(S'a'\nttR.",
    "a dict of no pairs": b"ccollections\nOrderedDict\n(](]K\x01aatR.",
    "bytes in another encoding": b"c_codecs\nencode\n(S'a'\nS'rot13'\ntR.",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_no_pickler_writes_is_one_error(data: bytes) -> None:
    with pytest.raises(MalformedError):
        load(data)


def test_the_memo_is_no_array() -> None:
    """Python's own reader makes an array as long as the largest number."""
    assert load(b"]r\xff\xff\xff\x7f0j\xff\xff\xff\x7f.") == []
    assert load(b"]p999999999999999999999\n0g999999999999999999999\n.") == []


def test_lists_that_double_stay_small() -> None:
    doubled = b"(lp0\n" + b"".join(b"(g%d\ng%d\nlp%d\n" % (n, n, n + 1) for n in range(60)) + b"."
    value, depth = load(doubled), 0
    while value:
        value, depth = value[0], depth + 1
    assert depth == 60


@pytest.mark.parametrize("opening", [b"]", b"}S'a'\n", b"("], ids=["lists", "dicts", "marks"])
def test_deep_nesting_does_not_recurse(opening: bytes) -> None:
    closing = {b"]": b"a", b"}S'a'\n": b"s", b"(": b"t"}[opening]
    deep = opening * 200_000 + b"N" + closing * 200_000 + b"."
    assert load(deep) is not None


def test_a_key_is_never_hashed() -> None:
    """The hash of nested tuples recurses in C, and ends the process."""
    deep = b")" + b"\x85" * 200_000
    assert list(load(b"\x80\x02}" + deep + b"K\x01s.")) == ["<key 0>"]
    assert load(pickle.dumps({1: "a", None: "b", 0.5: "c"})) == {"1": "a", "None": "b", "0.5": "c"}
    assert load(pickle.dumps({(1, 2), (3,)})) in ([(1, 2), (3,)], [(3,), (1, 2)])


def test_a_list_that_holds_itself() -> None:
    value = load(b"]q\x00h\x00a.")
    assert value[0] is value


@pytest.mark.parametrize(("budget", "value"), [("STEPS", 100), ("LONGEST", 100)])
def test_the_budgets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, budget: str, value: int) -> None:
    monkeypatch.setattr(inert_pickle, budget, value)
    with pytest.raises(inert_object.TooLongError, match=r"a pickle (of more|longer) than 100"):
        load(pickle.dumps(list(range(1000)), 2))
    (tmp_path / "net.pkl").write_bytes(pickle.dumps(list(range(1000)), 2))
    with pytest.raises(UnsafeFileError, match=r"net.pkl: a pickle .*; refused"):
        open_checkpoint(tmp_path / "net.pkl")


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 255), st.integers(0, 5))
def test_a_damaged_pickle_is_an_error_or_data(position: int, byte: int, protocol: int) -> None:
    thing = {
        "a": [1, 2.5, None, True, b"x"],
        "b": ({3}, Path("x")),
        "c": argparse.Namespace(y=collections.Counter("ab")),
    }
    data = bytearray(pickle.dumps(thing, protocol))
    data[position % len(data)] = byte
    with contextlib.suppress(MalformedError):  # and nothing else
        load(bytes(data))


def test_an_odd_escape_in_an_old_string_warns_nobody() -> None:
    assert load(b"S'a\\\\c'\n.") == "a\\c"
    assert load(b"S'a\\c'\n.") == "a\\c"


class Colour(enum.Enum):
    RED = "red"


class Config(dict[str, Any]):
    """A dict with attributes, as OmegaConf, EasyDict and mmengine have."""


class Row(list[Any]):
    """A list with attributes."""


@pytest.mark.parametrize("protocol", range(6))
def test_plain_data_comes_back(protocol: int) -> None:
    thing = {"a": [1, -(2**70), 2.5, None, True], "b": (b"\xff\x00", "ü", ()), "c": {"d": {}}}
    assert load(pickle.dumps(thing, protocol)) == thing
    assert load(pickle.dumps(collections.OrderedDict(a=1), protocol)) == {"a": 1}
    assert load(pickle.dumps(collections.defaultdict(list, a=[1]), protocol)) == {"a": [1]}
    assert load(pickle.dumps(collections.Counter("aab"), protocol)) == {"a": 2, "b": 1}
    assert load(pickle.dumps(frozenset("a"), protocol)) == ["a"]


@pytest.mark.parametrize("protocol", range(6))
def test_objects_keep_what_they_hold(protocol: int) -> None:
    config, row = Config(lr=0.1), Row([1, 2])
    config.note, row.note = "x", "y"  # type: ignore[attr-defined]
    assert dict(load(pickle.dumps(argparse.Namespace(lr=1, deep=argparse.Namespace(a=2)), protocol)))["lr"] == 1
    assert dict(load(pickle.dumps(config, protocol))).items() >= {"lr": 0.1, "note": "x"}.items()
    assert dict(load(pickle.dumps(row, protocol))).items() >= {"0": 1, "1": 2, "note": "y"}.items()
    colour = load(pickle.dumps(Colour.RED, protocol))
    assert colour.kind.path.endswith(("Colour", "getattr"))


def test_the_file_is_left_behind_the_pickle() -> None:
    file = io.BytesIO(pickle.dumps([1], 2) + pickle.dumps("two", 2) + b"rest")
    assert [inert_pickle.load(file, {}, Storages()).value for _ in range(2)] == [[1], "two"]
    assert file.read() == b"rest"


def test_a_hostile_checkpoint_is_refused_and_an_odd_one_is_read(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(2, 2), "x": Calls(os.system, "touch ran")}, tmp_path / "evil.pt")
    with pytest.raises(UnsafeFileError, match=r"evil.pt: asks to run `(posix|nt).system`; refused"):
        open_checkpoint(tmp_path / "evil.pt")
    torch.save({"w": torch.ones(2, 2), "x": Calls(getattr, Colour, "RED")}, tmp_path / "odd.pt")
    opened = open_checkpoint(tmp_path / "odd.pt")
    assert list(opened.declared) == ["w"]
    [note] = opened.notes
    assert note.startswith("Read without its classes, none of whose code was run: builtins.getattr, ")


def test_a_hostile_index_in_an_archive_is_one_error(tmp_path: Path) -> None:
    said = "not a checkpoint of PyTorch|holds no tensors|a pickle longer"
    for data in MALFORMED.values():
        (tmp_path / "net.pkl").write_bytes(data + b" " * 200)
        with pytest.raises(SourceError, match=f"^net.pkl: ({said})"):
            open_checkpoint(tmp_path / "net.pkl")
