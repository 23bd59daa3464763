"""The constant tensors of an ONNX graph: where their numbers lie, and what a chain of simple operations makes of them.

Protocol Buffers give the tensors inside the model; numbers in other files are read one tensor at a time, only from
regular files in the model's own folder. All of this runs in a process of its own (``child.py``), on NumPy's arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, TypeAlias

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.files import require_regular
from netaudit.formats import arrays
from netaudit.text import printable

if TYPE_CHECKING:
    import numpy as np

# ONNX's types by number, under PyTorch's names.
_DTYPES = {
    **{1: "float32", 2: "uint8", 3: "int8", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16"},
    **{11: "float64", 14: "complex64", 15: "complex128", 16: "bfloat16"},
}
_BYTES = {
    **{"float32": 4, "uint8": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8, "bool": 1, "float16": 2},
    **{"float64": 8, "complex64": 8, "complex128": 16, "bfloat16": 2},
}
# Where the numbers of a type lie that are no raw bytes; those of all others lie in int32_data.
_FIELDS = {
    **{"float32": "float_data", "complex64": "float_data", "int64": "int64_data"},
    **{"float64": "double_data", "complex128": "double_data"},
}


Array: TypeAlias = "np.ndarray[Any, Any]"


@dataclass(frozen=True)
class Constant:
    """A constant value of the graph. Nothing is read until ``read`` is called."""

    name: str
    """Of the stored tensor that it is made of."""
    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], Array]
    notes: tuple[str, ...] = ()
    """What was done to the stored numbers, in words."""
    refusal: str = ""
    """Why it cannot be read."""

    def small(self) -> list[float] | None:
        """Its numbers, where they are few enough for a shape, axes, or the factors of a scale."""
        if self.refusal or math.prod(self.shape) > 64:
            return None
        return [float(value) for value in self.read().reshape(-1)]

    def turned(self) -> Constant:
        """The transpose of a matrix."""
        return replace(self, shape=self.shape[::-1], read=lambda: self.read().T)

    def reshaped(self, shape: tuple[int, ...]) -> Constant:
        """The same numbers in another shape."""
        return replace(self, shape=shape, read=lambda: self.read().reshape(shape))

    def expanded(self, length: int) -> Constant:
        """One number as a vector of so many."""
        return replace(self, shape=(length,), read=lambda: self.read().reshape(-1).repeat(length))

    def scaled(self, factor: float) -> Constant:
        """Times a number of the graph."""
        if factor == 1:
            return self
        note = f"times {factor:.6g}, as the graph has it"
        return replace(self, read=lambda: _times(self.read(), factor), notes=(*self.notes, note))

    def dequantised(self, scale: Constant, zero: Constant | None, axis: int) -> Constant | None:
        """(codes - zero point) x scale, per tensor or along an axis; None when the shapes are not those of that."""
        number, along = len(self.shape), axis % max(len(self.shape), 1)
        per_tensor = math.prod(scale.shape) == 1
        if self.refusal or scale.refusal or not (per_tensor or scale.shape == (self.shape[along],)):
            return None
        if zero is not None and (zero.refusal or math.prod(zero.shape) != math.prod(scale.shape)):
            return None
        spread = (1,) * number if per_tensor else tuple(-1 if i == along else 1 for i in range(number))

        def read() -> Array:
            codes, factors = self.read().astype("float32"), scale.read().astype("float32").reshape(spread)
            shifted = codes if zero is None else codes - zero.read().astype("float32").reshape(spread)
            result: Array = shifted * factors
            return result

        return replace(self, dtype="float32", read=read, notes=(*self.notes, f"dequantised from {self.dtype}"))


def stored(proto: Any, folder: Path, shown: str) -> Constant:
    """A stored tensor, checked: what it declares must be what it has.

    Raises:
        UnsafeFileError: other bytes than it declares, or numbers in a file that the model has no business reading.
    """
    name, shape = str(proto.name), tuple(int(length) for length in proto.dims)
    dtype = _DTYPES.get(proto.data_type, f"type {proto.data_type}")
    if dtype not in _BYTES:
        return Constant(name, shape, dtype, _unreadable, refusal=f"{dtype} of ONNX, packed or of 8 bits: not read")
    what = f"{shown}: {printable(name, 80)}"
    length = math.prod(shape) * _BYTES[dtype]
    if min(shape, default=0) < 0:
        raise UnsafeFileError(f"{what} declares a negative length; refused")
    if proto.data_location == 1:
        place = {entry.key: entry.value for entry in proto.external_data}
        return Constant(name, shape, dtype, _external(place, folder, length, shape, proto.data_type, what))
    if proto.HasField("raw_data"):
        fits = len(proto.raw_data) == length
    else:
        held = getattr(proto, _FIELDS.get(dtype, "int32_data"))
        fits = len(held) == math.prod(shape) * (2 if dtype.startswith("complex") else 1)
    if not fits:
        raise UnsafeFileError(f"{what} declares other bytes than it has; refused")

    def read() -> Array:
        from onnx import numpy_helper

        return arrays.native(numpy_helper.to_array(proto))

    return Constant(name, shape, dtype, read)


def filled(name: str, shape: tuple[int, ...], value: Constant) -> Constant:
    """A tensor of one number (ConstantOfShape), which no file holds."""

    def read() -> Array:
        return value.read().reshape(-1)[:1].repeat(math.prod(shape)).reshape(shape)

    return Constant(name, shape, value.dtype, read, ("one number, filled in by the graph",))


def _times(array: Array, factor: float) -> Array:
    """A product in float32 at least, rounded once."""
    import numpy as np

    wide = array.astype(np.float32) if array.dtype.itemsize < 4 else array
    return (wide * wide.dtype.type(factor)).astype(array.dtype)


def _unreadable() -> Array:
    raise SourceError("a tensor that was refused cannot be read")


def _external(
    place: dict[str, str], folder: Path, length: int, shape: tuple[int, ...], kind: int, what: str
) -> Callable[[], Array]:
    """A function that reads a tensor from a file beside the model, after a check that all of it lies there."""
    location = place.get("location", "")
    if not isinstance(location, str) or printable(location, len(location)) != location:
        raise UnsafeFileError(f"{what} lies in a file of a name that no model has; refused")
    parts = {*PurePosixPath(location).parts, *PureWindowsPath(location).parts}
    absolute = location.startswith(("/", "\\")) or PureWindowsPath(location).drive
    if not location or absolute or ".." in parts:
        raise UnsafeFileError(f"{what} lies in {printable(location, 80) or 'no file'}, outside the folder; refused")
    path = folder / location
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UnsafeFileError(f"{what} lies behind a link out of the folder; refused")
    require_regular(path)
    try:
        start, declared = int(place.get("offset") or 0), int(place.get("length") or length)
    except ValueError:
        start = declared = -1
    if start < 0 or declared != length or start + length > path.stat().st_size:
        raise UnsafeFileError(f"{what} declares other bytes than {printable(location, 80)} has; refused")

    def read() -> Array:
        import numpy as np
        from onnx import helper

        raw = bytearray(length)
        with path.open("rb") as file:
            file.seek(start)
            if file.readinto(raw) != length:
                raise SourceError(f"{what}: {printable(location, 80)} changed while it was read")
        return np.frombuffer(raw, dtype=helper.tensor_dtype_to_np_dtype(kind)).reshape(shape)

    return read
