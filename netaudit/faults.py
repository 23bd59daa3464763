"""A fault of an analysis: in words for the report, and where it happened for whoever mends it."""

from __future__ import annotations

import os
import re
import traceback

from netaudit.errors import NetauditError, out_of_memory
from netaudit.text import printable

MEMORY_RAN_OUT = "memory ran out"
_LONGEST = 300  # characters of another library's message: its first sentences
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{4,}")
_FOLDERS = re.compile(r"(?:[A-Za-z]:)?(?:[\\/][\w.+@~-]+)+[\\/](?=[\w.+@~-])")


def in_words(error: Exception) -> str:
    """An error in words that are the same in each run: no folder of this machine, no address in its memory.

    >>> in_words(ValueError("no such row in /data/net.pt"))
    'unexpected ValueError: no such row in net.pt'
    """
    if isinstance(error, NetauditError):
        return printable(str(error), _LONGEST)
    if out_of_memory(error):
        return MEMORY_RAN_OUT
    message = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    message = _FOLDERS.sub("", _ADDRESS.sub("0x...", " ".join(message.split())))
    return f"unexpected {type(error).__name__}: {printable(message, _LONGEST)}".rstrip(": ")


def show_trace(error: BaseException) -> None:
    """Print where an error comes from to standard error, if the environment has ``NETAUDIT_DEBUG=1``."""
    if os.environ.get("NETAUDIT_DEBUG") == "1":
        traceback.print_exception(error)
