"""The errors a user can meet. Each carries one line to print, at most two hints, and the exit code."""

from collections.abc import Sequence


class NetauditError(Exception):
    """Something the user can act on: one line of reason, up to two lines of what to do next.

    The command line prints ``netaudit: error: <message>`` and each hint on a line of its own, and exits with
    ``exit_code``. The library raises it as it is.
    """

    exit_code = 2

    def __init__(self, message: str, *, hint: str | Sequence[str] = ()) -> None:
        super().__init__(message)
        self.hints: tuple[str, ...] = (hint,) if isinstance(hint, str) else tuple(hint)[:2]


class SourceError(NetauditError):
    """A target could not be found, fetched or read."""


class UnsafeFileError(SourceError):
    """A file asks for something a weights file has no business asking for; it was refused unread."""


class DeviceError(NetauditError):
    """The device asked for is not there, or ran out of memory with no smaller batch left to try."""


class ReportError(NetauditError):
    """A report could not be rendered or written, or an audit.json could not be read."""


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out.

    Python and NumPy raise MemoryError, PyTorch on a GPU its own error and on the CPU a plain RuntimeError; a file that
    cannot be mapped gives an OSError, or a library's own error, with the system's words, and a library that cannot be
    loaded an ImportError.

    >>> out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."))
    True
    """
    text = str(error).lower()
    words = ("out of memory", "can't allocate memory", "cannot allocate memory", "failed to map segment")
    return isinstance(error, MemoryError) or any(each in text for each in words)
