"""The entry point of the command: interruptions are answered from its first lines, before anything else is imported.

These need what the interpreter has loaded by itself, and no more. Before them, in the milliseconds in which Python
starts and finds the package, a signal ends the interpreter in its own way: Ctrl-C by a traceback, the others silently.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # what ``signal`` is made of, without the milliseconds that its enums take


def _end(*_: object) -> None:
    """End at once, between two steps of Python: there is nothing yet to put in order."""
    try:
        os.write(2, b"netaudit: error: interrupted\n")
    finally:
        os._exit(130)


signal.signal(signal.SIGINT, _end)
signal.signal(signal.SIGTERM, _end)


def main() -> None:
    """Run the command line; see :func:`netaudit.cli.main.main`."""
    from netaudit.cli import interruption

    interruption.watch()
    from netaudit.cli.main import main as run

    try:
        run()
    finally:
        interruption.ignore()
