"""Where a payload belongs: enough of a layer for ``present``, which takes its name and shape."""

from __future__ import annotations

from typing import Any, cast

from netaudit.analyses.analysis import Place
from netaudit.results.report import LayerResult


def place(name: str = "fc", shape: tuple[int, int] = (200, 320)) -> Place:
    """A layer of a report that nothing looks at."""
    return Place(cast(Any, None), LayerResult(name, shape, "float32", "relu", "Linear", {}))
