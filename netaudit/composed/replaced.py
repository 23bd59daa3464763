"""Layers that PEFT trained as a whole beside its adapters (``modules_to_save``): their originals are not used."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netaudit.composed.rule import Group, Stored

_SAVED = re.compile(r"(?P<layer>.*)\.modules_to_save\.[^.]+\.(?P<own>.*)")


def groups(stored: Stored) -> Iterator[Group]:
    """The originals, which are listed and not audited."""
    originals = {
        f"{match['layer']}.original_module.{match['own']}": None
        for name in stored.declared
        if (match := _SAVED.fullmatch(name))
    }
    for name in originals:
        if stored.usable(name):
            yield Group((name,), refusal="the original of a layer that was trained beside an adapter: not used")
