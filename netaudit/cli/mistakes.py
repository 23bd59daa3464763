"""What was meant by a command line that cannot be followed."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Sequence

import click

_OPTIONS = {"help": "--help", "version": "--version"}
"""Words of other tools for what are options here."""


def meant(arguments: Sequence[str] | None, commands: Collection[str]) -> list[str]:
    """The command that a mistyped first word may stand for: it was taken for the target of an audit."""
    first = next(iter(arguments or ()), "")
    if first in commands or not first.isalpha() or os.path.lexists(first):
        return []
    close = _OPTIONS.get(first) or next(iter(difflib.get_close_matches(first, list(commands), n=1)), None)
    return [f"did you mean `netaudit {close}`?"] if close else []


def usage(error: click.UsageError) -> str:
    """Which help shows the usage: that of the command which refused."""
    command = error.ctx.command_path if error.ctx else "netaudit"
    return f"`{command} --help` shows the usage"
