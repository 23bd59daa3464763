"""Native parsers run in a process of their own: what crashes, fills or stops them is one line here, and no more.

The libraries behind HDF5 and ONNX are written in C and C++, and a file can make them crash or take all memory. So they
are loaded by a child alone (``child_process.py``), whose memory and computing time the system limits. Where it does
not, this process watches them (``child_watch.py``). What the child says is plain data, which is checked against its
type here; the numbers of a tensor come as bytes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from math import prod
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, TypeVar

import msgspec

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.formats import child_watch

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")

MEMORY = 2**30
"""Bytes that the child may take beyond the libraries: no index that was seen took a tenth."""
SECONDS = 30
"""Of computing time for one answer, and a second more for every :data:`PACE` bytes that are read."""
PACE = 10_000_000
COPIES = 4
"""Times the bytes of a tensor that reading it may take: its file's, unpacked, turned round, and sent."""
_LONGEST = 2**28  # bytes of a description
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from netaudit.formats.child_process import serve; serve()"
)
_SETTINGS = {
    "OPENBLAS_NUM_THREADS": "1",  # nothing is computed there, and each thread takes memory
    "HDF5_PLUGIN_PRELOAD": "::",  # HDF5 loads no plugin
}


class Child:
    """A file that another process reads.

    The process is started when it is first asked, and again after it has ended; it ends with this object.
    """

    def __init__(self, reader: str, library: str, shown: str, arguments: Mapping[str, Any], memory: int = 0) -> None:
        """Nothing is started yet.

        Args:
            reader: ``"module:function"``, which ``child_process.py`` calls with the arguments.
            library: what it reads with, in words.
            shown: the file's name, in errors.
            arguments: plain data.
            memory: bytes that opening the file may take, beside :data:`MEMORY`.
        """
        limits = {"memory": MEMORY + memory, "seconds": SECONDS}
        self._opening = {"reader": reader, "arguments": dict(arguments), "shown": shown, **limits}
        self._library = library
        self._shown = shown
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()
        self._stop: Callable[[], Any] = _nothing

    def describe(self, kind: type[T]) -> T:
        """What the reader says of the file.

        Raises:
            SourceError: what the reader found wrong, or how its process ended.
            UnsafeFileError: the reader refused the file.
        """
        with self._lock:
            return self._checked(self._start(), kind)

    def read(self, key: str, dtype: str, shape: tuple[int, ...]) -> Tensor:
        """Read one tensor.

        Args:
            key: its name, to the reader.
            dtype: its dtype, under PyTorch's name.
            shape: its shape.

        Raises:
            SourceError: what the reader found wrong, or how its process ended.
            UnsafeFileError: the reader refused the tensor.
        """
        import torch

        kind: torch.dtype = getattr(torch, dtype)
        numbers = torch.empty(prod(shape) * kind.itemsize, dtype=torch.uint8, device="cpu")
        request = {"key": key, "memory": MEMORY + COPIES * len(numbers), "seconds": SECONDS + len(numbers) // PACE}
        with self._lock:
            if self._process is None:
                self._start()
            self._ask(request, numbers.numpy().data)
        return numbers.view(kind).reshape(shape)

    def _start(self) -> dict[str, Any]:
        self._stop()
        path = json.dumps([str(place) or os.getcwd() for place in sys.path])  # noqa: PTH109 - of "" alone
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **_SETTINGS},
            )
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise SourceError(f"{self._shown}: no process could be started to read it: {why}") from error
        self._process = process
        self._stop = weakref.finalize(self, _end, process)
        try:
            return self._ask(self._opening)
        except SourceError:
            self._close()
            raise

    def _ask(self, request: Mapping[str, Any], into: memoryview | None = None) -> dict[str, Any]:
        """The answer to a request, and the bytes behind it."""
        process = self._process
        assert process is not None
        watch, exceeded = child_watch.NEEDED, child_watch.Exceeded()
        bounds = request["memory"], request["seconds"], self._shown
        try:
            with child_watch.watched(process, *bounds) if watch else nullcontext(exceeded) as exceeded:
                answer = _answered(process, {**request, "limited": not watch}, into)
        except (EOFError, ValueError) as error:
            raise self._ended(process, request, error, exceeded.bound) from error
        except BaseException:  # Ctrl-C: the rest of the answer is still in the pipe
            self._close()
            raise
        if "error" in answer:
            kind = UnsafeFileError if answer.get("unsafe") else SourceError
            raise kind(str(answer["error"]), hint=[str(hint) for hint in answer.get("hints", ())])
        return answer

    def _checked(self, answer: Any, kind: type[T]) -> T:
        try:
            return msgspec.convert(answer["description"], kind)
        except (msgspec.ValidationError, KeyError, TypeError) as error:
            raise SourceError(f"{self._shown}: the reader of {self._library} gave no answer") from error

    def _ended(
        self, process: subprocess.Popen[bytes], request: Mapping[str, Any], error: Exception, exceeded: str
    ) -> SourceError:
        """How the process ended, in one line."""
        with suppress(subprocess.TimeoutExpired):
            process.wait(0 if isinstance(error, ValueError) else 5)  # at the end of its pipe it ends soon
        code = process.returncode
        self._close()
        name = {-number.value: number.name for number in signal.Signals}.get(code, f"exit code {code}")
        if exceeded == "memory":
            how = f"takes more than {request['memory'] / 2**20:,.0f} MiB of memory to read"
        elif name == "SIGXCPU" or exceeded == "seconds":
            how = f"takes more than {request['seconds']} s of computing to read"
        elif name == "SIGKILL":
            how = "could not be read: the process that read it was killed, as a rule for want of memory"
        elif code is None:
            how = f"has other tensors than the reader of {self._library} said"
        else:
            how = f"crashed the reader of {self._library} ({name})"
        return SourceError(f"{self._shown}: {how}", hint="a damaged file, or one made to do that: save the model again")

    def _close(self) -> None:
        self._stop()
        self._process = None


def _answered(process: subprocess.Popen[bytes], request: Mapping[str, Any], into: memoryview | None) -> dict[str, Any]:
    """Ask, and take the answer with the bytes behind it.

    Raises:
        EOFError: the process has ended.
        ValueError: it gave something else than an answer.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError):  # how it ended is told by what comes, or does not come
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
    answer = json.loads(_exactly(process.stdout, _length(process.stdout)))
    if not isinstance(answer, dict):
        raise ValueError("no answer")
    if "error" not in answer and into is not None:
        _fill(process.stdout, into, answer.get("bytes"))
    return answer


def _nothing() -> None:
    """What there is to end where nothing was started."""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that is no longer needed."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            if pipe is not None:
                pipe.close()


def _length(pipe: IO[bytes]) -> int:
    length = int.from_bytes(_exactly(pipe, 8), "little")
    if length > _LONGEST:
        raise ValueError("an answer that is too long")
    return length


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data


def _fill(pipe: IO[bytes], into: memoryview, length: Any) -> None:
    if length != len(into):
        raise ValueError("other bytes than declared")
    done = 0
    while done < len(into):
        count = pipe.readinto(into[done:])  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        done += count
