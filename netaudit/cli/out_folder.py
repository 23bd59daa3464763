"""The option ``--out``: a folder that has a name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


class _OutFolder(click.Path):
    """A path that is not empty, as it is where a script's variable is not set: this folder would be written into."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value).strip():
            self.fail("the name of the folder is empty; `--out .` writes into the folder that you are in", param, ctx)
        return super().convert(value, param, ctx)


OUT_FOLDER = _OutFolder(path_type=Path)
