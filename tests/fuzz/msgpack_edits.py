"""Edits of msgpack: kinds and lengths of objects, and objects that change places."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec

from fuzz.damage import INTERESTING


def fields(data: bytes) -> list[tuple[int, int]]:
    """Where each object's first bytes are: of its kind and its length. What an array's extension holds counts too."""
    found: list[tuple[int, int]] = []

    def walk(place: int) -> int:
        kind = data[place]
        header, length, inner = _header(data, place)
        found.append((place, header))
        place += header
        for _ in range(inner):
            place = walk(place)
        if kind in (*range(0xC7, 0xCA), *range(0xD4, 0xD9)) and data[place : place + 1] == b"\x93":
            walk(place)
        return place + length

    walk(0)
    return found


def _header(data: bytes, place: int) -> tuple[int, int, int]:
    """Bytes of kind and length, bytes that follow, objects that follow."""
    kind = data[place]
    if kind < 0x80 or kind >= 0xE0 or kind in (0xC0, 0xC2, 0xC3):
        return 1, 0, 0
    if kind < 0xA0:
        return 1, 0, (kind & 15) * (2 if kind < 0x90 else 1)
    if kind < 0xC0:
        return 1, kind & 31, 0
    if kind in (0xCC, 0xD0, 0xCD, 0xD1, 0xCE, 0xD2, 0xCA, 0xCF, 0xD3, 0xCB):
        return 1, {0xCC: 1, 0xD0: 1, 0xCD: 2, 0xD1: 2, 0xCE: 4, 0xD2: 4, 0xCA: 4}.get(kind, 8), 0
    if 0xD4 <= kind <= 0xD8:
        return 2, 1 << (kind - 0xD4), 0
    width = {**dict.fromkeys((0xC4, 0xC7, 0xD9), 1), **dict.fromkeys((0xC5, 0xC8, 0xDA, 0xDC, 0xDE), 2)}.get(kind, 4)
    count = int.from_bytes(data[place + 1 : place + 1 + width], "big")
    if kind in (0xDC, 0xDD, 0xDE, 0xDF):
        return 1 + width, 0, count * (2 if kind >= 0xDE else 1)
    return 1 + width + (1 if 0xC7 <= kind <= 0xC9 else 0), count, 0


def edited(random: Random, data: bytes) -> bytes:
    """Objects of another kind or length, left out, twice; or whole maps and arrays changed, with the right lengths."""
    if random.random() < 0.5:
        return _rebuilt(random, data)
    places = fields(data)
    for _ in range(random.choice((1, 1, 1, 2))):
        start, length = random.choice(places)
        kind = random.randrange(5)
        if kind == 0:
            data = data[:start] + bytes([random.randrange(256)]) + data[start + 1 :]
        elif kind == 1 and length > 1:
            width = length - 1
            old = int.from_bytes(data[start + 1 : start + length], "big")
            new = random.choice((*INTERESTING, old + 1, old - 1)) % 256**width
            data = data[: start + 1] + new.to_bytes(width, "big") + data[start + length :]
        elif kind == 2:
            stop = next((other for other, _ in places if other > start), len(data))
            data = data[:start] + data[stop:]
        elif kind == 3:
            stop = next((other for other, _ in places if other > start), len(data))
            data = data[:stop] + data[start:stop] + data[stop:]
        else:
            new_object = random.choice(
                (
                    b"\xc0",
                    b"\x80",
                    b"\x90",
                    b"\xa0",
                    b"\x01",
                    b"\xff",
                    b"\xcb" + bytes(8),
                    b"\xc7\x00\x01",
                    b"\xd4\x01\x00",
                    b"\xdf\xff\xff\xff\xff",
                    b"\xc6\xff\xff\xff\xff",
                    b"\x91" * 2000,
                )
            )
            data = data[:start] + new_object + data[start + length :]
    return data


def _rebuilt(random: Random, data: bytes) -> bytes:
    """Maps with other keys and values, and arrays with other shapes, dtypes and bytes."""
    whole: Any = msgspec.msgpack.decode(data)
    maps, found = [], [whole]
    while found:
        item = found.pop()
        if isinstance(item, dict) and item:
            maps.append(item)
            found.extend(item.values())
    for _ in range(random.choice((1, 1, 2))):
        own, other = random.choice(maps), random.choice(maps)
        key, place = random.choice(list(own)), random.choice(list(other))
        held = own[key]
        kind = random.randrange(6)
        if kind == 0:
            own[key], other[place] = other[place], held
        elif kind == 1:
            own[random.choice((f"{key}.x", "", "params.fc1.kernel", "\x1b[31m", "__msgpack_chunked_array__"))] = held
        elif kind == 2:
            del own[key]
            maps = [each for each in maps if each] or [{"x": None}]
        elif isinstance(held, msgspec.msgpack.Ext):
            own[key] = _another_array(random, held)
        else:
            own[key] = random.choice((None, 0, [], {}, "x", b"x", 1.5, held))
    return msgspec.msgpack.encode(whole)


def _another_array(random: Random, held: msgspec.msgpack.Ext) -> msgspec.msgpack.Ext:
    shape, dtype, raw = msgspec.msgpack.decode(held.data)
    parts = [
        random.choice((shape, shape[::-1], [*shape, 1], [-1, *shape[1:]], [], [2**62, 4], [0])),
        random.choice(
            (dtype, dtype, "float64", "float16", "bfloat16", "O", "U1", "int8", "complex64", "nothing", "V4")
        ),
        random.choice((raw, raw, raw[:-1], raw + b"x", b"", raw.hex())),
    ]
    return msgspec.msgpack.Ext(
        random.choice((1, 1, 1, 2, 3, 9)), msgspec.msgpack.encode(random.choice((parts, parts, parts[:2])))
    )
