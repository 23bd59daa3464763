"""What a report is drawn with, so that a reader of it can tell a change from another version's lines."""

from __future__ import annotations

from importlib import metadata

from netaudit.version import __version__


def made_with() -> str:
    """The versions of what lays a report out and draws its figures: another one gives other lines for equal numbers."""
    return f"netaudit {__version__}, matplotlib {metadata.version('matplotlib')}"
