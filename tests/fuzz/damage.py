"""Damage to bytes that knows nothing of the format: flips, cuts, insertions, copies, and splices of two files."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

INTERESTING = (
    *(0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 64, 100, 127, 128, 255, 256, 1000, 4096, 32767, 32768, 65535, 65536),
    *(2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**40, 2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1),
)
"""Numbers at which a size, a count or an offset changes its meaning."""
LONGEST = 2**20
"""Bytes that a damaged file may have."""


def bits(random: Random, data: bytes, borders: Sequence[int]) -> bytes:
    """Flip one bit to eight."""
    out = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 4, 8))):
        out[_place(random, data, borders)] ^= 1 << random.randrange(8)
    return bytes(out)


def one_byte(random: Random, data: bytes, borders: Sequence[int]) -> bytes:
    """Put another byte in place of one."""
    out = bytearray(data)
    out[_place(random, data, borders)] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
    return bytes(out)


def number(random: Random, data: bytes, borders: Sequence[int]) -> bytes:
    """Write a number, of either byte order, over what lies there; or count one up or down."""
    size = random.choice((1, 2, 4, 8))
    order = random.choice(("little", "little", "big"))
    place = min(_place(random, data, borders), max(len(data) - size, 0))
    value = int.from_bytes(data[place : place + size], order)
    other = random.choice((*INTERESTING, value + 1, value - 1, value * 2, len(data)))
    return data[:place] + (other % 256**size).to_bytes(size, order) + data[place + size :]


def cut(random: Random, data: bytes, borders: Sequence[int]) -> bytes:
    """Keep the beginning."""
    return data[: _place(random, data, borders)]


def leave_out(random: Random, data: bytes, borders: Sequence[int]) -> bytes:
    """Leave a piece out."""
    start, stop = _piece(random, data, borders)
    return data[:start] + data[stop:]


def insert(random: Random, data: bytes, borders: Sequence[int]) -> bytes:
    """Put bytes in."""
    place = _place(random, data, borders)
    length = random.choice((1, 1, 2, 4, 8, 64, 1000))
    return data[:place] + random.choice((bytes(length), b"\xff" * length, random.randbytes(length))) + data[place:]


def repeat(random: Random, data: bytes, borders: Sequence[int]) -> bytes:
    """Put a piece in once more, behind itself or elsewhere."""
    start, stop = _piece(random, data, borders)
    place = random.choice((stop, _place(random, data, borders)))
    return data[:place] + data[start:stop] * random.choice((1, 1, 3)) + data[place:]


def swap(random: Random, data: bytes, borders: Sequence[int]) -> bytes:
    """Let two pieces change places."""
    a, b, c, d = sorted(_place(random, data, borders) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def overwrite(random: Random, data: bytes, borders: Sequence[int]) -> bytes:
    """Put a piece in place of another of the same length."""
    start, stop = _piece(random, data, borders)
    place = min(_place(random, data, borders), len(data) - (stop - start))
    return data[:place] + data[start:stop] + data[place + stop - start :]


DAMAGE = (bits, bits, one_byte, number, number, cut, leave_out, insert, repeat, swap, overwrite)


def damaged(random: Random, data: bytes, borders: Sequence[int]) -> bytes:
    """One damage, or some on top of each other."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if not data:
            break
        data = random.choice(DAMAGE)(random, data, [place for place in borders if place <= len(data)])[:LONGEST]
    return data


def spliced(random: Random, one: bytes, other: bytes, borders: Sequence[int], others: Sequence[int]) -> bytes:
    """The beginning of one file, and the end of another."""
    return one[: _place(random, one, borders)] + other[_place(random, other, others) :]


def _place(random: Random, data: bytes, borders: Sequence[int]) -> int:
    """A place in the bytes: mostly at or shortly behind a border, where the fields are."""
    if borders and random.random() < 0.7:
        near = random.choice(borders) + random.choice((0, 0, 1, 2, 3, 4, 8, random.randrange(40), -1))
        return max(0, min(near, len(data) - 1))
    return random.randrange(max(len(data), 1))


def _piece(random: Random, data: bytes, borders: Sequence[int]) -> tuple[int, int]:
    start = _place(random, data, borders)
    if borders and random.random() < 0.5:
        stop = next((place for place in sorted(borders) if place > start), len(data))
    else:
        stop = start + random.choice((1, 2, 4, 8, 16, 64, 256))
    return start, min(max(stop, start), len(data))
