"""Open the weights file that a path stands for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from netaudit.files import is_a, require_regular
from netaudit.formats.collection import paused
from netaudit.formats.folder import weights_in
from netaudit.formats.joined_slices import open_slices
from netaudit.formats.plain_names import plain_names, renamed
from netaudit.formats.slices import find_slices
from netaudit.formats.table import open_file
from netaudit.formats.weights_file import WeightsFile
from netaudit.sources.missing import require_something


@paused()
def open_weights(path: Path) -> WeightsFile:
    """Open a weights file for reading one tensor at a time, under plain names.

    A folder stands for the weights file in it, or for the index of its shards.

    Raises:
        SourceError: no such file, not a regular file, a format that is not read, or slices of a model that
            cannot be joined.
        UnsafeFileError: the file asks for code, or declares what it does not hold.
    """
    path = locate(path)
    slices = find_slices(path)
    return plainly_named(open_slices(slices, open_file) if slices else open_file(path))


def locate(path: Path) -> Path:
    """The file that a path stands for: itself, or of a folder the one that holds the weights.

    Raises:
        SourceError: no such file, not a regular file, a folder without one, or slices of layers that
            cannot be joined.
    """
    require_something(path)
    if is_a(Path.is_dir, path):
        path = weights_in(path)
    require_regular(path)
    find_slices(path)
    return path


def plainly_named(file: WeightsFile) -> WeightsFile:
    """The file with its tensors' names without what wrappers add; one that tells its layers names them itself."""
    plain = plain_names(file.declared)
    if file.structure is not None or all(old == new for old, new in plain.items()):
        return file
    from netaudit.sources.stores import RenamedStore

    stored = {new: old for old, new in plain.items()} | {name: name for held in file.others.values() for name in held}
    return replace(file, declared=renamed(file.declared, plain), store=RenamedStore(file.store, stored))
