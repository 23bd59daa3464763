"""The folder that a report is written into: one run at a time, and the files of one run only.

The audit, ``AuditReport.write`` and ``netaudit render`` all write through it. A run works in ``.netaudit-work`` inside
the folder. There it keeps what it has measured, and writes the new report. When that is whole, it takes the place of
the earlier one. A run that was killed on the way leaves the earlier report, or, within the few milliseconds in which
files are moved, a folder that the next run puts in order. The files of two runs are never side by side: the old ones
are all away before the first new one comes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from netaudit.errors import ReportError
from netaudit.files import cannot_write, make_folder, write_atomically
from netaudit.report.document.model import Document
from netaudit.report.renderers.table import DEFAULT_FORMATS, RENDERERS
from netaudit.report.write import FIGURES, files_of, renderers_of, write_document

WORK = ".netaudit-work"
RUN_FILE = "run.json"
"""What goes with a report: the command and the clock."""
_FOLDERS = tuple(renderer.folder for renderer in RENDERERS if renderer.folder)
_INNER = ("tables", FIGURES)
PROBE = 64 * 1024
"""Bytes that must fit into the folder before the work begins: what the JSON of one layer takes."""


class ReportFolder:
    """A folder in use by this run; :func:`report_folder` opens it."""

    def __init__(self, path: Path, names: tuple[str, ...], forgets: bool = True) -> None:
        self.path = path
        self.layers = path / WORK / "layers"
        """For what is measured: it stays after an interruption, and goes when the report is whole."""
        self.new = path / WORK / "new"
        """For the files of the new report."""
        self.done = False
        """Whether the new report has taken its place."""
        self.made = not path.exists()
        """Whether the folder was not there before."""
        self._names = names
        self._forgets = forgets  # what is measured, when the report is whole
        self._work = path / WORK
        self._whole = self._work / "whole"  # the new report, which is whole; earlier files are still in place
        self._cleared = self._work / "cleared"  # the same when the earlier files are away
        self._old = self._work / "old"

    def replace(self) -> None:
        """Let the files in :attr:`new` take the place of an earlier report.

        Raises:
            ReportError: a file cannot be moved. The next run tries again.
        """
        self.new.replace(self._whole)
        self._go_on()
        self.done = True

    def rescue(self, name: str) -> bool:
        """Put one finished file of a report that cannot be finished into the folder, unless a report is there."""
        if self._earlier() or not (self.new / name).is_file():
            return False
        (self.new / name).replace(self.path / name)
        return True

    def tidy(self) -> None:
        """Remove what is of no use to the next run; all of it when nothing is left that is of use."""
        shutil.rmtree(self.new, ignore_errors=True)
        for path in self.layers.rglob(".netaudit-*.tmp"):
            _remove(path)
        unfinished = self._whole.exists() or self._cleared.exists()
        if (self.done and self._forgets) or not (unfinished or (self.layers.is_dir() and any(self.layers.iterdir()))):
            shutil.rmtree(self._work, ignore_errors=True)
        if self.made:
            with suppress(OSError):  # it is not empty
                self.path.rmdir()

    def prepare(self, fresh: bool) -> None:
        """Put in order what a killed run left, and see whether a report can be written.

        Raises:
            ReportError: the folder cannot be written or is full, or something else has the name of a file of a report.
        """
        self._go_on()
        shutil.rmtree(self.new, ignore_errors=True)
        if fresh:
            shutil.rmtree(self.layers, ignore_errors=True)
        for path in (*self.path.glob(".netaudit-*.tmp"), *self._work.glob(".netaudit-*.tmp")):
            _remove(path)
        for path in (self.path / name for name in self._names):
            if path.exists() and not path.is_file():
                raise ReportError(f"{path}: cannot write: it is not a regular file")
        for folder in (self.path / name for name in (FIGURES, *_FOLDERS)):
            if folder.exists() and not folder.is_dir():
                raise ReportError(f"{folder}: cannot write: it is not a folder")
        probe = self._work / "probe"
        write_atomically(probe, bytes(PROBE))
        probe.unlink()
        make_folder(self.new)

    def _go_on(self) -> None:
        try:
            if self._whole.is_dir():
                for path in self._earlier():
                    _move(path, self.path, self._old)
                self._whole.replace(self._cleared)
            if self._cleared.is_dir():
                for path in sorted(path for path in self._cleared.rglob("*") if path.is_file()):
                    _move(path, self._cleared, self.path)
                shutil.rmtree(self._cleared, ignore_errors=True)
            for folder in (FIGURES, *(f"{one}/{inner}" for one in _FOLDERS for inner in _INNER), *_FOLDERS):
                with suppress(OSError):  # it holds other files, or is not there
                    (self.path / folder).rmdir()
            shutil.rmtree(self._old, ignore_errors=True)
        except OSError as error:
            raise cannot_write(Path(error.filename or self.path), error) from error

    def _earlier(self) -> list[Path]:
        """The files of an earlier report: those that go by the names of a report's, and the figures drawn here."""
        files = [path for name in self._names if (path := self.path / name).is_file()]
        files += [path for path in sorted((self.path / FIGURES).glob("*.svg")) if _is_ours(path)]
        return files + [path for folder in _FOLDERS for path in files_of(self.path / folder)]


