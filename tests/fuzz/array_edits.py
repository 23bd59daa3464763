"""Edits of the headers of safetensors and of NumPy's arrays, which are text."""

from __future__ import annotations

import json
from random import Random

from fuzz import json_edits
from fuzz.damage import INTERESTING

_DTYPES = ("F32", "F64", "F16", "BF16", "F8_E4M3", "F8_E5M2", "I64", "I32", "I8", "U8", "BOOL", "U16", "C64", "F4", "x")


def safetensors(random: Random, data: bytes) -> bytes:
    """Another header before the same numbers, with its right length or another."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    kind = random.randrange(6)
    names = [name for name in header if name != "__metadata__"]
    one, two = random.choice(names), random.choice(names)
    if kind == 0:
        header[one]["dtype"] = random.choice(_DTYPES)
    elif kind == 1:
        header[one]["data_offsets"], header[two]["data_offsets"] = (
            header[two]["data_offsets"],
            header[one]["data_offsets"],
        )
    elif kind == 2:
        header[one]["shape"] = random.choice(
            (header[one]["shape"][::-1], [1, *header[one]["shape"]], [], [2**32, 2**32])
        )
    elif kind == 3:
        header[one], header[two] = header[two], header[one]
    text = json.dumps(header) if kind < 4 else json_edits.edited(random, header)
    if random.random() < 0.1:
        text += " " * random.choice((1, 7, 1000))
    raw = text.encode("utf-8", "surrogatepass")
    said = len(raw) if random.random() < 0.9 else random.choice((*INTERESTING, len(raw) + 1, len(raw) - 1))
    return (said % 2**64).to_bytes(8, "little") + raw + data[8 + length :]


def safetensors_borders(data: bytes) -> list[int]:
    """The header's ends, JSON's own characters in it, and where the tensors begin."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    starts = [8 + length + each["data_offsets"][0] for name, each in header.items() if name != "__metadata__"]
    return sorted({0, 8, *(8 + place for place in json_edits.borders(data[8 : 8 + length])), 8 + length, *starts})


_DESCR = (
    "<f4",
    "<f8",
    ">f4",
    "<f2",
    "|O",
    "<U3",
    "|V4",
    "<i8",
    "|u1",
    "|b1",
    "<c8",
    "<M8[s]",
    "<f16",
    "|S0",
    "f",
    "V0",
)
_SHAPES = (
    "()",
    "(6,)",
    "(2, 3)",
    "(0,)",
    "(-1,)",
    "(2**40,)",
    "(1099511627776, 1099511627776)",
    "(0, 2**62)",
    "6",
    "(6.0,)",
    "(True,)",
)


def npy(random: Random, data: bytes) -> bytes:
    """Another header before the same numbers."""
    length = int.from_bytes(data[8:10], "little")
    header = data[10 : 10 + length].decode("latin-1")
    old_shape = header[header.index("(") : header.index(")") + 1]
    kind = random.randrange(7)
    if kind == 0:
        header = header.replace(header.split("'descr': ")[1].split(", ")[0], repr(random.choice(_DESCR)))
    elif kind == 1:
        header = header.replace(old_shape, random.choice(_SHAPES))
    elif kind == 2:
        header = header.replace("False", "@").replace("True", "False").replace("@", "True")
    elif kind == 3:
        descr = random.choice(
            ("[('a', '<f4')]", "[('a', '<f4'), ('a', '<f4')]", "__import__('os')", "'f4' * 9", "None")
        )
        header = header.replace(header.split("'descr': ")[1].split(", ")[0], descr)
    elif kind == 4:
        header = random.choice(
            (header.replace("'shape'", "'shapes'"), header[:-30], "{" * 200, "(" * 3000, "\x00" * 20)
        )
    elif kind == 5:
        header = header.replace("}", f", 'shape': {random.choice(_SHAPES)}}}")
    version = random.choice((b"\x01\x00", b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x00"))
    raw = header.encode("latin-1")
    said = len(raw) if kind < 6 else random.choice(INTERESTING)
    width = 2 if version[0] == 1 else 4
    return data[:6] + version + (said % 256**width).to_bytes(width, "little") + raw + data[10 + length :]


def npy_borders(data: bytes) -> list[int]:
    """Magic, version, header, numbers."""
    length = int.from_bytes(data[8:10], "little")
    return [0, 6, 8, 10, 10 + length // 2, 10 + length, 11 + length]
