"""Edits of the metadata of HDF5: numbers, and pieces that change places."""

from __future__ import annotations

import struct
from random import Random

from fuzz.damage import INTERESTING

_HDF5 = (
    b"\x89HDF",
    b"TREE",
    b"SNOD",
    b"HEAP",
    b"OHDR",
    b"FRHP",
    b"FSHD",
    b"FHDB",
    b"FHIB",
    b"BTHD",
    b"BTLF",
    b"OCHK",
    b"GCOL",
    b"EAHD",
    b"EAIB",
    b"EADB",
    b"FAHD",
    b"FADB",
)


def borders(data: bytes) -> list[int]:
    """Where the signatures of HDF5 are, and every eighth byte behind them: messages are aligned in old files."""
    places: set[int] = set()
    for signature in _HDF5:
        start = data.find(signature)
        while start >= 0:
            places |= set(range(start, min(start + 200, len(data)), 8))
            start = data.find(signature, start + 1)
    return sorted(places)


def edited(random: Random, data: bytes) -> bytes:
    """Numbers in the metadata changed, two pieces of it exchanged, or an address of it in another's place."""
    places = borders(data)
    out = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 3))):
        start, other = (min(random.choice(places), len(data) - 8) for _ in range(2))
        kind, width = random.randrange(4), random.choice((1, 2, 4, 8))
        if kind == 0:
            out[start : start + 8], out[other : other + 8] = out[other : other + 8], out[start : start + 8]
        elif kind == 1:
            out[start : start + 8] = out[other : other + 8]
        elif kind == 2:
            out[start : start + 8] = struct.pack("<Q", random.choice((*INTERESTING, other, len(data), start)))
        else:
            at = start + random.randrange(8)
            out[at : at + width] = (random.choice(INTERESTING) % 256**width).to_bytes(width, "little")
    return bytes(out[: len(data)])
