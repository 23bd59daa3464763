"""The option --out: a folder to write into."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


class _Folder(click.ParamType):  # type: ignore[type-arg]
    name = "directory"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Path:
        if not str(value).strip():  # as a script writes it whose variable is not set
            self.fail("the name of the folder is empty; . is the folder that you are in", parameter, context)
        return Path(value)


FOLDER = _Folder()
"""The type of an option that takes a folder to write into; an empty name is refused."""
