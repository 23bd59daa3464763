"""What NumPy pickles of an array, as data: an empty array and its state. Nothing here loads NumPy."""

from __future__ import annotations

import math
from dataclasses import replace

from netaudit.formats.inert_object import Inert, MalformedError
from netaudit.formats.stored_tensor import ITEMSIZE, Storage, StoredTensor
from netaudit.formats.torch_objects import sizes

_KINDS = {"f": "float", "i": "int", "u": "uint", "c": "complex", "b": "bool"}
_RECONSTRUCT = ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")
_FROM_BUFFER = ("numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer")


def _array(kind: str, data: bytes, shape: tuple[int, ...], fortran: bool) -> StoredTensor | None:
    """A NumPy array of a dtype such as ``<f4``; None for one that holds no numbers."""
    width = kind[2:] if kind[2:].isdecimal() and len(kind) < 5 else "0"
    dtype = _KINDS.get(kind[1:2], "") + ("" if kind[1:2] == "b" else str(8 * int(width)))
    if dtype not in ITEMSIZE:
        return None
    lengths = shape[::-1] if not fortran else shape
    strides = tuple(math.prod(lengths[:number]) for number in range(len(lengths)))
    rows = Storage(f"array at {id(data)}", dtype, len(data) // ITEMSIZE[dtype], data)
    made = StoredTensor(dtype, shape, rows, 0, strides if fortran else strides[::-1])
    if math.prod(shape) * ITEMSIZE[dtype] != len(data):
        raise MalformedError("an array of other bytes than it declares")
    return replace(made, storage=None, refusal="big-endian: not read") if kind.startswith(">") else made


def array(value: Inert) -> StoredTensor | None:
    """The array that a stand-in is, or None: ``(version, shape, dtype, fortran, bytes)`` is its state."""
    state = value.attributes.get("state")
    made: StoredTensor | None = None
    if value.kind.path in _RECONSTRUCT and isinstance(state, tuple) and len(state) == 5:
        _, shape, kind, fortran, data = state
        if isinstance(data, bytes) and isinstance(kind, Inert):
            made = _array(_kind(kind), data, sizes(shape), bool(fortran))
    elif value.kind.path in _FROM_BUFFER and len(value.args) == 4:
        data, kind, shape, order = value.args
        if isinstance(data, (bytes, bytearray)) and isinstance(kind, Inert):
            made = _array(_kind(kind), bytes(data), sizes(shape), order == "F")
    return made


def _kind(dtype: Inert) -> str:
    """``<f4`` of ``numpy.dtype("f4", ...)`` with the state ``(3, "<", ...)``."""
    name = dtype.args[0] if dtype.kind.path == "numpy.dtype" and dtype.args else ""
    state = dtype.attributes.get("state")
    order = state[1] if isinstance(state, tuple) and len(state) > 1 else "<"
    return f"{order}{name}" if isinstance(name, str) and order in ("<", ">", "|", "=") else "|O"
