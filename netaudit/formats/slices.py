"""Files of a model-parallel run, each with a slice of every layer: told by their names, and refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from netaudit.errors import SourceError
from netaudit.text import printable

# The number of the slice in the names of Llama's original files, of DeepSpeed and Megatron, and of NeMo.
_SLICE = re.compile(r"(?:consolidated\.|mp_rank_|tp_rank_)(?P<number>\d+)", re.IGNORECASE)
JOIN = "a slice of a layer has another spectrum than the layer: join the files first, as the code that wrote them does"


def refuse_slice(path: Path) -> None:
    """Refuse a file that is named as one slice of several, by itself or by the folder that it lies in.

    The slice with number 0 stands alone where the model was not sliced (Llama 7B, DeepSpeed without model parallelism).

    Raises:
        SourceError: the name has a slice's number, and is not the only one.
    """
    for place in (path, path.absolute().parent):
        try:
            siblings = [sibling.name for sibling in place.absolute().parent.iterdir()]
        except OSError:
            siblings = []
        if slices := slices_among([*siblings, place.name], like=place.name):
            number = sorted(slices, key=int).index(_number(place.name)) + 1
            of = f"{number} of {len(slices)}" if len(slices) > 1 else f"number {_number(place.name)}"
            what = f"slice {of} of a model-parallel checkpoint, not a whole model"
            raise SourceError(f"{printable(str(path.name))}: {what}", hint=JOIN)


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


def _number(name: str) -> str:
    match = _SLICE.search(name)
    return match["number"] if match else ""
