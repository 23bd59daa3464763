"""The standard streams as they are found: closed, full, a pipe that nobody reads, or without our signs."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from netaudit.cli import signs

_FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up", errno.EFBIG: "it is too large"}


def prepare() -> None:
    """Open to nowhere what is closed, and print a sign that the encoding lacks in another way.

    A closed stream's number would be taken by the next file that is opened, such as a report's, and what a library
    prints would end in it. And no sign that cannot be printed may stop a command whose work is done.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        if getattr(sys, name) is None:  # for as long as the process lives
            setattr(sys, name, Path(os.devnull).open("w" if number else "r", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=signs.NAME)


def say(line: str) -> None:
    """Print a line on stderr; where that cannot be, the exit code must do."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        drop(sys.stderr)


def drop(stream: TextIO) -> None:
    """Send what is left for a stream nowhere: Python would try again at the end, and exit with a code of its own."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


@contextmanager
def whoever_reads() -> Iterator[None]:
    """What is printed inside may find nobody who reads on: the command goes on, and its exit code stays what it is."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        if not nobody_reads(error):
            raise
        drop(sys.stdout)


def nobody_reads(error: OSError) -> bool:
    """Whether an error says that whatever read our output has ended: a pipe (``| head``), or a terminal."""
    return isinstance(error, BrokenPipeError) or (error.errno == errno.EIO and error.filename is None and _hung_up())


def _hung_up() -> bool:
    try:
        os.write(1, b"")
    except OSError as error:
        return error.errno == errno.EIO
    return False


def unprinted(error: OSError) -> str | None:
    """Why standard output took no more, or None where it is another error.

    What is written under a name says so itself; a reader's error is never one of these.
    """
    return None if error.filename is not None else _FULL.get(error.errno or 0)
