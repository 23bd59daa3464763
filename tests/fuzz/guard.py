"""What must not happen while netaudit reads a file: code run, a file written, a socket opened, memory without end."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fuzz.pickle_edits import CANARY

ADDRESS_SPACE = 2**30
"""Bytes that a process may map beyond what it has mapped before its first case."""
MEMORY = 2**28
"""Bytes of memory that one file of some kilobytes may take. The longest index that is read is as long."""
_FORBIDDEN = (
    *("os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn"),
    *("socket.", "urllib.Request", "ftplib.", "http.", "smtplib.", "webbrowser.open"),
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod", "os.chown"),
    *("shutil.", "pickle.find_class", "os.putenv", "os.unsetenv", "tempfile."),
)
"""Audit events of Python, by their first letters."""


class Guard:
    """An audit hook, which cannot be taken off: it counts only while a file is read."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.on = False
        self.child = False
        """Whether netaudit may start its child process."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "import" and str(args[0]).startswith(CANARY):
            self.events.append(f"imports {args[0]}")
        elif event == "open" and not isinstance(args[0], int) and args[0] != os.devnull:
            mode, flags = args[1], args[2] or 0
            wants = isinstance(mode, str) and set(mode) & set("wax+")
            if wants or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
                self.events.append(f"opens {str(args[0])[:80]!r} to write")
        elif event.startswith(_FORBIDDEN) and not (self.child and event.startswith("subprocess.Popen")):
            self.events.append(f"{event} {str(args)[:100]}")

    @contextmanager
    def watching(self) -> Iterator[list[str]]:
        """What happened inside."""
        self.events, self.on = [], True
        try:
            yield self.events
        finally:
            self.on = False


def limit_memory() -> None:
    """No more address space than :data:`ADDRESS_SPACE` beyond what this process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ADDRESS_SPACE, hard))


def start_measuring() -> int:
    """Forget the peak of the resident memory; its size now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """The peak of the resident memory since then, in bytes."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file of a folder, with its size and its time."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}
