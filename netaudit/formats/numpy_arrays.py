"""Read .npz archives and .npy arrays: the headers first, then one array at a time, and never a pickle.

The header of each member says its dtype and shape; the archive says how many bytes the member has. Both must agree.
"""

from __future__ import annotations

import math
import zipfile
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats import arrays
from netaudit.formats.format import Beginning, Format, OpenFile
from netaudit.formats.weights_file import Declared, WeightsFile
from netaudit.text import printable

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

_MAGIC = b"\x93NUMPY"
MOST_ARRAYS = 100_000
LONGEST_HEADER = 10_000  # characters: NumPy's own limit


def open_arrays(path: Path, open_file: OpenFile) -> WeightsFile:
    """Open an archive of arrays, or a single array.

    Raises:
        SourceError: not such a file, or a damaged one, or without arrays.
        UnsafeFileError: an array that declares other bytes than it has, or two arrays of one name.
    """
    shown = printable(path.name)
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            declared = {"weight": _declare(file, path.stat().st_size, "weight", shown)}
        return WeightsFile(path, arrays.LazyStore(declared, {"weight": partial(_read, path, None)}), declared)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
            names = {member.filename: member.filename.removesuffix(".npy") for member in members}
            if len(names) != len(members) or len(members) > MOST_ARRAYS:
                raise UnsafeFileError(f"{shown}: two arrays of one name, or more than {MOST_ARRAYS:,}; refused")
            declared = {}
            for member in members:
                key = names[member.filename]
                with archive.open(member) as array:
                    declared[key] = _declare(array, member.file_size, key, shown)
    except SourceError:
        raise
    except Exception as error:  # zipfile raises six kinds on damaged files
        raise SourceError(f"{shown}: a damaged or cut zip file ({printable(str(error), 80)})") from error
    if not declared:
        raise SourceError(f"{shown}: holds no arrays")
    readers = {name: partial(_read, path, member) for member, name in names.items()}
    return WeightsFile(path, arrays.LazyStore(declared, readers), declared)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether the array is stored by columns, and dtype."""
    from numpy.lib import format as npy

    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    return read(file, max_header_size=LONGEST_HEADER)


def _declare(file: IO[bytes], size: int, key: str, shown: str) -> Declared:
    """What the header of an array of so many bytes says."""
    try:
        shape, _, dtype = _header(file)
        start = file.tell()
    except Exception as error:  # a hostile header can raise anything
        reason = printable(str(error).partition("\n")[0], 80)
        raise SourceError(f"{shown}: {printable(key, 80)} is not a NumPy array, or damaged ({reason})") from error
    if min(shape, default=0) < 0 or (not dtype.hasobject and start + math.prod(shape) * dtype.itemsize != size):
        raise UnsafeFileError(f"{shown}: {printable(key, 80)} declares other bytes than it has; refused")
    return Declared(shape, dtype.name, key, arrays.refusal(dtype))


def _read(path: Path, member: str | None) -> Tensor:
    """Read one array, of an archive by the name of its record."""
    import numpy as np
    from numpy.lib import format as npy

    try:
        if member is None:
            return arrays.tensor(np.load(path, allow_pickle=False))
        with zipfile.ZipFile(path) as archive, archive.open(member) as file:
            return arrays.tensor(npy.read_array(file, allow_pickle=False))
    except Exception as error:
        shown = printable(path.name) + ("" if member is None else f": {printable(member, 80)}")
        raise SourceError(f"{shown} cannot be read any more") from error


def sniff(file: Beginning) -> bool:
    """An array, or a zip file all of whose records are arrays."""
    names = file.zip_names or ()
    return file.head.startswith(_MAGIC) or (bool(names) and all(name.endswith(".npy") for name in names))


FORMAT = Format("NumPy", (".npz", ".npy"), sniff, open_arrays)
