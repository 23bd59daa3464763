"""Libraries that few need: each is looked for when a file of its format is opened, and missed in one line."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
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
        raise _missing(module, extra, shown) from error


def require(module: str, extra: str, shown: str) -> None:
    """Look for the module of an extra that a process of its own will load (``child.py``).

    Raises:
        SourceError: the library is not installed; the hint names the extra.
    """
    if find_spec(module) is None:
        raise _missing(module, extra, shown)


def _missing(module: str, extra: str, shown: str) -> SourceError:
    missing = f"{shown}: reading it needs the package {module.partition('.')[0]}, which is not installed"
    return SourceError(missing, hint=f"the extra brings it: pip install 'netaudit-dnn[{extra}]'")
