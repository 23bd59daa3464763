"""One kept result in a file: JSON with its own SHA-256 and the key of what it is a result of.

What lies in the folder may be anything by the time that it is read: a file that was cut, a link, a pipe that would be
waited for, a folder. Whatever it is, it is told from a result that is not there, and it is replaced by the next one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from netaudit.files import make_folder, write_atomically

MOST_BYTES = 2**26
"""Of one file: a thousand times what a layer takes. A larger result is not kept, and a larger file is damaged."""


def read_kept(path: Path, key: str) -> Any:
    """What was kept under the key; None where there is nothing.

    Raises:
        ValueError: what lies there is not what was written.
    """
    try:
        record = json.loads(_regular_bytes(path))
        held = record["kept"]
        if record["sha256"] != _sha256(held) or held["key"] != key:
            raise ValueError("not what was written")
        return held["result"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"a damaged result: {error}") from error


def write_kept(path: Path, key: str, result: Any) -> bool:
    """Keep a result, JSON values, in place of whatever lies there; it is on disk when this returns.

    Returns:
        Whether it was kept: it is not if it is too large.

    Raises:
        ReportError: it cannot be written.
    """
    held = {"key": key, "result": json.loads(json.dumps(result))}
    data = json.dumps({"sha256": _sha256(held), "kept": held}).encode("ascii")
    if len(data) > MOST_BYTES:
        return False
    make_folder(path.parent)
    _clear(path)
    write_atomically(path, data)
    return True


def _regular_bytes(path: Path) -> bytes:
    """The content of a regular file. No link is followed, and no pipe is waited for.

    Raises:
        OSError, ValueError: it cannot be read, or is something else, or too large.
    """
    flags = (getattr(os, name, 0) for name in ("O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK", "O_BINARY", "O_CLOEXEC"))
    descriptor = os.open(path, sum(flags))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
            raise ValueError("not a regular file of that size")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MOST_BYTES)
    finally:
        os.close(descriptor)


def _clear(path: Path) -> None:
    """Remove what is no regular file. What cannot be removed is named by the error of the writing."""
    with suppress(OSError):
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            shutil.rmtree(path)
        elif not stat.S_ISREG(mode):
            path.unlink()


def _sha256(held: Any) -> str:
    return hashlib.sha256(json.dumps(held).encode("ascii")).hexdigest()
