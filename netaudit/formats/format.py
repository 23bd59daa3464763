"""What a format of weights files is: its name, its suffixes, how it is told from other files, and how it is opened."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from netaudit.formats.weights_file import WeightsFile

HEAD = 2**16
"""Bytes at the start of a file that a format is handed."""

OpenFile = Callable[[Path], WeightsFile]
"""Opens another file, of whatever format holds tensors in one file."""


@dataclass(frozen=True)
class Beginning:
    """What a format is handed to tell whether a file is one of its own: nothing of the file is parsed yet."""

    path: Path
    head: bytes
    """The first bytes, at most :data:`HEAD`."""
    size: int
    """Bytes of the whole file."""

    @classmethod
    def of(cls, path: Path) -> Beginning:
        """Look at a regular file."""
        with path.open("rb") as file:
            return cls(path, file.read(HEAD), path.stat().st_size)

    @property
    def text(self) -> str:
        """The first bytes as text in lower case, without white space and the mark of its encoding before it."""
        return self.head.removeprefix(b"\xef\xbb\xbf").decode("latin-1").lstrip().lower()

    @cached_property
    def zip_names(self) -> tuple[str, ...] | None:
        """The names of the records of a zip file; empty for a damaged one, None for a file that is no zip file."""
        if not self.head.startswith(b"PK\x03\x04"):
            return None
        try:
            with zipfile.ZipFile(self.path) as archive:
                return tuple(archive.namelist())
        except Exception:  # noqa: BLE001 - zipfile raises six kinds on damaged files
            return ()


@dataclass(frozen=True)
class Format:
    """A kind of file. One that is known but not read has no ``open``, and says what to do with such a file."""

    name: str
    """As its readers call it: ``"safetensors"``."""
    suffixes: tuple[str, ...]
    """Usual endings of its files' names, the usual one first, in lower case. A name that ends in one is a path."""
    sniff: Callable[[Beginning], bool]
    """Whether a file is one of this format, told by its content. A suffix counts only when no content tells."""
    open: Callable[[Path, OpenFile], WeightsFile] | None = None
    """Opens a file without reading a tensor. The second argument opens other files that this one names."""
    alone: bool = False
    """Whether the only file of this suffix in a folder is that folder's model. Other programs put other things beside
    a checkpoint under the suffixes of PyTorch."""
    index: bool = False
    """Whether the file names others that hold the tensors."""
    reason: str = ""
    """Of a format that is not read: what such a file is."""
    hint: str = ""
    """Of a format that is not read: what to do."""
