"""The records of a PyTorch zip file, found by their names and looked at before anything in them is parsed.

Which bytes a storage has is told by its key, which is the name of a record in the zip file's central directory, and by
nothing else: ``torch.load`` goes by it too. Two readers may still see different things in one zip file, and torch.save
writes none of what makes them; each of these is refused.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats.inert_pickle import LONGEST
from netaudit.text import printable

RESAVE = "re-save it with torch.save(model.state_dict(), ...)"
_ODD_FLAGS = 0x1 | 0x20 | 0x40 | 0x2000  # encrypted in three ways, or a patch
_UTF_8 = 0x800  # how a record's name is written; else in the code page of the first PCs
_FOLDER = 0x10  # MS-DOS's mark
_END, _LOCATOR = 22, 20  # bytes of the end of the central directory, and of what leads to its 64-bit form
_END_64 = 56


@dataclass(frozen=True)
class Record:
    """Where bytes lie in a file."""

    start: int
    size: int


@dataclass(frozen=True)
class Records:
    """What is known of a checked file."""

    index: bytes
    """The data.pkl, not parsed."""
    storages: Mapping[str, Record]
    """The records ``data/KEY``, by key."""
    constants: bytes | None = None
    """The constants.pkl of a TorchScript archive, not parsed; None in any other file."""


def check(path: Path) -> Records:
    """Check every record of a PyTorch zip file, and find those of the storages.

    Raises:
        SourceError: not a zip file of torch.save, or a damaged one.
        UnsafeFileError: a record as torch.save would not write it.
    """
    shown = printable(path.name)
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            return _checked(shown, path.stat().st_size, archive, file)
    except SourceError:
        raise
    except Exception as error:  # zipfile raises six kinds on damaged files
        raise SourceError(f"{shown}: a damaged or cut zip file ({printable(str(error), 80)})") from error


def _checked(shown: str, length: int, archive: zipfile.ZipFile, file: BinaryIO) -> Records:
    listed = archive.infolist()
    top = listed[0].filename.partition("/")[0] + "/" if listed else ""  # PyTorch takes the first record's folder
    members = {one.filename.removeprefix(top): one for one in listed if one.filename.startswith(top)}
    if "data.pkl" not in members:
        raise SourceError(f"{shown}: a zip file, but not one of torch.save (it has no data.pkl)")
    if len({one.filename.lower() for one in listed}) != len(listed):
        raise UnsafeFileError(f"{shown}: two records of one name; refused", hint=RESAVE)
    for name, member in members.items():
        if _odd(member) and not name.startswith("code/"):  # TorchScript compresses it; it is not read
            what = f"record {printable(name, 80)} is compressed, encrypted or a folder"
            why = "torch.load(mmap=True) reads other numbers of such a record than torch.load, or none"
            raise UnsafeFileError(f"{shown}: {what}; refused", hint=(why, RESAVE))
    if members["data.pkl"].file_size > LONGEST:
        raise UnsafeFileError(f"{shown}: an index longer than {LONGEST:,} bytes; refused", hint=RESAVE)
    places = {name: Record(_start(shown, file, member), member.compress_size) for name, member in members.items()}
    end = 0
    for place in sorted(places.values(), key=lambda place: place.start):
        if place.start < end:
            raise UnsafeFileError(f"{shown}: records that overlap; refused", hint=RESAVE)
        end = place.start + place.size
    if end > length:
        raise UnsafeFileError(f"{shown}: records that reach beyond the file; refused", hint=RESAVE)
    if archive.comment or min(one.header_offset for one in listed) or not _one_directory(file, length):
        raise UnsafeFileError(f"{shown}: a zip file with something before or behind it; refused", hint=RESAVE)

    def content(name: str) -> bytes:  # not by zipfile, which looks at checksums: PyTorch does not, and may write none
        file.seek(places[name].start)
        return file.read(min(places[name].size, LONGEST))

    order = content("byteorder") if "byteorder" in members else b"little"
    if order != b"little":
        what = "big-endian" if order == b"big" else "of an unknown byte order"
        raise SourceError(f"{shown}: {what}; not read", hint=RESAVE)
    storages = {name.removeprefix("data/"): place for name, place in places.items() if name.startswith("data/")}
    constants = members.get("constants.pkl")
    script = None if constants is None or constants.file_size > LONGEST else content("constants.pkl")
    return Records(content("data.pkl"), storages, script)


def _odd(member: zipfile.ZipInfo) -> bool:
    """Whether a record is not simply stored. In one with the mark of a folder PyTorch reads nothing."""
    packed = member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size
    folder = bool(member.external_attr & _FOLDER) and member.file_size > 0
    return packed or folder or bool(member.flag_bits & _ODD_FLAGS)


def _start(shown: str, file: BinaryIO, member: zipfile.ZipInfo) -> int:
    """Where a record's data starts: after its local header of 30 bytes, its name and its padding."""
    file.seek(member.header_offset)
    header = file.read(30)
    name, extra = struct.unpack("<HH", header[26:])
    listed = member.orig_filename.encode("utf-8" if member.flag_bits & _UTF_8 else "cp437")
    if header[:4] != b"PK\x03\x04" or file.read(name) != listed or b"\0" in listed:  # zipfile cuts it there
        raise UnsafeFileError(f"{shown}: records of two names; refused", hint=RESAVE)
    return member.header_offset + 30 + int(name) + int(extra)


def _one_directory(file: BinaryIO, length: int) -> bool:
    """Whether every reader finds the same central directory: the 64-bit end is where its locator says that it is."""
    file.seek(max(length - _END - _LOCATOR, 0))
    locator = file.read(_LOCATOR)
    if locator[:4] != b"PK\x06\x07":
        return True
    return bool(struct.unpack("<Q", locator[8:16])[0] == length - _END - _LOCATOR - _END_64)


def index_ahead(path: Path) -> BinaryIO | None:
    """Open a zip file without an end behind the header of its first record, if that is the index."""
    file = path.open("rb")
    header = file.read(30)
    if len(header) == 30 and header[:4] == b"PK\x03\x04":
        name, extra = struct.unpack("<HH", header[26:])
        if file.read(name).endswith(b"/data.pkl"):
            file.seek(extra, 1)
            return file
    file.close()
    return None
