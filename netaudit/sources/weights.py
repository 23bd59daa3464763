"""Open the weights file that a path stands for."""

from __future__ import annotations

from pathlib import Path

from netaudit.files import is_a, require_regular
from netaudit.sources.formats.folder import weights_in
from netaudit.sources.formats.table import open_file
from netaudit.sources.weights_file import WeightsFile


def open_weights(path: Path) -> WeightsFile:
    """Open a weights file for reading one tensor at a time.

    A folder stands for the weights file in it, or for the index of its shards.

    Raises:
        SourceError: no such file, not a regular file, or a format that is not read.
        UnsafeFileError: the file asks for code, or declares what it does not hold.
    """
    return open_file(locate(path))


def locate(path: Path) -> Path:
    """The file that a path stands for: itself, or of a folder the one that holds the weights.

    Raises:
        SourceError: no such file, not a regular file, or a folder without one.
    """
    if is_a(Path.is_dir, path):
        path = weights_in(path)
    require_regular(path)
    return path
