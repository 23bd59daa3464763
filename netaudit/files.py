"""Files that are either whole or not there."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

from netaudit.errors import ReportError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file is larger than is allowed here",
    errno.EACCES: "not allowed to write there",
    errno.EPERM: "not allowed to write there",
    errno.EROFS: "the file system is read-only",
    errno.ENOENT: "the folder does not exist",
    errno.ENOTDIR: "a part of the path is not a folder",
    errno.EEXIST: "it exists and is not a folder",
    errno.ENAMETOOLONG: "the name is too long",
}


def write_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that a reader sees the old file or the whole new one, never a part.

    Raises:
        ReportError: the file cannot be written, or ``path`` is a folder or a device; nothing is left behind.
    """
    temporary = path.parent / f".netaudit-{secrets.token_hex(8)}.tmp"
    try:
        if path.exists() and not path.is_file():  # os.replace would put a plain file in place of a device
            raise ReportError(f"{path}: cannot write: it is not a regular file")
        try:
            # 0o666 less the umask, as open() gives: tempfile would make the report private to its owner
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise _cannot_write(path, error) from error


def make_folder(path: Path) -> None:
    """Make the folder and those above it, if they are not there.

    Raises:
        ReportError: it cannot be made, or is not a folder.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: OSError) -> ReportError:
    reason = _REASONS.get(error.errno or 0) or error.strerror or type(error).__name__
    return ReportError(f"{path}: cannot write: {reason}")
