"""Files: looked at before they are opened, hashed, and written so that they are either whole or not there."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from netaudit.errors import ReportError, SourceError
from netaudit.text import printable

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
        with unfinished(temporary):
            # 0o666 less the umask, as open() gives: tempfile would make the report private to its owner
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error


_UNFINISHED: set[Path] = set()


@contextmanager
def unfinished(path: Path) -> Iterator[None]:
    """Remove the file ``path`` at the end of the block, if it is still there: it was to be moved to its place."""
    _UNFINISHED.add(path)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        _UNFINISHED.discard(path)


def remove_unfinished() -> None:
    """Remove the files that are being written, for a process that ends at once."""
    for path in tuple(_UNFINISHED):
        with suppress(OSError):
            path.unlink()


def make_folder(path: Path) -> None:
    """Make the folder and those above it, if they are not there.

    Raises:
        ReportError: it cannot be made, or is not a folder.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> ReportError:
    """The error for the user where the system refuses to write, with its reason in words."""
    reason = _REASONS.get(error.errno or 0) or error.strerror or type(error).__name__
    return ReportError(f"{path}: cannot write: {reason}")


def is_a(kind: Callable[[Path], bool], path: Path) -> bool:
    """``Path.is_file`` or ``Path.is_dir``; False for a name that no file could have: too long, or with a null in it."""
    try:
        return kind(path)
    except (OSError, ValueError):
        return False


def require_regular(path: Path) -> None:
    """Look before opening: a pipe would wait for ever, a device would never end.

    Raises:
        SourceError: there is no such file, or it is a folder, empty, or anything but a regular file.
    """
    shown = printable(str(path))
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise SourceError(f"{shown}: {in_words(error)}") from error
    if stat.S_ISDIR(status.st_mode):
        raise SourceError(f"{shown}: a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"{shown}: not a regular file")
    if not status.st_size:
        raise SourceError(f"{shown}: an empty file")
    if not os.access(path, os.R_OK):
        raise SourceError(f"{shown}: no permission to read it")


def in_words(error: OSError | ValueError) -> str:
    """The system's reason, without the errno, which says nothing to a person."""
    reason = getattr(error, "strerror", None) or "no such file"
    return f"{reason[:1].lower()}{reason[1:]}"


def sha256(path: Path) -> str:
    """The SHA-256 of a file in hex, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
