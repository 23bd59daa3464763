"""The records of a PyTorch zip file, looked at before anything in it is parsed."""

from __future__ import annotations

import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.text import printable

LONGEST_INDEX = 256 * 2**20  # bytes of data.pkl; torch.save takes some 200 a tensor, so this is a million tensors
RESAVE = "re-save it with torch.save(model.state_dict(), ...)"


@dataclass(frozen=True)
class Records:
    """What is known of a checked file."""

    sizes: dict[int, int]
    """Bytes of each ``data/N`` record, by the offset in the file where they start."""
    index: bytes
    """The data.pkl, not parsed."""


def check(path: Path) -> Records:
    """Check every record of a PyTorch zip file.

    Two readers may see different things in one zip file (duplicate names, compressed, encrypted or overlapping
    records); torch.save writes none of those, so they are refused.

    Raises:
        SourceError: not a zip file of torch.save, or a damaged one.
        UnsafeFileError: a record as torch.save would not write it.
    """
    shown = printable(path.name)
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            members = {member.filename.partition("/")[2]: member for member in archive.infolist()}
            if "constants.pkl" in members or any(name.startswith("code/") for name in members):
                raise SourceError(f"{shown}: a TorchScript archive, which holds code; not read", hint=RESAVE)
            if "data.pkl" not in members:
                raise SourceError(f"{shown}: a zip file, but not one of torch.save (it has no data.pkl)")
            if len(members) != len(archive.infolist()):
                raise UnsafeFileError(f"{shown}: two records of one name; refused", hint=RESAVE)
            for name, member in members.items():
                if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
                    raise UnsafeFileError(
                        f"{shown}: record {printable(name, 80)} is compressed or encrypted; refused", hint=RESAVE
                    )
            if members["data.pkl"].file_size > LONGEST_INDEX:
                raise UnsafeFileError(f"{shown}: an index longer than {LONGEST_INDEX:,} bytes; refused", hint=RESAVE)
            if "byteorder" in members and archive.read(members["byteorder"]) != b"little":
                raise SourceError(f"{shown}: written on a big-endian machine; not read", hint=RESAVE)
            data = [member for name, member in members.items() if name.startswith("data/")]
            sizes = {_start(file, member): member.file_size for member in data}
            end = 0
            for start in sorted(sizes):
                if start < end:
                    raise UnsafeFileError(f"{shown}: records that overlap; refused", hint=RESAVE)
                end = start + sizes[start]
            if end > path.stat().st_size or len(sizes) != len(data):
                raise UnsafeFileError(f"{shown}: records that reach beyond the file; refused", hint=RESAVE)
            return Records(sizes, archive.read(members["data.pkl"]))
    except SourceError:
        raise
    except Exception as error:  # zipfile raises six kinds on damaged files
        raise SourceError(f"{shown}: a damaged or cut zip file ({printable(str(error), 80)})") from error


def _start(file: BinaryIO, member: zipfile.ZipInfo) -> int:
    """Where a record's data starts: after its local header of 30 bytes, its name and its padding."""
    file.seek(member.header_offset)
    name, extra = struct.unpack("<HH", file.read(30)[26:])
    return member.header_offset + 30 + int(name) + int(extra)
