"""Real inputs from a folder of images, through the model's own preprocessing."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.files import require_regular, sha256
from netaudit.network.inputs import Preprocessing, Sample
from netaudit.text import printable

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP", ".webp": "WEBP", ".ppm": "PPM"}
MOST = 1000  # images read: what an audit uses, by 1.6 % standard error on an accuracy of one half


def load_images(folder: Path, preprocessing: Preprocessing | None) -> Sample:
    """Read the images of a folder, in the order of their names; labels come from its subfolders.

    A subfolder counts as a class if it is called by its number or by the model's name for it. If an image lies in no
    such folder there are no labels, and nothing is said about accuracy.

    Raises:
        SourceError: no images, one that cannot be read, or a model whose preprocessing is not known.
        UnsafeFileError: an image of more pixels than any photograph has.
    """
    shown = printable(folder.name or str(folder))
    if preprocessing is None:
        raise SourceError(
            f"{shown}: how this model takes pictures is not known",
            hint="name the architecture (netaudit alexnet --weights FILE), or give --data FILE.npz with ready inputs",
        )
    paths = sorted(path for path in [*folder.glob("*"), *folder.glob("*/*")] if path.suffix.lower() in FORMATS)[:MOST]
    if not paths:
        raise SourceError(f"{shown}: no images", hint=f"looked for {', '.join(FORMATS)} in it and one folder below")
    x = np.stack([_input(path, preprocessing) for path in paths])
    if not np.isfinite(x).all():
        raise SourceError(f"{shown}: preprocessing gave NaN or infinite inputs")
    labels = [_label(path.parent, folder, preprocessing.classes) for path in paths]
    y = None if None in labels else np.array(labels, dtype=np.int64)
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(folder).as_posix()} {sha256(path)}\n".encode("utf-8", "surrogateescape"))
    return Sample(x, y, digest.hexdigest(), folder.name or folder.resolve().name)


def _input(path: Path, preprocessing: Preprocessing) -> np.ndarray[Any, np.dtype[np.float32]]:
    from PIL import Image, UnidentifiedImageError

    shown = printable(path.name)
    require_regular(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=[FORMATS[path.suffix.lower()]]) as image:
                return preprocessing.apply(image.convert("RGB")).numpy().astype(np.float32)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnsafeFileError(f"{shown}: more than {Image.MAX_IMAGE_PIXELS:,} pixels; refused") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise SourceError(f"{shown}: not an image of its kind, or a damaged one") from error


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
