"""The names that torchvision and timm register, read from their source: to import either takes seconds."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# A decorator, with a name of its own or without, and the function below it; other decorators may stand between.
_REGISTERED = re.compile(
    r"""^@register_model\b(?:\((?:name=)?(?:["'](\w+)["'])?\))?\s*\n(?:[^\n]*\n)*?def (\w+)""", re.MULTILINE
)
_OLD_NAMES = re.compile(r"^register_model_deprecations\(__name__, \{(.*?)^\}", re.MULTILINE | re.DOTALL)
_KEY = re.compile(r"""^\s*["'](\w+)["']\s*:""", re.MULTILINE)


def knows(library: str, name: str, *, ask: bool = False) -> bool:
    """Whether ``torchvision`` or ``timm`` has the architecture; timm's names may have a tag after a dot.

    The library itself is imported and asked where ``ask`` says so, where its source cannot be read, and where it is
    loaded anyway: a program may have registered models of its own.
    """
    if _must_ask(library, ask):
        return bool(_room(library).knows(name))
    return (name.partition(".")[0] if library == "timm" else name) in _in_source(library)


def names(library: str, *, ask: bool = False) -> Sequence[str]:
    """Every architecture of the library, without tags."""
    return list(_room(library).names()) if _must_ask(library, ask) else _in_source(library)


def _must_ask(library: str, ask: bool) -> bool:
    return ask or library in sys.modules or not _in_source(library)


def _room(library: str) -> Any:
    return import_module(f"netaudit.sources.hubs.{library}")


@cache
def _in_source(library: str) -> tuple[str, ...]:
    spec = find_spec(library)
    folders = [] if spec is None else spec.submodule_search_locations or []
    found: set[str] = set()
    for path in (path for folder in folders for path in sorted(Path(folder, "models").rglob("*.py"))):
        text = path.read_text(encoding="utf-8")
        found |= {given or function for given, function in _REGISTERED.findall(text)}
        found |= {old for table in _OLD_NAMES.findall(text) for old in _KEY.findall(table)}
    return tuple(sorted(found))
