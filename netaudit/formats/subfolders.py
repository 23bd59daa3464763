"""A folder that holds no weights file itself: folders in it that do, and checkpoints that are folders of many files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from netaudit.formats import table
from netaudit.formats.natural_order import natural
from netaudit.formats.slices import slices_among
from netaudit.text import printable

DEEPEST = 3
"""Folders in each other that are looked into: a Lightning run has ``version_0/checkpoints``."""
MOST = 1000
"""Folders that are looked into at most."""
_BESIDE = re.compile(
    r"(training_args\.bin|(optimizer|scheduler|scaler|rng_state)(_\d+)?\.(pt|pth|bin)|.*optim_states\.pt)", re.I
)
"""What training scripts keep beside the weights under the suffixes of weights."""
_DCP = re.compile(r"__\d+_\d+\.distcp")
_ORBAX = frozenset(("_METADATA", "_CHECKPOINT_METADATA", "manifest.ocdbt"))


def weights_among(names: Iterable[str]) -> list[str]:
    """The names of weights files, by their suffixes; not what is known to lie beside them."""
    suffixes = tuple(suffix for known in table.FORMATS if known.open for suffix in known.suffixes)
    return [name for name in names if name.lower().endswith(suffixes) and not _BESIDE.fullmatch(name)]


def of_many_files(names: Iterable[str]) -> tuple[str, str] | None:
    """What a checkpoint that is a folder of many files is, and what to do; None for any other folder."""
    held = set(names)
    if any(_DCP.fullmatch(name) for name in held):
        return (
            "a distributed checkpoint of PyTorch (DCP), which is not read",
            "torch.distributed.checkpoint.format_utils.dcp_to_torch_save(FOLDER, FILE) makes one file of it",
        )
    if held & _ORBAX:
        return (
            "a checkpoint of Orbax, which is not read",
            "restore it with orbax.checkpoint, and write flax.serialization.to_bytes(PARAMS) to a .msgpack file",
        )
    return None


def holding_weights(folder: Path) -> list[str]:
    """The folders in a folder that hold weights, relative to it; of one that holds a single file, that file.

    Nothing deeper is named where a folder holds weights itself. Links to folders are not followed.
    """
    found = []
    for inner, names in _folders(folder):
        files = weights_among(names)
        if not files and of_many_files(names) is None:
            continue
        relative = inner.relative_to(folder).as_posix()
        sliced = slices_among([inner.name, *_siblings(inner)], like=inner.name)
        found.append(f"{relative}/{files[0]}" if len(files) == 1 and sliced else relative)
    return sorted(found, key=natural)


def shown(found: Iterable[str]) -> str:
    """Names of folders or files, some of them, in one line."""
    some = [printable(name, 80) for name in found]
    return ", ".join(some[:5]) + (", ..." if len(some) > 5 else "")


def _folders(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    waiting, seen = [(folder, 0)], 0
    while waiting and seen < MOST:
        outer, depth = waiting.pop(0)
        seen += 1
        try:
            with os.scandir(outer) as entries:
                inner = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        except OSError:
            continue
        names = sorted(name for name, is_folder in inner if not is_folder)
        if depth and (weights_among(names) or of_many_files(names)):
            yield outer, names
        elif depth < DEEPEST:
            waiting += [(outer / name, depth + 1) for name, is_folder in sorted(inner) if is_folder]


def _siblings(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.parent.iterdir()]
    except OSError:
        return []
