"""``run.json``: what a report itself must not hold, since it differs from run to run: the command and the clock."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from netaudit.report.folder import RUN_FILE

NAME = RUN_FILE

run_file_option = click.option(
    "--run-file/--no-run-file",
    default=True,
    show_default=True,
    help=f"Write {NAME}, too: this command, when it ran, and its time and memory.",
)
"""For a command that calls :func:`write_run`, unless it is given ``run_file=False``."""


def write_run(folder: Path, started: datetime, seconds: Mapping[str, float], **more: Any) -> None:
    """Write ``folder/run.json``, with ``more`` in it.

    Raises:
        ReportError: the file cannot be written.
    """
    from netaudit.files import write_atomically
    from netaudit.numerics.memory import peak_memory

    run = {
        "command": ["netaudit", *sys.argv[1:]],
        "started": started.isoformat(timespec="seconds"),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "peak_memory_bytes": peak_memory(),
        **more,
    }
    write_atomically(folder / NAME, (json.dumps(run, indent=2) + "\n").encode())
