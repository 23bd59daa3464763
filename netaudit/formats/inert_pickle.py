"""Read a pickle as data: no class is looked up, no function is called, no module is imported.

The opcodes are parsed by the standard library's ``pickletools.genops``, which runs nothing, from a file that gives no
more than a pickle may have. What they build is told by ``pickle_machine.py``.
"""

from __future__ import annotations

import pickletools
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from netaudit.formats import pickle_machine
from netaudit.formats.inert_object import PLAIN, Build, EndsEarlyError, Global, MalformedError, TooLongError

STEPS = 10_000_000
"""Opcodes of one pickle; torch.save takes some 35 a tensor."""
LONGEST = 256 * 2**20
"""Bytes of one pickle, without the storages."""


class Readable(Protocol):
    """What a pickle is read from."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes."""

    def readline(self, size: int = ..., /) -> bytes:
        """Up to the next line's end."""

    def tell(self) -> int:
        """The position."""


class _Metered:
    """A file that gives a pickle no more than it has, and no more than an index may have."""

    def __init__(self, file: Readable) -> None:
        self.file = file
        self.left = LONGEST
        self.tell = file.tell

    def read(self, size: int) -> bytes:
        if size > self.left:
            raise TooLongError(f"a pickle longer than {LONGEST:,} bytes")
        self.left -= size
        data = self.file.read(size)
        if len(data) < size:
            raise EndsEarlyError("the pickle ends early")
        return data

    def readline(self) -> bytes:
        line = self.file.readline(self.left)
        self.left -= len(line)
        return line


@dataclass(frozen=True)
class Unpickled:
    """What a pickle holds, and every global that it names."""

    value: Any
    globals: tuple[Global, ...]


def load(file: Readable, builds: Mapping[str, Build], persistent: Callable[[Any], Any]) -> Unpickled:
    """Read one pickle from the file's position, and leave the file behind it.

    Args:
        file: the bytes.
        builds: what plays a callable, by its exact ``module.name``; besides :data:`PLAIN`.
        persistent: gives what a persistent id stands for.

    Raises:
        MalformedError: no pickle, or one that no pickler writes. No other error comes from the bytes.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of an odd escape in an old pickle's string
            return Unpickled(*pickle_machine.run(_steps(file), {**PLAIN, **builds}, persistent))
    except MalformedError:
        raise
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, OverflowError, UnicodeError) as error:
        raise MalformedError(f"not a pickle ({error})") from error


def _steps(file: Readable) -> Iterator[tuple[str, Any]]:
    """The opcodes of one pickle, by their names, each with its argument."""
    for step, (opcode, argument, _) in enumerate(pickletools.genops(_Metered(file))):  # type: ignore[arg-type]
        if step > STEPS:
            raise TooLongError(f"a pickle of more than {STEPS:,} steps")
        yield opcode.name, argument
