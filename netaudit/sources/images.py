"""Real inputs from a folder of images, through the model's own preprocessing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.files import in_words, sha256
from netaudit.network.inputs import Preprocessing, Sample, stratified
from netaudit.network.network import Progress
from netaudit.sources.data_files import LARGEST
from netaudit.sources.picture import FORMATS, read_picture
from netaudit.text import printable

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

MOST = 1000  # images read: what an audit uses, by 1.6 % standard error on an accuracy of one half
UNREAD = frozenset((".gif", ".tif", ".tiff", ".heic", ".heif", ".avif", ".jp2", ".jxl"))
"""Pictures that are not read, and counted."""
_BESIDE = ("__MACOSX", "@eaDir")  # folders with smaller copies of the pictures


def load_images(
    folder: Path, preprocessing: Preprocessing | None, seed: int = 0, progress: Progress | None = None
) -> Sample:
    """Read the images of a folder, in the order of their names; labels come from its subfolders.

    Of more than ``MOST`` images, or than memory is taken for, some are drawn with the seed, in proportion to the
    subfolders. A subfolder counts as a class if it is called by its number or by the model's name for it. If an image
    lies in no such folder there are no labels, and nothing is said about accuracy. Images that cannot be read are
    counted and left out; hidden files, and what systems keep beside pictures, are not looked at.

    Raises:
        SourceError: no images, none that can be read, or a model whose preprocessing is not known.
        UnsafeFileError: an image of more pixels than any photograph has.
    """
    shown = printable(folder.name or str(folder))
    if preprocessing is None:
        raise SourceError(
            f"{shown}: how this model takes pictures is not known",
            hint="name the architecture (netaudit alexnet --weights FILE), or give --data FILE.npz with ready inputs",
        )
    files = sorted(_files(folder))
    every = [path for path in files if path.suffix.lower() in FORMATS]
    others = sum(path.suffix.lower() in UNREAD for path in files)
    if not every:
        also = f", and {others:,} pictures of other kinds" if others else ""
        raise SourceError(
            f"{shown}: no images{also}", hint=f"looked for {', '.join(FORMATS)} in it and one folder below"
        )
    shape = _shape(preprocessing)
    most = min(MOST, max(1, LARGEST // (4 * int(np.prod(shape)))))
    paths = [every[index] for index in stratified([path.parent for path in every], most, seed)]
    x = np.empty((len(paths), *shape), dtype=np.float32)
    kept: list[Path] = []
    problem: SourceError | None = None
    for done, path in enumerate(paths):
        if progress is not None:
            progress("reading pictures", float(done), float(len(paths)))
        try:
            picture = read_picture(path, path.relative_to(folder).as_posix())
        except UnsafeFileError:
            raise
        except SourceError as error:
            problem = error
        else:
            x[len(kept)] = preprocessing.apply(picture).numpy()
            kept.append(path)
    if not kept:
        raise problem or SourceError(f"{shown}: no images")
    x = x[: len(kept)]
    if not np.isfinite(x).all():
        raise SourceError(f"{shown}: preprocessing gave NaN or infinite inputs")
    labels = [_label(path.parent, folder, preprocessing.classes) for path in kept]
    y = None if None in labels else np.array(labels, dtype=np.int64)
    digest = hashlib.sha256()
    for path in kept:
        digest.update(f"{path.relative_to(folder).as_posix()} {sha256(path)}\n".encode("utf-8", "surrogateescape"))
    name, total = folder.name or folder.resolve().name, len(every) if len(every) > len(paths) else None
    return Sample(x, y, digest.hexdigest(), name, total, len(paths) - len(kept) + others)


def _files(folder: Path) -> Iterator[Path]:
    """The files in a folder and one below it, but for hidden ones: macOS leaves ``._name.png`` beside a picture."""
    below: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name in _BESIDE:
                    continue
                if entry.is_dir():
                    below.append(entry.path)
                else:
                    yield Path(entry.path)
        for place in below:
            with os.scandir(place) as entries:
                yield from (Path(one.path) for one in entries if not one.name.startswith(".") and not one.is_dir())
    except OSError as error:
        raise SourceError(f"{printable(str(folder))}: {in_words(error)}") from error


def _shape(preprocessing: Preprocessing) -> tuple[int, ...]:
    """The shape of one input, from a picture of one colour."""
    from PIL.Image import new

    return tuple(preprocessing.apply(new("RGB", (64, 64))).shape)


def _label(parent: Path, folder: Path, classes: Sequence[str]) -> int | None:
    if parent == folder:
        return None
    if parent.name.isascii() and parent.name.isdecimal() and len(parent.name) < 10:
        return int(parent.name)
    return classes.index(parent.name) if parent.name in classes else None


def plain(shape: Sequence[int]) -> Preprocessing | None:
    """For a network that takes pixels in [0, 1], ``[channels, height, width]``, grey or RGB; None for another shape."""
    if len(shape) != 3 or shape[0] not in (1, 3):
        return None
    channels, height, width = shape

    def apply(image: Image) -> Tensor:
        import torch

        pixels = np.asarray(image.convert("L" if channels == 1 else "RGB").resize((width, height)), dtype=np.float32)
        return torch.from_numpy(pixels.reshape(height, width, channels).transpose(2, 0, 1).copy() / 255)

    return Preprocessing(apply)
