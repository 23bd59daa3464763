"""Edits of the header of GGUF: counts, lengths, kinds and texts."""

from __future__ import annotations

from random import Random

from fuzz.damage import INTERESTING

_GGUF_SIZES = {
    **dict.fromkeys((0, 1, 7), 1),
    **dict.fromkeys((2, 3), 2),
    **dict.fromkeys((4, 5, 6), 4),
    **dict.fromkeys((10, 11, 12), 8),
}


def fields(data: bytes) -> list[tuple[int, int]]:
    """Where each number and each text of the header is, with its length."""
    found = [(0, 4), (4, 4), (8, 8), (16, 8)]
    place = 24

    def number(width: int) -> int:
        nonlocal place
        found.append((place, width))
        place += width
        return int.from_bytes(data[place - width : place], "little")

    def text() -> None:
        nonlocal place
        length = number(8)
        found.append((place, length))
        place += length

    def value(kind: int) -> None:
        if kind == 8:
            text()
        elif kind == 9:
            inner, count = number(4), number(8)
            for _ in range(count):
                value(inner)
        else:
            number(_GGUF_SIZES[kind])

    for _ in range(int.from_bytes(data[16:24], "little")):
        text()
        value(number(4))
    for _ in range(int.from_bytes(data[8:16], "little")):
        text()
        for _ in range(number(4)):
            number(8)
        number(4)
        number(8)
    return found


def edited(random: Random, data: bytes) -> bytes:
    """Other numbers and texts in the header; fields that change places."""
    places = fields(data)
    for _ in range(random.choice((1, 1, 1, 2))):
        start, length = random.choice(places)
        if random.random() < 0.2:
            again, other = random.choice([field for field in places if field[1] == length])
            one, two = data[start : start + length], data[again : again + other]
            if again != start:
                data = bytearray(data)
                data[start : start + length], data[again : again + other] = two, one
                data = bytes(data)
        elif length in (4, 8):
            old = int.from_bytes(data[start : start + length], "little")
            new = random.choice((*INTERESTING, *range(40), old + 1, old - 1, old * 2))
            data = data[:start] + (new % 256**length).to_bytes(length, "little") + data[start + length :]
        else:
            data = (
                data[:start]
                + random.choice((b"\xff" * length, b"\x1b" * length, random.randbytes(length)))
                + data[start + length :]
            )
    return data
