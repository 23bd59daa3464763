"""Files of PyTorch before 1.6: a row of pickles, and the storages behind them.

A magic number, a version, what the machine was, the object, the storages' keys; then of each storage the number of its
elements in 8 bytes and the elements. A plain pickle of tensors holds such a file in each storage.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

from netaudit.formats import inert_pickle
from netaudit.formats.inert_object import MalformedError
from netaudit.formats.inert_pickle import Unpickled
from netaudit.formats.stored_tensor import ITEMSIZE, Storage
from netaudit.formats.torch_objects import BUILDS
from netaudit.formats.torch_storages import Storages
from netaudit.formats.torch_zip import Record

_MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001


class BigEndianError(MalformedError):
    """The file was written on a big-endian machine."""


@dataclass(frozen=True)
class Legacy:
    """What the pickles say."""

    unpickled: Unpickled
    storages: Mapping[str, Record]
    """By key; none in a plain pickle."""
    length: int
    """Bytes that the file must have."""


def read(file: BinaryIO, length: int) -> Legacy:
    """Read the pickles of a file from its start, and find its storages. A plain pickle is read as well.

    Raises:
        MalformedError: neither.
    """
    keep = Storages()
    builds = {**BUILDS, "torch.storage._load_from_bytes": _from_bytes}
    first = inert_pickle.load(file, builds, keep)
    if first.value != _MAGIC:
        return Legacy(first, {}, file.tell())
    version, machine = (inert_pickle.load(file, {}, keep).value for _ in range(2))
    if version != _VERSION or not isinstance(machine, dict):
        raise MalformedError("a version of the format that is not known")
    if machine.get("little_endian") is not True:
        raise BigEndianError("big-endian")
    unpickled = inert_pickle.load(file, builds, keep)
    keys = inert_pickle.load(file, {}, keep).value
    if not isinstance(keys, list):
        raise MalformedError("storages without keys")
    return _placed(file, length, unpickled, [key for key in keys if isinstance(key, str)], keep.records)


def _placed(
    file: BinaryIO, length: int, unpickled: Unpickled, keys: list[str], declared: Mapping[str, Storage]
) -> Legacy:
    """Walk along the storages; their elements are not read."""
    places: dict[str, Record] = {}
    position = file.tell()
    for key in keys:
        if key not in declared or key in places:
            raise MalformedError("a storage that no tensor has")
        file.seek(position)
        count = file.read(8)
        size = declared[key].record
        if len(count) == 8 and struct.unpack("<q", count)[0] * ITEMSIZE[declared[key].dtype] != size:
            size = -1  # no tensor fits it
        places[key] = Record(position + 8, size)
        position += 8 + max(size, 0)
        if size < 0:
            break
    return Legacy(unpickled, places, position)


def _from_bytes(args: tuple[Any, ...]) -> Storage:
    """Of ``torch.storage._load_from_bytes(bytes)``: the bytes are a file whose object is a storage."""
    if len(args) != 1 or not isinstance(args[0], bytes):
        raise MalformedError("a storage without bytes")
    found: dict[str, Storage] = {}
    file = BytesIO(args[0])
    values = [inert_pickle.load(file, {}, Storages()).value for _ in range(5)]
    kept, keys = values[3], values[4]
    if values[0] != _MAGIC or not isinstance(kept, Storage) or keys != [kept.key]:
        raise MalformedError("bytes of no storage")
    found[kept.key] = kept
    inner = _placed(file, len(args[0]), Unpickled(kept, ()), keys, found)
    place = inner.storages[kept.key]
    if place.size != kept.record or inner.length > len(args[0]):
        raise MalformedError("a storage of other bytes than it declares")
    start = place.start + kept.skipped
    key = f"bytes at {id(args[0])}"
    return Storage(key, kept.dtype, kept.count, args[0][start : start + kept.nbytes])
