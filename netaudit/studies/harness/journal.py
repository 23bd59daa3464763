"""What a study has measured so far, a line a record, so that one that was stopped goes on where it was.

The first line is a fingerprint of everything that the records depend on. With another fingerprint the file is begun
anew: no record of an older rule can enter a study.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from netaudit.errors import ReportError
from netaudit.files import write_atomically


class Journal:
    """Records by cell and seed, and the runs that made them; kept on disk as they come.

    Raises:
        ReportError: the file cannot be read or written.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path = path
        self.runs: list[dict[str, Any]] = []
        self._records: dict[tuple[str, int], dict[str, Any]] = {}
        lines = _lines(self.path)
        kept = bool(lines) and lines[0] == {"fingerprint": fingerprint}
        for line in lines[1:] if kept else []:
            if "run" in line:
                self.runs.append(line["run"])
            else:
                self._records[line["cell"], line["seed"]] = line
        kept_lines = [{"fingerprint": fingerprint}, *({"run": run} for run in self.runs), *self._records.values()]
        # rewritten, so that half a line at the end, from a process that was killed, is gone
        write_atomically(self.path, "".join(json.dumps(line) + "\n" for line in kept_lines).encode("ascii"))
        try:
            self._file: IO[str] = self.path.open("a", encoding="ascii")
        except OSError as error:
            raise ReportError(f"{self.path}: cannot write: {error.strerror}") from error

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __contains__(self, key: tuple[str, int]) -> bool:
        return key in self._records

    def begin(self, run: dict[str, Any]) -> None:
        """Keep what is known of the run that the next records come from."""
        self.runs.append(run)
        self._write({"run": run})

    def add(self, record: dict[str, Any]) -> None:
        """Keep a record, on disk before this returns."""
        self._records[record["cell"], record["seed"]] = record
        self._write(record)

    def of(self, cell: str, seeds: Iterable[int]) -> list[dict[str, Any]]:
        """The records of a cell in the order of the seeds.

        Raises:
            KeyError: one is not there.
        """
        return [self._records[cell, seed] for seed in seeds]

    def records(self) -> list[dict[str, Any]]:
        """All records, by cell and seed."""
        return [self._records[key] for key in sorted(self._records)]

    def _write(self, line: dict[str, Any]) -> None:
        try:
            self._file.write(json.dumps(line, allow_nan=False) + "\n")
            self._file.flush()
        except OSError as error:
            raise ReportError(f"{self.path}: cannot write: {error.strerror}") from error


def _lines(path: Path) -> list[dict[str, Any]]:
    """The lines of the file; what follows one that cannot be read is left out."""
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ReportError(f"{path}: cannot read: {error.strerror}") from error
    lines = []
    with suppress(ValueError):
        for line in text.splitlines():
            found = json.loads(line)
            if not isinstance(found, dict):
                break
            lines.append(found)
    return lines
