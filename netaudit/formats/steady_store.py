"""A file that may be changed or deleted while it is read: that is one line, whatever the system says of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from netaudit.errors import SourceError
from netaudit.files import in_words
from netaudit.formats.one_entry import read_entry
from netaudit.network.network import TensorStore
from netaudit.text import printable

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")


class SteadyFile:
    """A file as it is now."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state = self._readable(self._look)

    def during(self, work: Callable[[], T]) -> T:
        """Do some work on the file.

        Raises:
            SourceError: the system cannot read it, or it is not what it was, before the work or behind it.
        """
        self._same()
        result = self._readable(work)
        self._same()
        return result

    def _same(self) -> None:
        if self._readable(self._look) != self._state:
            raise SourceError(f"{printable(self.path.name)}: changed while it was read", hint="audit it again")

    def _look(self) -> tuple[int, int, int]:
        status = self.path.stat()
        return status.st_ino, status.st_size, status.st_mtime_ns

    def _readable(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except OSError as error:
            raise SourceError(f"{printable(self.path.name)}: cannot be read: {in_words(error)}") from error


@dataclass(frozen=True)
class SteadyStore:
    """The tensors of one file, read as long as it is the file that was opened."""

    store: TensorStore
    file: SteadyFile

    def names(self) -> Sequence[str]:
        """Every tensor's name, in the file's order."""
        return self.store.names()

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape without reading the data."""
        return self.store.shape(name)

    def dtype(self, name: str) -> str:
        """Dtype without reading the data."""
        return self.store.dtype(name)

    def read(self, name: str) -> Tensor:
        """Read one tensor.

        Raises:
            SourceError: it cannot be read, or the file changed since it was opened.
        """
        return self.file.during(lambda: self.store.read(name))

    def read_at(self, name: str, index: int) -> Tensor:
        """Read one entry of a tensor's first axis, alone where the store can.

        Raises:
            SourceError: it cannot be read, or the file changed since it was opened.
        """
        return self.file.during(lambda: read_entry(self.store, name, index))
