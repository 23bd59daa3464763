"""Readers for a child that do what no reader may do."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from netaudit.errors import UnsafeFileError

NUMBERS = np.arange(6, dtype="f4").reshape(2, 3)


def crash() -> None:
    """Read from address 0, as a damaged library does."""
    ctypes.string_at(0)


def die() -> None:
    """What the system does to a process where memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def fill() -> Any:
    """Take more memory than there may be."""
    return np.ones(2**31)


def spin() -> None:
    """Go on for ever."""
    while True:
        pass


def leave() -> None:
    """End without a word."""
    os._exit(3)


def stumble() -> Any:
    """What a reader does that believes the file."""
    return [][0]


def refuse() -> None:
    """What readers do with a file that no program writes."""
    raise UnsafeFileError("a.h5: refused", hint="save it again")


def chatter() -> Any:
    """Print where the answers go."""
    print("noise")
    os.write(1, b"noise")
    sys.stdout.flush()
    return NUMBERS


def give_less() -> Any:
    """Fewer numbers than declared."""
    return NUMBERS[:1]


def well() -> Any:
    """Nothing wrong."""
    return NUMBERS


def opened(at_once: str = "") -> tuple[dict[str, str], Callable[[str], Any]]:
    """A file whose tensors are called by what reading them does."""
    if at_once:
        globals()[at_once]()
    return {"said": "\udcff"}, lambda key: globals()[key]()


def undescribed() -> tuple[list[int], Callable[[str], Any]]:
    """A description of another type."""
    return [1], lambda key: NUMBERS
