"""Libraries that few need: each is loaded when a file of its format is opened, and missed in one line."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from netaudit.errors import SourceError


def load(module: str, extra: str, shown: str) -> ModuleType:
    """The module of an extra.

    Raises:
        SourceError: the library is not installed; the hint names the extra.
    """
    try:
        return import_module(module)
    except ImportError as error:
        missing = f"{shown}: reading it needs the package {module.partition('.')[0]}, which is not installed"
        raise SourceError(missing, hint=f"the extra brings it: pip install 'netaudit-dnn[{extra}]'") from error
