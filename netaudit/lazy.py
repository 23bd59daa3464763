"""Functions that are imported when they are first called: a table of rows must cost no imports."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def lazily(place: str) -> Callable[..., Any]:
    """The function ``package.module:name``, imported when it is first called."""
    module, _, name = place.partition(":")

    def call(*arguments: Any) -> Any:
        return getattr(import_module(module), name)(*arguments)

    return call
