"""Several networks under one roof: which part of a file holds a whole network, and which is a copy of another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netaudit.network.layers import SkippedLayer
from netaudit.text import count

Shapes = Mapping[str, tuple[int, ...]]
"""Shapes by the names within one network."""

# Names of copies. What the average is of stands beside the word, or is not said.
_AVERAGED = re.compile(
    r"(?P<of>.*?)[_.-]?(?:ema|swa|averaged?|avg|running|shadow)(?:[_-]?(?:model|state_dict|params|weights))?|"
    r"(?:ema|swa|averaged?|avg|momentum|shadow)[_-]?(?P<after>.*)|(?P<key>.*)_k|teacher(?:_.*)?",
    re.I,
)
_TARGET = re.compile(r"(?P<of>.*?)[_.-]?target|target[_-]?(?P<after>.*)", re.I)
# Names of networks that are trained against each other or beside each other.
_OWN = re.compile(
    r"(net_?)?[GDQ](_?([ABxyst]|\d))?|(model_?)?(generator|discriminator|critic|actor|policy|qf?\d|vf|teacher|student)"
    r"(_?([ABxyst]|\d|net|network))?|(model|net|network)",
    re.I,
)


@dataclass(frozen=True)
class Networks:
    """The whole networks among named tensors, by their prefixes."""

    main: tuple[str, ...]
    """Prefixes of networks that are no copies; empty when the file holds one network."""
    copies: Mapping[str, str]
    """Why each other network is a copy, by its prefix."""


def networks(shapes: Shapes) -> Networks:
    """Find whole networks side by side under the prefixes at the top.

    A prefix holds one when it is named as a copy of another with the same names and shapes; when it is named as
    networks are that are trained side by side (``G`` and ``D``); or when another prefix, which does not differ in a
    number alone, holds the same names and shapes.
    """
    depth, parts = _depth(shapes), defaultdict[str, dict[str, tuple[int, ...]]](dict)
    for name, shape in shapes.items():
        path = name.split(".")
        if len(path) > depth + 1:
            parts[".".join(path[: depth + 1])][".".join(path[depth + 1 :])] = shape
    copies = {}
    for part in parts:
        of = copied(part, parts[part], parts)
        if of:
            copies[part] = of
    originals = {part: held for part, held in parts.items() if part not in copies}
    named = {part for part in originals if _OWN.fullmatch(part.rpartition(".")[2])}
    alike = _alike(originals)
    main = [part for part in originals if part in alike or (part in named and len(named) > 1)]
    if copies and not main and len(originals) == 1:
        main = list(originals)
    return Networks(tuple(main), copies)


def copied(name: str, held: Shapes, others: Mapping[str, Shapes]) -> str | None:
    """What a network is a copy of, in words, by its name and by the same names and shapes elsewhere; else None."""
    last = name.rpartition(".")[2]
    for kind, pattern in (("an averaged", _AVERAGED), ("a target", _TARGET)):
        match = pattern.fullmatch(last)
        if not match or not held:
            continue
        groups = match.groupdict()
        of = groups.get("of") or groups.get("after") or groups.get("key") or ""
        own = _weights(held)
        alike = [other for other, shapes in others.items() if other != name and _weights(shapes) >= own]
        same = [other for other in alike if not _is_copy(other)]
        if last.lower().startswith("teacher"):
            same.sort(key=lambda other: "student" not in other.lower())
        for other in same:
            if not of or other.rpartition(".")[2].lower().startswith(of.lower()):
                return f"{kind} copy of {other}"
        if same:
            return f"{kind} copy of {same[0]}"
    return None


def copy_entry(name: str, copy_of: str, tensors: int, parameters: int) -> SkippedLayer:
    """The line of a copy in the inventory. Its numbers are no parameters of the model, and are not counted as such."""
    held = f"{count(tensors, 'tensor')}, {count(parameters, 'parameter')}"
    return SkippedLayer(name, (), f"{copy_of} ({held}): --state {name} audits it")


def _is_copy(name: str) -> bool:
    last = name.rpartition(".")[2]
    return _AVERAGED.fullmatch(last) is not None or _TARGET.fullmatch(last) is not None


def _weights(shapes: Shapes) -> set[tuple[str, tuple[int, ...]]]:
    return {(name, shape) for name, shape in shapes.items() if shape}


def _alike(parts: Mapping[str, Shapes]) -> set[str]:
    """Prefixes whose names and shapes another has too; numbered ones are blocks of one network."""
    by_content = defaultdict(list)
    for part, held in parts.items():
        if any("." in name for name in held):  # more than one module's weight and bias
            by_content[frozenset(held.items())].append(part)
    groups = (group for group in by_content.values() if len({re.sub(r"\d+", "", part) for part in group}) > 1)
    return {part for group in groups for part in group}


def _depth(names: Iterable[str]) -> int:
    paths = [name.split(".")[:-1] for name in names]
    depth = 0
    for parts in zip(*paths, strict=False):
        if len(set(parts)) > 1:
            break
        depth += 1
    return depth
