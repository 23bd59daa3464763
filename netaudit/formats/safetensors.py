"""Read .safetensors files one tensor at a time, through the library, after a check of the header that it leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from netaudit.errors import SourceError
from netaudit.formats.format import Beginning, Format
from netaudit.formats.json_object import json_object
from netaudit.formats.natural_order import natural
from netaudit.formats.weights_file import Declared, WeightsFile
from netaudit.text import printable

if TYPE_CHECKING:
    from torch import Tensor

LONGEST_HEADER = 100_000_000  # bytes: the library's own limit
# The format's dtypes under torch's names; what is not here (packed types) is declared under its own and not read.
_DTYPES = {
    **{"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"},
    **{"F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu"},
    **{"I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool", "C64": "complex64"},
}


class SafetensorsStore:
    """The tensors of one file; each ``read`` maps the file, copies one tensor and lets go."""

    def __init__(self, path: Path, declared: dict[str, Declared]) -> None:
        self.path = path
        self.declared = declared

    def names(self) -> Sequence[str]:
        """Every tensor's name, in natural order (``fc2`` before ``fc10``): the file itself keeps none."""
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
            SourceError: the file changed since it was opened.
        """
        return self._read(name)

    def read_at(self, name: str, index: int) -> Tensor:
        """Read one entry of a tensor's first axis: an expert of many.

        Raises:
            SourceError: the file changed since it was opened.
        """
        return self._read(name, index)

    def _read(self, name: str, index: int | None = None) -> Tensor:
        try:
            with safe_open(self.path, framework="pt", device="cpu") as file:
                tensor: Tensor = file.get_tensor(name) if index is None else file.get_slice(name)[index]
        except (SafetensorError, OSError) as error:
            raise SourceError(f"{printable(self.path.name)}: {printable(name, 80)} cannot be read any more") from error
        return tensor


def open_safetensors(path: Path) -> WeightsFile:
    """Open a .safetensors file.

    Raises:
        SourceError: not a safetensors file, or a damaged one (the library's checks), or without tensors.
        UnsafeFileError: two tensors of one name, which the format forbids and the library accepts.
    """
    shown = printable(path.name)
    header = _header(path)
    try:
        with safe_open(path, framework="numpy") as file:  # for the names alone, "pt" would load PyTorch
            names = sorted(file.keys(), key=natural)
    except (SafetensorError, OSError) as error:
        reason = printable(str(error).partition("\\n")[0], 100)
        raise SourceError(f"{shown}: not a safetensors file, or a damaged one ({reason})") from error
    if not names:
        raise SourceError(f"{shown}: holds no tensors")
    declared = {
        name: Declared(tuple(header[name]["shape"]), _DTYPES.get(header[name]["dtype"], header[name]["dtype"]), name)
        for name in names
    }
    about = {str(key): str(value) for key, value in dict(header.get("__metadata__") or {}).items()}
    return WeightsFile(path, SafetensorsStore(path, declared), declared, about=about)


def _header(path: Path) -> dict[str, Any]:
    """The header as JSON; the library has the last word on what it means."""
    shown = printable(path.name)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(LONGEST_HEADER, path.stat().st_size - 8):
            raise SourceError(f"{shown}: not a safetensors file, or a damaged one (its header is longer than the file)")
        raw = file.read(length)
    try:
        return json_object(raw, shown)
    except ValueError as error:
        raise SourceError(f"{shown}: not a safetensors file, or a damaged one (its header is {error})") from error


def sniff(file: Beginning) -> bool:
    """The length of a header that fits into the file, and then a JSON object."""
    length = int.from_bytes(file.head[:8], "little")
    return 2 <= length <= min(LONGEST_HEADER, file.size - 8) and file.head[8:9] == b"{"


FORMAT = Format("safetensors", (".safetensors",), sniff, lambda path, open_file: open_safetensors(path), alone=True)
