"""The names that torchvision and timm register, shipped as data: importing either library takes seconds.

``names.json`` beside this file has them, with the version of each library that they were taken from. Where another
version is installed the library itself is asked. ``python -m netaudit.sources.hubs.registered`` writes the file again
from the installed libraries.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("names.json")
"""A JSON object ``{library: {"version": str, "names": [str, ...]}}``."""
LIBRARIES = ("torchvision", "timm")


def knows(library: str, name: str, *, ask: bool = False) -> bool:
    """Say whether ``torchvision`` or ``timm`` has an architecture; timm's names may have a tag after a dot.

    The shipped list answers for the version that it was made from, so that a wrong name is refused without an import.
    The library itself is imported and asked where another version is installed, where it is loaded anyway, since a
    program may have registered models of its own, and where ``ask`` says so.
    """
    if _must_ask(library, ask):
        return bool(_hub(library).knows(name))
    architecture = name.partition(".")[0] if library == "timm" else name
    return architecture in names(library)


def names(library: str, *, ask: bool = False) -> Sequence[str]:
    """Return every architecture of the library, without tags, from where :func:`knows` has it."""
    return list(_hub(library).names()) if _must_ask(library, ask) else list(_shipped()[library]["names"])


def up_to_date(library: str) -> bool:
    """Say whether the shipped list was made from the version of the library that is installed."""
    return bool(_installed(library) == _shipped()[library]["version"])


def document() -> str:
    """Return the text of ``names.json`` for the installed libraries, which are imported.

    timm's deprecated names are among them: it takes them, although its own list leaves them out.
    """
    from timm.models import get_deprecated_models

    found = {library: set(_hub(library).names()) for library in LIBRARIES}
    found["timm"] |= set(get_deprecated_models())
    made = {library: {"version": _installed(library), "names": sorted(found[library])} for library in LIBRARIES}
    return json.dumps(made, indent=1) + "\n"


def _must_ask(library: str, ask: bool) -> bool:
    return ask or library in sys.modules or not up_to_date(library)


def _hub(library: str) -> Any:
    return import_module(f"netaudit.sources.hubs.{library}")


def _installed(library: str) -> str | None:
    try:
        return version(library).partition("+")[0]  # "0.29.1+cpu" has the names of 0.29.1
    except PackageNotFoundError:
        return None


@cache
def _shipped() -> dict[str, Any]:
    shipped: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return shipped


if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8")
