"""Edits of zip archives: records renamed, twice, in another order, with other sizes, offsets, flags and contents.

The archive is written by hand, so that its local headers, its central directory and its end can disagree.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from fuzz.damage import INTERESTING

Edit = Callable[[Random, bytes], bytes]
_LOCAL = ("version", "flags", "method", "time", "date", "crc", "packed", "size", "name_length", "extra_length")
_CENTRAL = (*_LOCAL, "comment_length", "disk", "internal", "external", "offset")
_END = ("disk", "first_disk", "here", "entries", "length", "start", "comment_length")


@dataclass(frozen=True)
class Entry:
    """A record, and what its two headers say where that is not the truth."""

    name: bytes
    data: bytes
    method: int = 0
    local: tuple[tuple[str, int], ...] = ()
    central: tuple[tuple[str, int], ...] = ()
    local_name: bytes | None = None
    extra: bytes = b""
    listed: bool = True
    packed: bytes | None = None
    """The stored bytes, where they are not ``data`` under the method."""


def entries(data: bytes) -> list[Entry]:
    """The records of a valid archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [
            Entry(one.orig_filename.encode(), archive.read(one), one.compress_type, extra=_padding(data, one))
            for one in archive.infolist()
        ]


def written(
    found: list[Entry], end: tuple[tuple[str, int], ...] = (), comment: bytes = b"", before: bytes = b""
) -> bytes:
    """The archive."""
    out, central = bytearray(before), bytearray()
    for one in found:
        offset, packed = len(out), one.packed
        if packed is None:
            packed = one.data if one.method == 0 else _deflated(one.data)
        true = {
            **{"version": 20, "flags": 0, "method": one.method, "time": 0, "date": 33, "crc": zlib.crc32(one.data)},
            **{"packed": len(packed), "size": len(one.data), "name_length": len(one.name), "comment_length": 0},
            **{"extra_length": len(one.extra), "disk": 0, "internal": 0, "external": 0, "offset": offset},
        }
        local = true | {"name_length": len(one.local_name or one.name)} | dict(one.local)
        out += b"PK\x03\x04" + struct.pack(
            "<5H3I2H", *(local[key] % 2 ** (32 if key in _WIDE else 16) for key in _LOCAL)
        )
        out += (one.local_name or one.name) + one.extra + packed
        if one.listed:
            said = true | {"extra_length": 0} | dict(one.central)
            fields = (said[key] % 2 ** (32 if key in _WIDE else 16) for key in _CENTRAL)
            central += b"PK\x01\x02\x14\x00" + struct.pack("<5H3I5H2I", *fields) + one.name
    listed = sum(one.listed for one in found)
    true = {"disk": 0, "first_disk": 0, "here": listed, "entries": listed, "length": len(central), "start": len(out)}
    said = true | {"comment_length": len(comment)} | dict(end)
    last = struct.pack("<4H2IH", *(said[key] % 2 ** (32 if key in ("length", "start") else 16) for key in _END))
    return bytes(out + central + b"PK\x05\x06" + last + comment)


_WIDE = ("crc", "packed", "size", "external", "offset")


def edited(random: Random, data: bytes, inner: Callable[[str], Edit | None] = lambda name: None) -> bytes:
    """An archive after one edit or some.

    Args:
        random: draws the edits.
        data: a valid archive.
        inner: gives what edits the content of a record of that name, or None.
    """
    found, end, comment, before = entries(data), (), b"", b""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if not found:
            break
        place, other = random.randrange(len(found)), random.randrange(len(found))
        one, two = found[place], found[other]
        kind = random.randrange(16)
        if kind < 4 and (able := [p for p, each in enumerate(found) if inner(each.name.decode("latin-1"))]):
            place = random.choice(able)
            edit = inner(found[place].name.decode("latin-1"))
            found[place] = replace(found[place], data=edit(random, found[place].data) if edit else b"")
        elif kind == 4:
            found[place], found[other] = replace(one, name=two.name), replace(two, name=one.name)
        elif kind == 5:
            found[place], found[other] = replace(one, data=two.data), replace(two, data=one.data)
        elif kind == 6:
            found[place], found[other] = two, one
        elif kind == 7:
            found.insert(other, replace(one, data=random.choice((one.data, two.data, b"", bytes(100)))))
        elif kind == 8:
            del found[place]
        elif kind == 9:
            found[place] = replace(one, local=(_field(random, _LOCAL, len(one.data)),))
        elif kind == 10:
            found[place] = replace(one, central=(_field(random, _CENTRAL, len(one.data)),))
        elif kind == 11:
            name = random.choice((two.name, one.name.upper(), b"../" + one.name, b"/" + one.name, one.name + b"\x00x"))
            name = random.choice((name, one.name + b"/", b"", b"x" * 300, one.name.replace(b"/", b"\\"), b"\x1b[31m"))
            found[place] = random.choice((replace(one, name=name), replace(one, local_name=name)))
        elif kind == 12:
            bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
            packed = random.choice((None, bomb.compress(bytes(2**22)) + bomb.flush()))
            found[place] = replace(one, method=8, packed=packed)
        elif kind == 13:
            extra = random.choice((b"\x01\x00\x10\x00" + random.randbytes(16), random.randbytes(7), b"FB\x04\x00ZZZZ"))
            found[place] = replace(one, extra=extra)
        elif kind == 14:
            found[place] = replace(one, listed=False)
        else:
            end = (_field(random, _END, len(data)),)
            comment, before = random.choice(((b"", b""), (b"PK\x05\x06" + bytes(18), b""), (b"", random.randbytes(9))))
    return written(found, end, comment, before)


def borders(data: bytes) -> list[int]:
    """Where headers begin, and what follows each."""
    places = []
    for signature, length in ((b"PK\x03\x04", 30), (b"PK\x01\x02", 46), (b"PK\x05\x06", 22), (b"PK\x06\x06", 56)):
        start = data.find(signature)
        while start >= 0:
            places += [start, start + 8, start + 18, start + 26, start + length]
            start = data.find(signature, start + 1)
    return sorted(place for place in places if place <= len(data))


def _field(random: Random, names: tuple[str, ...], length: int) -> tuple[str, int]:
    return random.choice(names), random.choice((*INTERESTING, 8, 12, 99, length - 1, length + 1, length // 2))


def _deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def _padding(data: bytes, one: zipfile.ZipInfo) -> bytes:
    """The extra field of a record's local header, in which PyTorch aligns what follows."""
    name, extra = struct.unpack("<HH", data[one.header_offset + 26 : one.header_offset + 30])
    start = one.header_offset + 30 + name
    return data[start : start + extra]
