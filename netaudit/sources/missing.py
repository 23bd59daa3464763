"""What may have been meant by a path at which nothing lies."""

from __future__ import annotations

import difflib
import glob
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from netaudit.errors import SourceError
from netaudit.formats import table
from netaudit.text import names, printable

_MOST = 10_000
"""Names of a folder that are looked at."""


def require_something(path: Path) -> None:
    """Raise the error of a path at which nothing lies, with what may have been meant.

    Raises:
        SourceError: nothing lies there.
    """
    if not os.path.lexists(path):
        raise SourceError(f"{printable(str(path))}: no such file or directory", hint=tuple(_hints(path)))


def called(stem: str) -> list[str]:
    """The weights files of this folder that have the name, and a suffix."""
    return [name for name in _listed(Path()) if name != stem and table.without_suffix(name) == stem]


def _hints(path: Path) -> Iterator[str]:
    if glob.has_magic(str(path)):
        found = sorted(glob.glob(str(path)))  # noqa: PTH207 - of the whole path, wherever the pattern stands in it
        one = "one network is audited at a time"
        yield f"{one}, and this pattern stands for {names(found)}" if found else "no file is of this pattern"
        return
    if str(path).startswith("~") and os.path.lexists(path.expanduser()):
        yield f"in quotes the shell does not replace the ~: {printable(str(path.expanduser()))}"
        return
    above = next((folder for folder in reversed(path.parents) if not os.path.lexists(folder)), None)
    if above is not None:
        yield f"there is no folder {printable(str(above))}"
    elif close := _close(path) or [name for name in _listed(path.parent) if table.without_suffix(name) == path.name]:
        yield f"close to it: {names([str(path.parent / name) for name in close])}"


def _close(path: Path) -> list[str]:
    """Names in the path's folder that it may have been mistyped for, whatever their case."""
    by_lower = {name.lower(): name for name in _listed(path.parent)}
    return [by_lower[name] for name in difflib.get_close_matches(path.name.lower(), by_lower, n=3, cutoff=0.75)]


def _listed(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in islice(entries, _MOST))
    except OSError:
        return []
