"""Where the numbers of a tensor lie in a file of torch.save, and how they are laid out. Nothing here loads PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

ITEMSIZE = {
    **{"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "complex32": 4, "complex64": 8, "complex128": 16},
    **{"int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint64": 8, "uint32": 4, "uint16": 2, "uint8": 1, "bool": 1},
    **dict.fromkeys(("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"), 1),
    **{"float4_e2m1fn_x2": 1, "qint8": 1, "quint8": 1, "qint32": 4, "quint4x2": 1, "quint2x4": 1},
}
"""Bytes of one number, by PyTorch's name of its type."""
STORAGES = {
    **{"Double": "float64", "Float": "float32", "Half": "float16", "BFloat16": "bfloat16", "Bool": "bool"},
    **{"Long": "int64", "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8", "Untyped": "uint8"},
    **{"ComplexFloat": "complex64", "ComplexDouble": "complex128", "QInt8": "qint8", "QUInt8": "quint8"},
    **{"QInt32": "qint32", "QUInt4x2": "quint4x2", "QUInt2x4": "quint2x4"},
}
"""The type of the numbers of each class of storage, whose name ends in ``Storage``."""


@dataclass(frozen=True)
class Storage:
    """A row of numbers in the file."""

    key: str
    dtype: str
    count: int
    """Its numbers, as the pickle declares them."""
    data: bytes | None = field(default=None, repr=False)
    """The numbers, where they lie in the pickle itself."""
    skipped: int = 0
    """Bytes of the record before it: old files have views of storages."""
    whole: int | None = None
    """Bytes of the record that it is a view of; None where it is all of its record."""

    @property
    def nbytes(self) -> int:
        """Bytes of the numbers."""
        return self.count * ITEMSIZE[self.dtype]

    @property
    def record(self) -> int:
        """Bytes that its record must have."""
        return self.nbytes if self.whole is None else self.whole


@dataclass(frozen=True)
class StoredTensor:
    """A tensor that was not read."""

    dtype: str
    shape: tuple[int, ...]
    storage: Storage | None = None
    """None where it cannot be read."""
    offset: int = 0
    """Numbers of the storage before its first."""
    stride: tuple[int, ...] = ()
    refusal: str = ""
    """Why it cannot be read."""
    codes: str = ""
    """The dtype of the stored numbers, where they are codes: a number is scale times code less zero point."""
    scale: float = 1.0
    zero_point: int = 0

    @property
    def stored(self) -> str:
        """The dtype of the numbers in the storage."""
        return self.codes or self.dtype

    @property
    def note(self) -> str:
        """What is done with the stored numbers, in words; empty where nothing is."""
        return f"dequantised from {self.codes} codes" if self.codes else ""

    def numbers(self, stored: Tensor) -> Tensor:
        """The tensor, of the numbers of its storage."""
        return (stored.float() - self.zero_point) * self.scale if self.codes else stored

    @property
    def extent(self) -> int:
        """The numbers of its storage that it spans."""
        if 0 in self.shape:
            return 0
        return 1 + sum((length - 1) * stride for length, stride in zip(self.shape, self.stride, strict=True))

    @property
    def end(self) -> int:
        """Bytes of its storage up to its last number."""
        return (self.offset + self.extent) * ITEMSIZE[self.stored]
