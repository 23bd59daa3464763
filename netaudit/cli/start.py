"""The entry point of the command: interruptions are answered from its first line, before anything else is imported."""

from __future__ import annotations

from netaudit.cli import interruption


def main() -> None:
    """Run the command line; see :func:`netaudit.cli.main.main`."""
    interruption.watch()
    from netaudit.cli.main import main as run

    try:
        run()
    finally:
        interruption.ignore()
