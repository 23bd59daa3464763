"""Look at what a process takes, where the system does not limit it, and end it above the bounds.

Linux keeps the limits that the process sets for itself (``child_process.py``). macOS keeps none on memory, and Windows
has none at all.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

from netaudit.formats import extras

NEEDED = sys.platform != "linux"
"""Whether the system leaves the limits to us."""
LIBRARIES = 2**28
"""Bytes that Python and the libraries take before a file is opened: NumPy and h5py 60 MiB, onnx 100 MiB on Linux."""
EVERY = 0.02
"""Seconds between two looks: a process that fills memory at 5 GB/s takes 100 MB more by then."""


@dataclass
class Exceeded:
    """Which bound was exceeded, so that the process was ended: ``"memory"``, ``"seconds"`` or none."""

    bound: str = ""


@contextmanager
def watched(process: subprocess.Popen[bytes], memory: int, seconds: float, shown: str) -> Iterator[Exceeded]:
    """Watch a process inside the block.

    Args:
        process: it may end by itself.
        memory: bytes of resident memory that it may take, beside :data:`LIBRARIES`.
        seconds: of computing that it may take from now on.
        shown: the file's name, in errors.

    Raises:
        SourceError: psutil, which says what a process takes, is not installed.
    """
    psutil = extras.load("psutil", "onnx,keras", shown)
    exceeded, done = Exceeded(), Event()
    look = Thread(target=_look, args=(psutil, process, memory + LIBRARIES, seconds, exceeded, done), daemon=True)
    look.start()
    try:
        yield exceeded
    finally:
        done.set()
        look.join()


def _look(
    psutil: Any, process: subprocess.Popen[bytes], memory: int, seconds: float, exceeded: Exceeded, done: Event
) -> None:
    try:
        child = psutil.Process(process.pid)
        before = _computing(child)
        while not exceeded.bound:
            if child.memory_info().rss > memory:
                exceeded.bound = "memory"
            elif _computing(child) - before > seconds:
                exceeded.bound = "seconds"
            elif done.wait(EVERY):
                return
        process.kill()
    except psutil.Error:  # it has ended
        return


def _computing(child: Any) -> float:
    times = child.cpu_times()
    return float(times.user + times.system)
