"""Read .safetensors files one tensor at a time, through the library, after a check of the header that it leaves out."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.sources.planners.names_and_shapes import Declared
from netaudit.sources.weights import WeightsFile
from netaudit.text import printable

if TYPE_CHECKING:
    from torch import Tensor

LONGEST_HEADER = 100_000_000  # bytes: the library's own limit
# The format's dtypes under torch's names; what is not here (packed types) is declared under its own and not read.
_DTYPES = {
    **{"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"},
    **{"F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2"},
    **{"I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool"},
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
        try:
            with safe_open(self.path, framework="pt", device="cpu") as file:
                tensor: Tensor = file.get_tensor(name)
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
    return WeightsFile(path, SafetensorsStore(path, declared), declared)


def _header(path: Path) -> dict[str, Any]:
    """The header as JSON; the library has the last word on what it means."""
    shown = printable(path.name)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(LONGEST_HEADER, path.stat().st_size - 8):
            raise SourceError(f"{shown}: not a safetensors file, or a damaged one (its header is longer than the file)")
        raw = file.read(length)
    try:
        return table(raw, shown)
    except ValueError as error:
        raise SourceError(f"{shown}: not a safetensors file, or a damaged one (its header is {error})") from error


def table(raw: bytes, shown: str) -> dict[str, Any]:
    """A JSON object whose keys are unique, as JSON itself does not ask.

    Raises:
        ValueError: not JSON, or no object.
        UnsafeFileError: a key that comes twice: two readers may take different values.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise UnsafeFileError(f"{shown}: two tensors of one name; refused", hint="re-save it with safetensors")
        return dict(pairs)

    try:
        found = json.loads(raw, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise ValueError("no JSON") from error
    if not isinstance(found, dict):
        raise ValueError("no table")
    return found


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts ``fc2`` before ``fc10``."""
    # Numbers by their length, then digit by digit: a name may hold more digits than int() takes.
    numbers = ((piece.isdecimal(), piece.lstrip("0")) for piece in re.split(r"(\d+)", name))
    return [(0, len(digits), digits) if is_number else (1, 0, digits) for is_number, digits in numbers]
