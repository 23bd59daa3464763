"""What an attack is: a file that is made to do harm, with a good layer beside it, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

GOOD = np.random.default_rng(0).normal(size=(5, 4)).astype("f4")
"""The weight of the layer ``good`` in every file that has one."""
RAN = "the-attack-ran"
"""The file beside the folder that an attack writes when its code is run."""


@dataclass(frozen=True)
class Attack:
    """A row of the table."""

    name: str
    known: str
    """Where it is known from: an advisory, another tool's bypass, or the format's own documentation."""
    make: Callable[[Path], Path]
    """Writes the files into a folder, and gives the one to open."""
    refused: str = ""
    """A pattern of the one line; empty where the good layer is read all the same."""
    said: str = ""
    """A pattern of a reason or a note, where the good layer is read."""


def written(name: str, data: bytes) -> Callable[[Path], Path]:
    """Makes a file of these bytes."""

    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make
