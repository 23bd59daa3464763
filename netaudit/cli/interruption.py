"""Ctrl-C, SIGTERM and SIGHUP: one line and exit code 130, at once, whatever the program is doing.

Python runs a signal's handler between two steps of the main thread. An eigensolver takes eight seconds for one step,
and an exception in the middle of an import is taken for a broken library. So a thread of its own waits for signals and
ends the process. Nothing is cleaned up by the code that was running: what is on disk must be in order at any moment.
A command that does not keep to that is unwound by an exception instead, and ended at once by a second signal.

SIGHUP comes from a terminal that was closed, or a connection that broke. The command stays deaf to it where ``nohup``
has made it so.

This module is the first that the command imports (``start.py`` answers until then), and imports little itself.
"""

from __future__ import annotations

import os
import sys
import time
from _thread import allocate_lock, start_new_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from types import FrameType
else:
    import _signal as signal  # what ``signal`` is made of, without the milliseconds that its enums take

CODE = 130
"""The exit code of all of them: 128 + SIGINT, as shells have it for Ctrl-C."""
_HANGUP = getattr(signal, "SIGHUP", None)
"""None on Windows."""
SIGNALS = tuple(
    number
    for number in (signal.SIGINT, signal.SIGTERM, _HANGUP)
    # A shell has a job in the background ignore SIGINT unasked, so that one that is sent to it all the same is meant.
    if number is not None and (number != _HANGUP or signal.getsignal(number) != signal.SIG_IGN)
)
PATIENCE = 3.0
"""Seconds that saying what is kept may take: it is a matter of milliseconds unless a disk does not answer."""

held = allocate_lock()
"""While a thread holds this lock, nothing is interrupted: for the moment in which a report takes its place."""


class Interrupted(BaseException):
    """One of the signals. Not KeyboardInterrupt, for which click prints a line of its own."""


class _State:
    watched_by = 0
    """The process whose thread waits for signals: a child made by fork has no such thread."""
    unwinds = False
    raised = False
    received = 0
    answered = False
    says: Callable[[], str] | None = None


_state = _State()


def watch() -> None:
    """Answer the signals from now on. Only the main thread may call this, at the start of each command."""
    _state.unwinds, _state.raised, _state.received, _state.answered, _state.says = False, False, 0, False, None
    if _state.watched_by != os.getpid() and hasattr(os, "register_at_fork"):  # Windows has no such pipes
        receiver, sender = map(_above_standard, os.pipe())
        os.set_blocking(sender, False)
        signal.set_wakeup_fd(sender, warn_on_full_buffer=False)
        start_new_thread(_wait, (receiver,))
        os.register_at_fork(after_in_child=_forget)
        _state.watched_by = os.getpid()
    for number in SIGNALS:
        signal.signal(number, _handle)


def _above_standard(number: int) -> int:
    """The same end of the pipe under a number that is no standard stream's, one of which may be closed."""
    from fcntl import F_DUPFD_CLOEXEC, fcntl

    moved = fcntl(number, F_DUPFD_CLOEXEC, 3)
    os.close(number)
    return moved


def unwind(wanted: bool) -> None:
    """Whether the first signal raises :class:`Interrupted` in the main thread, for a command that must clean up."""
    _state.unwinds = wanted


def say(says: Callable[[], str] | None) -> None:
    """What an interruption calls to put its last files in order; the text that it gives ends the one line."""
    _state.says = says


def happened() -> bool:
    """Whether :class:`Interrupted` was raised, and so is the reason of what came after it."""
    return _state.raised


def answered() -> None:
    """From now on no signal is answered: the command says its last words. Does not return if a signal came first."""
    with held:
        _state.answered = True


def ignore() -> None:
    """Have the system ignore the signals while Python shuts down."""
    answered()
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def line(more: str = "") -> str:
    """What is printed."""
    return f"netaudit: error: interrupted{': ' if more else ''}{more}"


def _handle(number: int, frame: FrameType | None) -> None:
    """Python's own handler, in the main thread: the thread that waits does what is to be done, unless there is none."""
    if _state.answered or (_state.watched_by == os.getpid() and (_state.raised or not _state.unwinds)):
        return
    _state.raised = True
    sys.unraisablehook = lambda _: None  # raised where Python cannot pass it on, it would print a traceback
    raise Interrupted


def _wait(receiver: int) -> None:
    while numbers := os.read(receiver, 64):
        for number in numbers:
            if number in SIGNALS and signal.getsignal(number) is _handle:
                _state.received += 1
                if not _state.unwinds or _state.received > 1:
                    _leave()


def _leave() -> None:
    start_new_thread(_leave_after, (PATIENCE,))
    with held:
        if _state.answered:
            return
        more = ""
        with _whatever_fails():
            more = _state.says() if _state.says else ""
        with _whatever_fails():
            if files := sys.modules.get("netaudit.files"):
                files.remove_unfinished()
        with _whatever_fails():
            processes = sys.modules.get("multiprocessing")
            for process in processes.active_children() if processes else ():
                process.terminate()
        _end(more)


class _whatever_fails:  # noqa: N801 - contextlib is not worth its import here
    """Go on behind the block: nothing may keep the process from ending, such as a module that is only half imported."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        return True


def _leave_after(seconds: float) -> None:
    time.sleep(seconds)
    if not _state.answered:
        _end("")


def _end(more: str) -> None:
    terminal = os.isatty(2) and os.environ.get("TERM", "dumb") != "dumb"
    clear = "\r\x1b[2K\x1b[?25h" if terminal else ""  # the progress bar's line goes, the cursor comes back
    encoding = getattr(sys.stderr, "encoding", None) or "ascii"
    try:
        os.write(2, f"{clear}{line(more)}\n".encode(encoding, "backslashreplace"))
    finally:  # standard error may be closed
        os._exit(CODE)


def _forget() -> None:
    """In a child made by fork: its signals are its own, and must not reach the pipe of the process that made it."""
    if any(signal.getsignal(number) is _handle for number in SIGNALS):
        signal.set_wakeup_fd(-1)
