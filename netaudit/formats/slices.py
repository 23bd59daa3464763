"""Files of a model-parallel run, each with a slice of every layer: told by their names, and all found or refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from netaudit.errors import SourceError
from netaudit.text import names, printable

# The number of the slice in the names of Llama's original files, of DeepSpeed and Megatron, and of NeMo.
_SLICE = re.compile(r"(?P<family>consolidated\.|mp_rank_|tp_rank_)(?P<number>\d+)", re.IGNORECASE)
_STAGE = re.compile(r"mp_rank_\d+_\d+", re.IGNORECASE)  # tensor parallel, then pipeline parallel
PARAMS = "params.json"
"""Beside Llama's original files: the width and the heads, from which the slices are checked."""
JOIN = "a slice of a layer has another spectrum than the layer: join the files first, as the code that wrote them does"


def find_slices(path: Path) -> tuple[Path, ...]:
    """All slices of the model that a file is a slice of, in their order; empty for a file that is a whole model.

    A file is a slice by its own name or by that of the folder that it lies in. The slice with number 0 stands alone
    where the model was not sliced (Llama 7B, DeepSpeed without model parallelism).

    Raises:
        SourceError: slices are missing, or nothing tells how they are joined.
    """
    for place in (path, path.absolute().parent):
        try:
            siblings = [sibling.name for sibling in place.absolute().parent.iterdir()]
        except OSError:
            siblings = []
        if slices := slices_among([*siblings, place.name], like=place.name):
            return _all_of(path, place, sorted(slices, key=int))
    return ()


def refused(path: Path, number: str, count: int, why: str = "") -> SourceError:
    """The refusal of a slice."""
    of = f"{number} of {count}" if count > 1 else f"number {number}"
    what = f"slice {of} of a model-parallel checkpoint, not a whole model"
    return SourceError(f"{printable(str(path.name))}: {what}{why and f'; {why}'}", hint=JOIN)


def missing(like: str, numbers: Iterable[int]) -> str:
    """The names of slices that are not there, in words."""
    match = _SLICE.search(like)
    assert match is not None
    before, after = like[: match.start("number")], like[match.end("number") :]
    absent = [f"{before}{number:0{len(match['number'])}d}{after}" for number in numbers]
    return f"missing: {names(absent, 8)}"


def _all_of(path: Path, place: Path, slices: list[str]) -> tuple[Path, ...]:
    """The file of each slice.

    Args:
        path: the file that was asked for.
        place: the file or its folder, whichever is named as a slice.
        slices: the numbers that are there, in order.
    """
    own = _SLICE.search(place.name)
    assert own is not None
    position = str(slices.index(own["number"]) + 1) if len(slices) > 1 else own["number"]

    def refuse(why: str) -> SourceError:
        return refused(path, position, len(slices), why)

    absent = sorted(set(range(int(slices[-1]) + 1)) - set(map(int, slices)))
    if absent:
        raise refuse(missing(place.name, absent))
    before, after = place.name[: own.start("number")], place.name[own.end("number") :]
    inside = path.absolute().relative_to(place.absolute())
    paths = tuple((place.absolute().parent / f"{before}{number}{after}" / inside) for number in slices)
    paths = tuple(path if one == path.absolute() else one for one in paths)
    family = own["family"].lower()
    if family == "tp_rank_" or _STAGE.match(place.name):
        raise refuse("how its layers are cut is not known")
    if family == "consolidated." and not (path.absolute().parent / PARAMS).is_file():
        raise refuse(f"missing: {PARAMS}, which says how the layers are cut")
    if lacking := [one for one in paths if not one.is_file()]:
        raise refuse(f"missing: {names([f'{one.parent.name}/{one.name}' for one in lacking], 8)}")
    return paths


def slices_among(names: Iterable[str], like: str | None = None) -> set[str]:
    """The numbers of the slices among names that are alike but for the number; empty where the model is whole."""
    groups: dict[tuple[str, str], set[str]] = {}
    for name in names:
        if match := _SLICE.search(name):
            groups.setdefault(_around(name, match), set()).add(match["number"])
    if like is not None:
        match = _SLICE.search(like)
        groups = {key: numbers for key, numbers in groups.items() if match and key == _around(like, match)}
    return next((numbers for numbers in groups.values() if len(numbers) > 1 or int(min(numbers, key=int)) > 0), set())


def _around(name: str, match: re.Match[str]) -> tuple[str, str]:
    return name[: match.start("number")], name[match.end("number") :]
