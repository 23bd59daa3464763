"""NumPy arrays of files as tensors: dtypes under PyTorch's names, bytes as numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netaudit.formats.weights_file import Declared

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

# What PyTorch holds and calls as NumPy does; bfloat16 has no type of its own in NumPy.
_SAME = frozenset(
    ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64", "complex128")
)


def refusal(dtype: np.dtype[Any]) -> str:
    """Why arrays of a dtype cannot be read; empty when they can."""
    if dtype.hasobject:
        return "Python objects, which are pickled: not read"
    if dtype.name in _SAME:
        return ""
    return "raw bytes without a type of number: not read" if dtype.kind == "V" else f"{dtype.name}: not read"


def native(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array row by row, in the machine's byte order."""
    import numpy as np

    return np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")


def tensor(array: np.ndarray[Any, Any]) -> Tensor:
    """A copy of an array, in the machine's byte order."""
    import numpy as np
    import torch

    if array.dtype.name == "bfloat16":  # of ml_dtypes
        return torch.from_numpy(array.view(np.int16).copy()).view(torch.bfloat16)
    return torch.from_numpy(np.array(native(array)))


@dataclass(frozen=True)
class LazyStore:
    """Tensors that are each read by a function of their own; the declarations say what they give."""

    declared: Mapping[str, Declared]
    readers: Mapping[str, Callable[[], Tensor]]

    def names(self) -> Sequence[str]:
        """Every tensor's name, in the order of the declarations."""
        return list(self.declared)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape without reading the data."""
        return self.declared[name].shape

    def dtype(self, name: str) -> str:
        """Dtype without reading the data."""
        return self.declared[name].dtype

    def read(self, name: str) -> Tensor:
        """Read one tensor.

        Raises:
            SourceError: the file changed since it was opened, or it cannot be read any more.
        """
        return self.readers[name]()
