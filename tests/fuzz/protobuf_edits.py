"""Edits of a message of Protocol Buffers, as a tree: all lengths follow."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from fuzz.damage import INTERESTING

Node = tuple[int, int, "int | bytes | list[Node]"]
"""A field of Protocol Buffers: its number, its wire type, and its value: a number, bytes, or a message."""


def nodes_of(data: bytes, depth: int = 0) -> list[Node] | None:
    """A message as a tree; None where the bytes are no message."""
    nodes: list[Node] = []
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, wire = tag >> 3, tag & 7
        if not 0 < number < 60 or wire not in (0, 1, 2, 5):
            return None
        if wire == 0:
            value, place = _varint(data, place)
            nodes.append((number, wire, value))
            continue
        length = {1: 8, 5: 4}.get(wire)
        if length is None:
            length, place = _varint(data, place)
        if place + length > len(data):
            return None
        raw = data[place : place + length]
        place += length
        inner = nodes_of(raw, depth + 1) if wire == 2 and raw and depth < 6 and length < 2**17 else None
        nodes.append((number, wire, inner or raw))
    return nodes


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(data) and shift < 70:
        byte = data[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
    return 0, len(data) + 1


def _as_varint(value: int) -> bytes:
    value %= 2**64
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def as_bytes(nodes: list[Node]) -> bytes:
    """The message."""
    out = bytearray()
    for number, wire, value in nodes:
        out += _as_varint(number << 3 | wire)
        if isinstance(value, int):
            out += _as_varint(value)
        else:
            raw = value if isinstance(value, bytes) else as_bytes(value)
            out += (_as_varint(len(raw)) if wire == 2 else b"") + raw
    return bytes(out)


def edited(random: Random, data: bytes) -> bytes:
    """Numbers and texts changed, fields left out, twice, with other numbers, in other messages; lengths follow."""
    tree = nodes_of(data) or []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        messages = list(_messages(tree))
        own, other = random.choice(messages), random.choice(messages)
        place = random.randrange(len(own))
        number, wire, value = own[place]
        kind = random.randrange(9)
        if kind < 3 and isinstance(value, int):
            own[place] = (number, wire, random.choice((*INTERESTING, *range(30), value + 1, value - 1, -1)))
        elif kind < 3 and isinstance(value, bytes) and wire == 2:
            texts = [
                each for message in messages for _, _, each in message if isinstance(each, bytes) and len(each) < 99
            ]
            new = random.choice(
                (b"", b"\x1b[31m", b"../x", b"/etc/passwd", b"\xff\xfe", b"x" * 500, value[:-1], value + b"\x00")
            )
            own[place] = (number, wire, random.choice((new, random.choice(texts or [b""]))))
        elif kind == 3:
            del own[place]
        elif kind == 4:
            own.insert(place, own[place])
        elif kind == 5:
            own[place] = (random.choice((number + 1, max(number - 1, 1), 1, 2, 4, 5, 8, 9, 13, 14)), wire, value)
        elif kind == 6:
            other.insert(random.randrange(len(other) + 1), own[place])
        elif kind == 7:
            again = random.randrange(len(other))
            own[place], other[again] = other[again], own[place]
        else:
            own.insert(place, (random.randrange(1, 20), 0, random.choice(INTERESTING)))
    try:
        return as_bytes(tree)
    except RecursionError:  # a message inside itself
        return data


def _messages(nodes: list[Node]) -> Iterator[list[Node]]:
    waiting, seen = [nodes], set()
    while waiting:
        found = waiting.pop()
        if found and id(found) not in seen:
            seen.add(id(found))
            yield found
            waiting.extend(value for _, _, value in found if isinstance(value, list))


def borders(data: bytes) -> list[int]:
    """Where the fields are."""
    places: list[int] = []

    def walk(nodes: list[Node], start: int) -> int:
        for number, wire, value in nodes:
            places.append(start)
            start += len(_as_varint(number << 3 | wire))
            raw = (
                _as_varint(value) if isinstance(value, int) else value if isinstance(value, bytes) else as_bytes(value)
            )
            start += len(_as_varint(len(raw))) if wire == 2 else 0
            if isinstance(value, list):
                walk(value, start)
            start += len(raw)
        return start

    walk(nodes_of(data) or [], 0)
    return places
