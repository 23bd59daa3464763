"""Read .msgpack files of Flax: maps of maps with arrays at their ends, of which only the headers are decoded at first.

An array is an extension of type 1 that holds ``(shape, dtype, bytes)`` as msgpack. One that is larger than 1 GiB lies
in pieces: ``{"__msgpack_chunked_array__": True, "shape": {...}, "chunks": {...}}``. Complex numbers (type 2) and NumPy
scalars (type 3) are no weights.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats import arrays
from netaudit.formats.format import Beginning, Format, OpenFile
from netaudit.formats.natural_order import natural
from netaudit.formats.weights_file import Declared, WeightsFile
from netaudit.text import printable

if TYPE_CHECKING:
    from torch import Tensor

BUDGET = 1_000_000  # entries of maps
DEPTH = 100
_ARRAY = 1  # the type of Flax's extension for arrays
_PARAMETERS = "params."  # the collection of parameters, beside statistics and the optimiser's state
_CHUNKED = "__msgpack_chunked_array__"
_EXTENSIONS = frozenset((0xC7, 0xC8, 0xC9, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8))  # first bytes of what holds an array
_MAPS = frozenset((*range(0x80, 0x90), 0xDE, 0xDF))

Map = dict[str, msgspec.Raw]
Piece = tuple[tuple[int, ...], str, memoryview]
"""Shape, dtype and bytes of an array, or of a part of one."""


def open_flax(path: Path, open_file: OpenFile) -> WeightsFile:
    """Open a file of ``flax.serialization.to_bytes``.

    Raises:
        SourceError: not such a file, a damaged one, or one without arrays.
        UnsafeFileError: more entries than any network has, or an array that declares other bytes than it has.
    """
    shown = printable(path.name)
    import numpy as np

    declared: dict[str, Declared] = {}
    readers = {}
    try:
        with path.open("rb") as file:
            whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        found = list(_arrays(whole, shown))
        for name, shape, pieces in found:
            dtype = pieces[0][1]
            numbers = sum(math.prod(part) for part, _, _ in pieces)
            wrong = any(math.prod(part) * _itemsize(dtype) != len(raw) for part, _, raw in pieces)
            if wrong or numbers != math.prod(shape) or any(other != dtype for _, other, _ in pieces):
                raise UnsafeFileError(f"{shown}: {printable(name, 80)} declares other bytes than it has; refused")
            refusal = "" if dtype == "bfloat16" else arrays.refusal(np.dtype(dtype))
            name = name.removeprefix(_PARAMETERS)
            if name in declared:
                raise UnsafeFileError(f"{shown}: two arrays of the name {printable(name, 80)}; refused")
            declared[name] = Declared(shape, dtype, name, refusal)
            readers[name] = partial(_read, [raw for _, _, raw in pieces], shape, dtype)
    except (ValueError, TypeError, RecursionError) as error:  # msgspec's errors are ValueErrors
        reason = printable(str(error).partition("\n")[0], 80)
        raise SourceError(f"{shown}: not a msgpack file of Flax, or a damaged one ({reason})") from error
    if not declared:
        raise SourceError(f"{shown}: holds no arrays")
    nested = "params" if any(name.startswith(_PARAMETERS) for name, _, _ in found) else ""
    return WeightsFile(path, arrays.LazyStore(declared, readers), declared, nested)


def _arrays(whole: Any, shown: str) -> Iterator[tuple[str, tuple[int, ...], list[Piece]]]:
    """Every array with its dotted name, in order; a map is decoded one level at a time, and arrays not at all."""
    waiting = [iter(msgspec.msgpack.decode(whole, type=Map).items())]
    names: list[str] = []
    visited = 0
    while waiting:
        item = next(waiting[-1], None)
        if item is None:
            waiting.pop()
            names = names[:-1]
            continue
        visited += 1
        if visited > BUDGET or len(waiting) > DEPTH:
            raise UnsafeFileError(f"{shown}: holds more than {BUDGET:,} entries, or {DEPTH} in each other; refused")
        key, raw = item
        kind = memoryview(raw)[0]
        if kind in _EXTENSIONS:
            piece = _piece(raw)
            if piece:
                yield ".".join([*names, key]), piece[0], [piece]
        elif kind in _MAPS:
            inner = msgspec.msgpack.decode(raw, type=Map)
            if _CHUNKED in inner:
                if not {"shape", "chunks"} <= inner.keys():
                    raise ValueError("an array in pieces without its shape or its pieces")
                lengths, chunks = (msgspec.msgpack.decode(inner[part], type=Map) for part in ("shape", "chunks"))
                shape = tuple(msgspec.msgpack.decode(lengths[i], type=int) for i in sorted(lengths, key=natural))
                pieces = [piece for i in sorted(chunks, key=natural) if (piece := _piece(chunks[i]))]
                if not pieces:
                    raise ValueError("an array in pieces without a piece")
                yield ".".join([*names, key]), shape, pieces
            else:
                names.append(key)
                waiting.append(iter(inner.items()))


def _piece(raw: msgspec.Raw) -> Piece | None:
    """The header of an array and a view of its bytes; None for another extension."""
    extension = msgspec.msgpack.decode(raw, type=msgspec.msgpack.Ext)
    if extension.code != _ARRAY:
        return None
    shape, dtype, numbers = msgspec.msgpack.decode(extension.data, type=tuple[tuple[int, ...], str, msgspec.Raw])
    if min(shape, default=0) < 0:
        raise ValueError("a negative length")
    header = {0xC4: 2, 0xC5: 3, 0xC6: 5}.get(memoryview(numbers)[0])  # of 8, 16 and 32 bits for the length
    if header is None:
        raise ValueError("an array without bytes")
    return shape, dtype, memoryview(numbers)[header:]


def _itemsize(dtype: str) -> int:
    import numpy as np

    return 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize


def _read(pieces: list[memoryview], shape: tuple[int, ...], dtype: str) -> Tensor:
    """Copy one array out of the mapped file."""
    import torch

    numbers = torch.frombuffer(bytearray(b"".join(pieces)), dtype=getattr(torch, dtype)) if any(pieces) else None
    return torch.empty(shape, dtype=getattr(torch, dtype)) if numbers is None else numbers.reshape(shape)


def sniff(file: Beginning) -> bool:
    """A map is no signature: only the suffix tells."""
    return False


FORMAT = Format("Flax", (".msgpack",), sniff, open_flax, alone=True)
