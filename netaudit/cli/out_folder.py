"""The option ``--out``: a folder that has a name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

_LONGEST = 255  # bytes of a name


class _OutFolder(click.Path):
    """A path that is not empty, as it is where a script's variable is not set: this folder would be written into."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value).strip():
            self.fail("the name of the folder is empty; `--out .` writes into the folder that you are in", param, ctx)
        if any(len(os.fsencode(part)) > _LONGEST for part in Path(value).parts):
            self.fail(
                f"a part of the path is longer than {_LONGEST} bytes, the most that file systems allow", param, ctx
            )
        return super().convert(value, param, ctx)


OUT_FOLDER = _OutFolder(path_type=Path)