@contextmanager
def report_folder(
    path: Path, *, stem: str = "audit", stays: Collection[str] = (), fresh: bool = False, forgets: bool = True
) -> Iterator[ReportFolder]:
    """Use a folder for a report inside the block, alone; it is made if need be.

    Args:
        path: the folder.
        stem: of the report's files.
        stays: names of files that are no part of what is replaced: the JSON that the new report is made from.
        fresh: remove what an earlier run kept.
        forgets: remove what is kept when the report is whole; not of an audit that this run has no part in.

    Raises:
        ReportError: another run uses the folder, or no report can be written into it.
    """
    names = (*(renderer.place(stem) for renderer in RENDERERS if not renderer.folder), RUN_FILE)
    place = ReportFolder(path, tuple(name for name in names if name not in stays), forgets)
    make_folder(path)
    make_folder(path / WORK)
    with _locked(path):
        try:
            place.prepare(fresh)
            yield place
        finally:
            place.tidy()


def write_whole(
    document: Document,
    out: Path,
    formats: Collection[str] = DEFAULT_FORMATS,
    *,
    stays: Collection[str] = (),
    moving: AbstractContextManager[object] | None = None,
) -> dict[str, Path]:
    """Write a document into a folder, where it takes the place of an earlier report, of other formats too.

    Args:
        document: with its figures drawn, where a format shows them.
        out: the folder.
        formats: what to write.
        stays: names of files that are no part of what is replaced.
        moving: held while the files are moved.

    Returns:
        The path of each format, and ``figures`` (their folder) where there are some.

    Raises:
        ReportError: an unknown format, a PDF that cannot be made, another run that uses the folder, or a file that
            cannot be written. An earlier report stays.
    """
    renderers_of(formats)  # an unknown one is found before the folder is made
    with report_folder(out, stem=document.stem, stays=stays, forgets=False) as place:
        written = write_document(document, place.new, formats)
        with moving or nullcontext():
            place.replace()
    return {name: out / path.relative_to(place.new) for name, path in written.items()}


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system takes from a process that has died."""
    from filelock import FileLock, Timeout

    lock = FileLock(path / WORK / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ReportError(
            f"{path}: another netaudit is at work in this folder",
            hint="wait until it is done, or write elsewhere: --out DIR",
        ) from error
    except NotImplementedError:  # a network file system without locks
        pass
    except OSError as error:
        raise cannot_write(path / WORK / "lock", error) from error
    try:
        yield
    finally:
        lock.release()


def _move(path: Path, start: Path, end: Path) -> None:
    target = end / path.relative_to(start)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(path, target)  # noqa: PTH105 - the error names both


def _remove(path: Path) -> None:
    """Remove a file that was not finished; whatever else has its name stays."""
    with suppress(OSError):
        path.unlink()


def _is_ours(path: Path) -> bool:
    """Whether a figure is one that was drawn for a report: it has its own name in its first line."""
    try:
        with path.open("rb") as file:
            return f'aria-labelledby="{path.stem}-title"'.encode() in file.read(400)
    except OSError:
        return False
