"""What runs in the process that reads a file with a native parser (see ``child.py``): open it, then tensor by tensor.

A reader is a function of plain arguments that gives a description of the file, and a function that reads one tensor of
it as an array of NumPy. PyTorch is never loaded here.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.files import in_words

if TYPE_CHECKING:
    import numpy as np

Reader = Callable[..., tuple[Any, Callable[[str], "np.ndarray[Any, Any]"]]]
"""Gives a description, which ``msgspec`` turns into plain data, and reads a tensor by its key."""


def serve() -> None:
    """Answer requests, one a line, until the pipe is closed. What libraries print goes nowhere."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    opening = json.loads(sys.stdin.buffer.readline())
    module, _, name = opening["reader"].partition(":")
    reader: Reader = getattr(import_module(module), name)
    read = _answer(answers, opening, lambda: _open(reader, opening["arguments"], answers))
    for line in sys.stdin.buffer:
        request = json.loads(line)
        _answer(answers, {**request, "shown": opening["shown"]}, lambda: _send(answers, read, request["key"]))  # noqa: B023 - called at once


def _open(reader: Reader, arguments: dict[str, Any], answers: IO[bytes]) -> Callable[[str], Any]:
    description, read = reader(**arguments)
    _say(answers, {"description": msgspec.to_builtins(description)})
    return read


def _send(answers: IO[bytes], read: Callable[[str], Any], key: str) -> None:
    import numpy as np

    array = np.ascontiguousarray(read(key))
    _say(answers, {"bytes": array.nbytes}, array.reshape(-1).view(np.uint8).data)


def _answer(answers: IO[bytes], request: dict[str, Any], work: Callable[[], Any]) -> Any:
    """Do the work within the limits of the request; what goes wrong is the answer."""
    if request["limited"]:
        limit(request["memory"], request["seconds"])
    try:
        return work()
    except SourceError as error:
        said = {"error": str(error), "hints": error.hints, "unsafe": isinstance(error, UnsafeFileError)}
        _say(answers, said)
    except MemoryError:
        how = f"takes more than {request['memory'] / 2**20:,.0f} MiB of memory to read"
        _say(answers, {"error": f"{request['shown']}: {how}"})
    except OSError as error:
        _say(answers, {"error": f"{request['shown']}: cannot be read: {in_words(error)}"})
    except Exception as error:  # noqa: BLE001 - a graph without the inputs of its nodes can raise anything
        what = f"damaged, or of a kind that is not known ({type(error).__name__})"
        _say(answers, {"error": f"{request['shown']}: {what}"})
    return None


def _say(answers: IO[bytes], answer: dict[str, Any], numbers: Any = b"") -> None:
    line = json.dumps(answer).encode()
    answers.write(len(line).to_bytes(8, "little"))
    answers.write(line)
    answers.write(numbers)
    answers.flush()


def limit(memory: int, seconds: int) -> None:
    """Have the system refuse more memory than what is taken now and so many bytes, and more computing time.

    Windows has no such limits, and macOS keeps none on memory: there ``child_watch.py`` stands for them.
    """
    try:
        import resource
    except ImportError:
        return
    for which, now, more in (
        (resource.RLIMIT_AS, _address_space(), memory),
        (resource.RLIMIT_CPU, math.ceil(sum(resource.getrusage(resource.RUSAGE_SELF)[:2])), seconds),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        _, hard = resource.getrlimit(which)
        with suppress(ValueError, OSError):
            resource.setrlimit(which, (now + more if hard == resource.RLIM_INFINITY else min(now + more, hard), hard))


def _address_space() -> int:
    """Bytes of this process's address space; a guess where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError):
        return 2**32
    return pages * os.sysconf("SC_PAGE_SIZE")
