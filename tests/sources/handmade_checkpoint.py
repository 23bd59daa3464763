"""Checkpoints that torch.save would not write: any call on any persistent id, in a zip file with any headers."""

from __future__ import annotations

import io
import pickle
import struct
import zlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Storage:
    """What a pickle declares of a storage."""

    kind: type
    """``torch.FloatStorage``, for instance."""
    key: str
    count: int
    view: tuple[str, int, int] | None = None
    """Its own key, its offset and its count; in files before PyTorch 1.6 only."""


class Call:
    """Pickles as a call of ``function(*arguments)``, whose result is then given a state."""

    def __init__(self, function: Any, *arguments: Any, state: Any = None) -> None:
        self.function = function
        self.arguments = arguments
        self.state = state

    def __reduce__(self) -> Any:
        call = (self.function, self.arguments)
        return call if self.state is None else (*call, self.state)


class Pairs:
    """Pickles as a dict of these items, of which two may have one key."""

    def __init__(self, *items: tuple[Any, Any]) -> None:
        self.items = items

    def __reduce__(self) -> Any:
        return OrderedDict, (), None, None, iter(self.items)


def pickled(value: Any, *, legacy: bool = False, protocol: int = 2) -> tuple[bytes, dict[str, Storage]]:
    """The index of a checkpoint, and the storages that it names: each as it is declared first."""
    declared: dict[str, Storage] = {}

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing: Any) -> Any:
            if not isinstance(thing, Storage):
                return None
            declared.setdefault(thing.key, thing)
            return ("storage", thing.kind, thing.key, "cpu", thing.count, *([thing.view] if legacy else []))

    file = io.BytesIO()
    Pickler(file, protocol).dump(value)
    return file.getvalue(), declared


def legacy_file(value: Any, data: Mapping[str, bytes]) -> bytes:
    """A file as PyTorch wrote before 1.6, with the bytes of each storage that the value names."""
    head = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}})
    index, declared = pickled(value, legacy=True)
    parts = [pickle.dumps(one, 2) for one in head] + [index, pickle.dumps(list(declared), 2)]
    counted = ((storage.count, data[key]) for key, storage in declared.items())
    return b"".join([*parts, *(struct.pack("<q", count) + raw for count, raw in counted)])


@dataclass(frozen=True)
class Member:
    """A record of a zip file, and what its headers say of it where that is not so."""

    name: str
    data: bytes
    local_name: str | None = None
    """In the header before the data."""
    padding: int = 0
    """Bytes between that header and the data."""
    deflated: bool = False
    streamed: bool = False
    """Its sizes stand behind the data and in the directory alone."""
    zip64: bool = False
    """Its sizes stand in a 64-bit field."""
    checksum: int | None = None
    declared: int | None = None
    """Its size in the directory."""


def zip_file(
    members: Sequence[Member], directory: Sequence[int] | None = None, before: bytes = b"", comment: bytes = b""
) -> bytes:
    """A zip file. The directory lists the members by their numbers, in any order, or some of them only."""
    body, entries = bytearray(before), []
    for one in members:
        raw = zlib.compress(one.data, 6)[2:-4] if one.deflated else one.data
        size = len(one.data) if one.declared is None else one.declared
        packed = len(raw) if one.deflated else size
        checksum = zlib.crc32(one.data) if one.checksum is None else one.checksum
        wide = struct.pack("<HHQQ", 1, 16, size, packed) if one.zip64 else b""
        sizes = (2**32 - 1, 2**32 - 1) if one.zip64 else (packed, size)
        flags, method = 0x800 | (8 if one.streamed else 0), 8 if one.deflated else 0
        name = (one.local_name or one.name).encode()
        pad = (
            b"FB" + struct.pack("<H", max(one.padding - 4, 0)) + b"Z" * max(one.padding - 4, 0) if one.padding else b""
        )
        known = (0, 0, 0) if one.streamed else (checksum, *sizes)
        start = len(body)
        extra = (b"" if one.streamed else wide) + pad
        body += b"PK\3\4" + struct.pack("<HHHHHIIIHH", 45, flags, method, 0, 33, *known, len(name), len(extra))
        body += name + extra + raw
        if one.streamed:
            body += b"PK\7\10" + struct.pack("<III", checksum, packed, size)
        name = one.name.encode()
        fields = (45, 45, flags, method, 0, 33, checksum, *sizes, len(name), len(wide), 0, 0, 0, 0, start)
        entries.append(b"PK\1\2" + struct.pack("<HHHHHHIIIHHHHHII", *fields) + name + wide)
    listed = [entries[number] for number in (range(len(entries)) if directory is None else directory)]
    central = b"".join(listed)
    end = struct.pack("<HHHHIIH", 0, 0, len(listed), len(listed), len(central), len(body), len(comment))
    return bytes(body) + central + b"PK\5\6" + end + comment
