"""The datasets of an HDF5 file that nobody vouches for: only what lies in the file itself, at the end of hard links.

HDF5 can name other files (external links, external storage, virtual datasets), repeat a group inside itself, declare
data that were never written, and ask for filters that are loaded as plugins. None of that is followed.
All of this runs in a process of its own (``child.py``).
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats import arrays, hdf5_chunks
from netaudit.text import printable

if TYPE_CHECKING:
    import numpy as np

BUDGET = 200_000  # groups and datasets
DEPTH = 50
LONGEST_TEXT = 2**26  # bytes of an attribute


class Section(io.RawIOBase):
    """The part of a file in which another file lies, as it is."""

    def __init__(self, path: Path, start: int, length: int) -> None:
        self._file = path.open("rb")
        self._start = start
        self._length = length
        self._place = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place, counted from the section's start."""
        self._place = max(0, offset + {0: 0, 1: self._place, 2: self._length}[whence])
        return self._place

    def tell(self) -> int:
        """The place, counted from the section's start."""
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Read up to the section's end."""
        view = memoryview(buffer).cast("B")
        self._file.seek(self._start + self._place)
        count = self._file.readinto(view[: max(0, min(len(view), self._length - self._place))])
        self._place += count
        return count

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


@dataclass(frozen=True)
class Place:
    """Where an HDF5 file lies: a file, or a part of one."""

    path: Path
    section: tuple[int, int] | None = None
    """Its first byte and its length."""

    def open(self) -> Any:
        """Open it with h5py, for reading."""
        import h5py

        return h5py.File(Section(self.path, *self.section) if self.section else self.path, "r")


@dataclass(frozen=True)
class Dataset:
    """One array of a file; nothing of it is read."""

    path: str
    """Its groups and its name, with ``/`` between them."""
    shape: tuple[int, ...]
    dtype: str
    refusal: str


@dataclass(frozen=True)
class Contents:
    """What an HDF5 file holds."""

    datasets: list[Dataset]
    names: dict[str, str]
    """The attribute "name" of each group that has one."""
    listed: dict[str, list[str]]
    """The attribute "weight_names" of each group that has one: the arrays that are its weights."""
    config: str
    """The attribute "model_config" of the file; empty where there is none."""


def opened(path: str, section: list[int] | None) -> tuple[Contents, Callable[[str], np.ndarray[Any, Any]]]:
    """A file, or the part of one that begins at a byte and has so many, and a function that reads a dataset of it.

    Raises:
        SourceError: no HDF5 file, or a damaged one.
        UnsafeFileError: an endless one.
    """
    place = Place(Path(path), (section[0], section[1]) if section else None)
    shown = printable(place.path.name)
    try:
        with place.open() as file:
            arrays, groups = datasets(place, file, shown)
            names = {path: name for path, group in groups.items() if (name := text(group, "name"))}
            listed = {
                path: found for path, group in groups.items() if (found := texts(group, "weight_names")) is not None
            }
            contents = Contents(arrays, names, listed, text(file, "model_config"))
    except (SourceError, MemoryError):
        raise
    except Exception as error:  # the library raises many kinds on damaged files
        raise SourceError(f"{shown}: not an HDF5 file, or a damaged one") from error
    shapes = {array.path: array.shape for array in contents.datasets}
    return contents, lambda path: _read(place, path, shapes[path])


def datasets(place: Place, file: Any, shown: str) -> tuple[list[Dataset], dict[str, Any]]:
    """Every dataset at the end of hard links, in the order of the names; and every group.

    Raises:
        UnsafeFileError: more groups and datasets than any network has, or too many in each other.
    """
    import h5py

    waiting: list[tuple[str, Any, int]] = [("", file, 0)]
    seen = set()
    found: list[Dataset] = []
    groups: dict[str, Any] = {}
    visited = 0
    while waiting:
        path, item, depth = waiting.pop()
        visited += 1
        if visited > BUDGET or depth > DEPTH:
            raise UnsafeFileError(f"{shown}: more than {BUDGET:,} groups, or {DEPTH} in each other; refused")
        if isinstance(item, h5py.Dataset):
            found.append(_dataset(place, path, item))
            continue
        address = h5py.h5o.get_info(item.id).addr
        if address in seen:
            continue
        seen.add(address)
        groups[path] = item
        for name in sorted(item, reverse=True):
            if isinstance(item.get(name, getlink=True), h5py.HardLink):
                child = item.get(name)
                if isinstance(child, (h5py.Group, h5py.Dataset)):
                    waiting.append((f"{path}/{name}" if path else name, child, depth + 1))
    return found, groups


def text(item: Any, name: str) -> str:
    """A text attribute; empty where there is none, or a longer one than any is."""
    if name not in item.attrs or _stored(item, name) > LONGEST_TEXT:
        return ""
    value = item.attrs[name]
    value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return value if isinstance(value, str) else ""


def texts(item: Any, name: str) -> list[str] | None:
    """An attribute that is a list of texts, which Keras splits into ``name0``, ``name1``, ... where it is long."""
    parts = [name] if name in item.attrs else [f"{name}{number}" for number in range(len(item.attrs))]
    parts = [part for part in parts if part in item.attrs]
    if not parts or sum(_stored(item, part) for part in parts) > LONGEST_TEXT:
        return None
    values = [value for part in parts for value in item.attrs[part]]
    return [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values]


def _stored(item: Any, name: str) -> int:
    """Bytes of an attribute; h5py raises an error of no kind for one without any."""
    try:
        return int(item.attrs.get_id(name).get_storage_size())
    except RuntimeError:
        return 0


def _dataset(place: Place, path: str, item: Any) -> Dataset:
    shape = tuple(int(length) for length in item.shape or ())
    size = place.section[1] if place.section else place.path.stat().st_size
    return Dataset(path, shape, item.dtype.name, _refusal(item, shape, size))


def _refusal(item: Any, shape: tuple[int, ...], size: int) -> str:
    """Why a dataset of a file of so many bytes is not read; empty when it is."""
    if item.shape is None:
        return "an empty dataset without a shape"
    properties = item.id.get_create_plist()
    if item.is_virtual or properties.get_external_count():
        return "its numbers lie in other files, which are not followed"
    filters = [properties.get_filter(i)[0] for i in range(properties.get_nfilters())]
    if not hdf5_chunks.FILTERS.issuperset(filters):
        return "compressed by a plugin, which is not loaded"
    if math.prod(shape) * item.dtype.itemsize > item.id.get_storage_size() * (hdf5_chunks.DEFLATED if filters else 1):
        return "declared larger than the data stored"
    return arrays.refusal(item.dtype) or hdf5_chunks.refusal(item, filters, size)


def _read(place: Place, path: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Read one dataset."""
    try:
        with place.open() as file:
            item = file[path]
            if tuple(item.shape) == shape:
                hdf5_chunks.check(item)
                return arrays.native(item[()])
    except hdf5_chunks.BombError as error:
        raise UnsafeFileError(f"{printable(place.path.name)}: {printable(path, 80)} {error}; refused") from error
    except MemoryError:
        raise
    except Exception as error:  # a changed or damaged file can raise anything
        raise SourceError(f"{printable(place.path.name)}: {printable(path, 80)} cannot be read") from error
    raise SourceError(f"{printable(place.path.name)}: changed while it was read")
