"""Read GGUF files of llama.cpp: the header by hand, within limits; the tensors dequantised one at a time by ``gguf``.

The package's own reader builds a Python object for every entry of a vocabulary and trusts the counts in the header, so
that only its formulas are used. Dimensions are stored fastest first and are turned round here to ``[out, in]``.
"""

from __future__ import annotations

import math
import struct
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats import arrays, extras
from netaudit.formats.format import Beginning, Format, OpenFile
from netaudit.formats.weights_file import Declared, WeightsFile
from netaudit.text import printable

if TYPE_CHECKING:
    from torch import Tensor

MOST_TENSORS = 1_000_000
MOST_DIMENSIONS = 4  # ggml's own limit
LONGEST_STRING = 2**24  # bytes; a chat template has some thousands
# The types of values in the metadata, by their number: struct's letter for those of a fixed size.
_SCALARS = dict(enumerate(("B", "b", "H", "h", "I", "i", "f", "?"))) | {10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
# ggml's types whose numbers stand as they are, under PyTorch's names.
_PLAIN = {
    **{"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"},
    **{"I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8"},
}
# llama.cpp's converter reorders the rows of each head of these, for its way of rotating positions.
_PERMUTED = (".attn_q.weight", ".attn_k.weight", ".attn_q.bias", ".attn_k.bias")


class _Header:
    """The header, read in order; nothing beyond the file's end is believed."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file = file
        self.size = size

    def number(self, letter: str) -> Any:
        """One little-endian number."""
        return struct.unpack(f"<{letter}", self.bytes(struct.calcsize(f"<{letter}")))[0]

    def bytes(self, length: int) -> bytes:
        """Bytes that must be there."""
        raw = self.file.read(length) if length <= LONGEST_STRING else b""
        if len(raw) != length:
            raise ValueError("it ends early")
        return raw

    def text(self) -> str:
        """A string with its length before it."""
        return self.bytes(self.number("Q")).decode("utf-8", "replace")

    def value(self, kind: int) -> Any:
        """A value of the metadata; an array is passed over, and None."""
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY:
            raise ValueError(f"its metadata has a value of the unknown type {kind}")
        inner, length = self.number("I"), self.number("Q")
        if inner in _SCALARS:
            self.skip(length * struct.calcsize(f"<{_SCALARS[inner]}"))
        elif inner == _STRING:
            for _ in range(length):  # each has 8 bytes at least, so that the file's end ends it
                self.skip(self.number("Q"))
        else:
            raise ValueError("its metadata has an array of arrays")
        return None

    def skip(self, length: int) -> None:
        """Go on behind bytes that must be there."""
        if self.file.tell() + length > self.size:
            raise ValueError("it ends early")
        self.file.seek(length, 1)


def open_gguf(path: Path, open_file: OpenFile) -> WeightsFile:
    """Open a GGUF file of version 2 or 3.

    Raises:
        SourceError: no such file, a damaged one, or the package ``gguf`` is missing.
        UnsafeFileError: a tensor beyond the end of the file, or two of one name.
    """
    shown = printable(path.name)
    extras.load("gguf", "gguf", shown)
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            header = _Header(file, size)
            if header.bytes(4) != b"GGUF" or (version := header.number("I")) not in (2, 3):
                raise ValueError("its version is none of 2 and 3, or it was written on a big-endian machine")
            tensors, values = header.number("Q"), header.number("Q")
            if max(tensors, values) > MOST_TENSORS:
                raise ValueError(f"it declares more than {MOST_TENSORS:,} tensors, in version {version}")
            metadata = {}
            for _ in range(values):
                key = header.text()
                metadata[key] = header.value(header.number("I"))
            rows = [_row(header) for _ in range(tensors)]
            alignment = metadata.get("general.alignment", 32)
            if not isinstance(alignment, int) or not 0 < alignment < 2**20:
                raise ValueError("its alignment is no number")
            start = -(-file.tell() // alignment) * alignment
    except ValueError as error:
        raise SourceError(f"{shown}: not a GGUF file, or a damaged one ({error})") from error
    if not rows:
        raise SourceError(f"{shown}: holds no tensors")
    architecture = metadata.get("general.architecture")
    architecture = architecture if isinstance(architecture, str) else None
    declared: dict[str, Declared] = {}
    readers = {}
    for name, shape, kind, offset in rows:
        if name in declared:
            raise UnsafeFileError(f"{shown}: two tensors of one name; refused")
        declared[name], length = _declare(name, shape, kind, offset, architecture)
        if length is not None and start + offset + length > size:
            raise UnsafeFileError(f"{shown}: {printable(name, 80)} reaches beyond the file; refused")
        readers[name] = partial(_read, path, start + offset, length or 0, shape, kind)
    store = arrays.LazyStore(declared, readers)
    return WeightsFile(path, store, declared, architecture=architecture)


def _row(header: _Header) -> tuple[str, tuple[int, ...], int, int]:
    """Name, shape with the slowest dimension first, type and offset of a tensor."""
    name, dimensions = header.text(), header.number("I")
    if dimensions > MOST_DIMENSIONS:
        raise ValueError(f"a tensor has {dimensions} dimensions")
    shape = tuple(header.number("Q") for _ in range(dimensions))[::-1]
    return name, shape, header.number("I"), header.number("Q")


def _declare(
    name: str, shape: tuple[int, ...], kind: int, offset: int, architecture: str | None
) -> tuple[Declared, int | None]:
    """A tensor, and the bytes that it takes: None for a type that this version of the package does not know."""
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    try:
        known = GGMLQuantizationType(kind)
    except ValueError:
        return Declared(shape, f"type {kind}", offset, f"type {kind} of ggml, which is not known: not read"), None
    block, width = GGML_QUANT_SIZES[known]
    if math.prod(shape) % block or (shape and shape[-1] % block):
        return Declared(shape, known.name, offset, f"{known.name}, but its rows are no whole blocks: not read"), None
    length = math.prod(shape) // block * width
    if known.name in _PLAIN:
        dtype, notes = _PLAIN[known.name], []
    elif known.name in _dequantised():
        dtype, notes = "float32", [f"{known.name}, dequantised"]
    else:
        return Declared(shape, known.name, offset, f"{known.name}: no formula is known that dequantises it"), length
    if architecture == "llama" and name.endswith(_PERMUTED):
        notes.append("rows within each head in the order of llama.cpp's converter")
    return Declared(shape, dtype, offset, note="; ".join(notes)), length


def _dequantised() -> frozenset[str]:
    """The quantised types that the package can dequantise."""
    from gguf import quants

    return frozenset(kind.name for kind in quants._type_traits)


def _read(path: Path, start: int, length: int, shape: tuple[int, ...], kind: int) -> Tensor:
    """Read and dequantise one tensor."""
    import numpy as np
    import torch
    from gguf.constants import GGMLQuantizationType
    from gguf.quants import dequantize

    known = GGMLQuantizationType(kind)
    raw = bytearray(length)
    with path.open("rb") as file:
        file.seek(start)
        if file.readinto(raw) != length:
            raise SourceError(f"{printable(path.name)}: changed while it was read")
    dtype = getattr(torch, _PLAIN.get(known.name, "float32"))
    if not length:
        return torch.empty(shape, dtype=dtype)
    if known.name in _PLAIN:
        return torch.frombuffer(raw, dtype=dtype).reshape(shape)
    rows = np.frombuffer(raw, np.uint8).reshape(math.prod(shape[:-1]), -1)
    return arrays.tensor(dequantize(rows, known)).reshape(shape)


def sniff(file: Beginning) -> bool:
    """The four letters."""
    return file.head.startswith(b"GGUF")


FORMAT = Format("GGUF", (".gguf",), sniff, open_gguf, alone=True)
