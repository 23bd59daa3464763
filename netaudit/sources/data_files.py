"""The arrays of a file with real inputs, as they are stored: inputs x ``[N, ...]``, and labels y where there are some.

Sizes are bounded by what the file declares before anything is read, and nothing is unpickled.
"""

from __future__ import annotations

import math
import warnings
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.sources.table_faults import first_fault
from netaudit.text import names, printable

LARGEST = 2**30
"""Bytes that x may take as float32: 1,700 ImageNet inputs. The accuracy of the head needs a few hundred."""
HINT = "np.savez(FILE, x=inputs, y=labels), with float or uint8 inputs [N, ...] and integer labels [N]"
FEWER = "an audit uses 1,000 inputs at most: store fewer"
PAIRS = (("x", "y"), ("x_test", "y_test"), ("test_images", "test_labels"), ("arr_0", "arr_1"))
"""What inputs and labels are called in an archive: by us, by Keras, by MedMNIST, and by ``np.savez(FILE, a, b)``."""
LABELS = ("label", "labels", "y", "target", "class")
"""What the column of labels is called in a table, in upper or lower case."""

Array = np.ndarray[Any, np.dtype[Any]]
Arrays = tuple[Array, Array | None]


def read(path: Path, picture: int | None = None, width: int | None = None) -> Arrays:
    """Give x and y of an .npz or .npy, which are told by their first bytes, or of a table.

    Args:
        path: the file.
        picture: how many numbers a picture has, if the network takes pictures.
        width: how many numbers an input has, if that is known.

    Raises:
        SourceError: not such a file, or a damaged one.
        UnsafeFileError: object arrays, or a file that would unpack to more than ``LARGEST``.
    """
    shown = printable(path.name)
    with path.open("rb") as file:
        start = file.read(6)
    suffix = path.suffix.lower()
    if start == b"\x93NUMPY" and suffix != ".npz":
        return _npy(path, shown), None
    if suffix == ".csv":
        return _csv(path, shown, picture, width)
    if not start.startswith(b"PK") and suffix != ".npz":
        raise SourceError(
            f"{shown}: no data for a network: it is no .npz, .npy or .csv file, and no folder of images", hint=HINT
        )
    return _npz(path, shown)


def _npz(path: Path, shown: str) -> Arrays:
    try:
        with zipfile.ZipFile(path) as archive:
            held = archive.namelist()
            of_x, of_y = next((pair for pair in PAIRS if f"{pair[0]}.npy" in held), PAIRS[0])
            x = _member(archive, of_x, shown)
            return x, _member(archive, of_y, shown) if f"{of_y}.npy" in held else None
    except (SourceError, MemoryError):
        raise
    except Exception as error:  # zipfile and the header's parser raise many kinds on damaged files
        raise SourceError(f"{shown}: not an .npz file, or a damaged one", hint=HINT) from error


def _member(archive: zipfile.ZipFile, name: str, shown: str) -> Array:
    members = [member for member in archive.infolist() if member.filename == f"{name}.npy"]
    if len(members) != 1:
        held = [printable(member.removesuffix(".npy"), 40) for member in archive.namelist()]
        others = f" (the archive holds {names(held)})" if held and not members else ""
        raise SourceError(f"{shown}: needs one array {name!r}, has {len(members)}{others}", hint=HINT)
    with archive.open(members[0]) as file:
        _check(file, members[0].file_size, f"{shown}: {name}")
    with archive.open(members[0]) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _npy(path: Path, shown: str) -> Array:
    try:
        with path.open("rb") as file:
            _check(file, path.stat().st_size, shown)
            file.seek(0)
            return np.lib.format.read_array(file, allow_pickle=False)
    except (SourceError, MemoryError):
        raise
    except Exception as error:  # the header's parser raises many kinds on damaged files
        raise SourceError(f"{shown}: a damaged .npy file", hint=HINT) from error


def _check(file: IO[bytes], size: int, shown: str) -> None:
    """Look at an array's header: what it declares must lie in the file's ``size`` bytes, and must not be too much."""
    version = np.lib.format.read_magic(file)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = header(file)
    if dtype.hasobject:
        raise UnsafeFileError(f"{shown} holds Python objects; refused", hint=HINT)
    numbers = math.prod(shape)
    if numbers * max(dtype.itemsize, 4) > LARGEST:
        raise UnsafeFileError(f"{shown} {shape} would take more than {LARGEST:,} bytes; refused", hint=FEWER)
    if numbers * dtype.itemsize > size:
        raise SourceError(f"{shown} {shape} is longer than its record", hint=HINT)


def _csv(path: Path, shown: str, picture: int | None, width: int | None) -> Arrays:
    """A table of one input a row. A first line with a word in it names the columns, of which one may hold labels.

    Where the network takes pictures, whole numbers of 0 to 255 that are not all 0 or 1 are pixels, and give uint8.
    """
    if path.stat().st_size > LARGEST // 4:  # a number takes two characters at least, and eight bytes once it is read
        raise UnsafeFileError(f"{shown}: a table of more than {LARGEST // 4:,} bytes; refused", hint=FEWER)
    import pandas as pd

    try:
        with path.open(encoding="utf-8-sig") as file:
            first = file.readline().strip("\r\n")
    except UnicodeDecodeError as error:
        raise SourceError(f"{shown}: not a table of numbers: it is no text in UTF-8", hint=_TABLE) from error
    separator = max(",;\t", key=first.count)
    named = not all(_is_number(word) for word in first.split(separator))
    try:
        header = 0 if named else None
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # lines longer than the first
            table = pd.read_csv(
                path, sep=separator, header=header, index_col=False, encoding="utf-8-sig", low_memory=False,
                skipinitialspace=True,
            )  # fmt: skip
    except MemoryError:
        raise
    except Exception as error:  # pandas raises many kinds
        fault = first_fault(path, separator, named=named) or "a damaged one"
        raise SourceError(f"{shown}: not a table of numbers: {fault}", hint=_TABLE) from error
    if named and table.columns[0] == "Unnamed: 0":  # the numbers of the rows, as pandas writes them
        table = table.iloc[:, 1:]
    words = [name for name, kind in zip(table.columns, table.dtypes, strict=True) if kind.kind not in "iufb"]
    gaps = not words and not np.isfinite(table.to_numpy(dtype=np.float64)).all()
    if (words or gaps or table.empty) and (fault := first_fault(path, separator, named=named)):
        raise SourceError(f"{shown}: not a table of numbers: {fault}", hint=_TABLE)
    columns = [str(name).strip() for name in table.columns]
    labels = [place for place, name in enumerate(columns) if named and name.lower() in LABELS]
    if len(labels) > 1:
        raise SourceError(f"{shown}: several columns of labels: {names([columns[place] for place in labels])}")
    if not labels and width is not None and table.shape[1] == width + 1:
        raise SourceError(
            f"{shown}: {table.shape[1]:,} columns, and the network takes {width:,}: which one has the labels?",
            hint=_TABLE,
        )
    if words:
        raise SourceError(f"{shown}: the column {printable(str(words[0]), 60)} holds more than numbers", hint=_TABLE)
    y = table.iloc[:, labels[0]].to_numpy() if labels else None
    numbers = table.drop(columns=table.columns[labels[0]]) if labels else table
    x = numbers.to_numpy(dtype=np.float64)
    pixels = picture == x.shape[1] and x.size and x.min() >= 0 and 1 < x.max() <= 255 and bool((x % 1 == 0).all())
    return (x.astype(np.uint8) if pixels else x), y


_TABLE = "one input a row, all numbers, and a first line with the columns' names, of which `label` is the labels'"


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
