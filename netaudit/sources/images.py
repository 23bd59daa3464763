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
from netaudit.network.inputs import Preprocessing, Sample, stratified
from netaudit.text import printable

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP", ".webp": "WEBP", ".ppm": "PPM"}
MOST = 1000  # images read: what an audit uses, by 1.6 % standard error on an accuracy of one half


def load_images(folder: Path, preprocessing: Preprocessing | None, seed: int = 0) -> Sample:
    """Read the images of a folder, in the order of their names; labels come from its subfolders.

    Of more than ``MOST`` images, that many are drawn with the seed, in proportion to the subfolders. A subfolder counts
    as a class if it is called by its number or by the model's name for it. If an image lies in no such folder there are
    no labels, and nothing is said about accuracy. Images that cannot be read are counted and left out.

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
    every = sorted(path for path in [*folder.glob("*"), *folder.glob("*/*")] if _is_image(path))
    if not every:
        raise SourceError(f"{shown}: no images", hint=f"looked for {', '.join(FORMATS)} in it and one folder below")
    paths = [every[index] for index in stratified([path.parent for path in every], MOST, seed)]
    inputs: dict[Path, np.ndarray[Any, np.dtype[np.float32]]] = {}
    problem: SourceError | None = None
    for path in paths:
        try:
            inputs[path] = _input(path, path.relative_to(folder).as_posix(), preprocessing)
        except UnsafeFileError:
            raise
        except SourceError as error:
            problem = error
    if not inputs:
        raise problem or SourceError(f"{shown}: no images")
    x = np.stack(list(inputs.values()))
    if not np.isfinite(x).all():
        raise SourceError(f"{shown}: preprocessing gave NaN or infinite inputs")
    labels = [_label(path.parent, folder, preprocessing.classes) for path in inputs]
    y = None if None in labels else np.array(labels, dtype=np.int64)
    digest = hashlib.sha256()
    for path in inputs:
        digest.update(f"{path.relative_to(folder).as_posix()} {sha256(path)}\n".encode("utf-8", "surrogateescape"))
    name, total = folder.name or folder.resolve().name, len(every) if len(every) > len(paths) else None
    return Sample(x, y, digest.hexdigest(), name, total, len(paths) - len(inputs))


def _is_image(path: Path) -> bool:
    """By its suffix; hidden files, such as the ``._name.png`` that macOS leaves, are none."""
    return path.suffix.lower() in FORMATS and not path.name.startswith(".")


def _input(path: Path, shown: str, preprocessing: Preprocessing) -> np.ndarray[Any, np.dtype[np.float32]]:
    from PIL import Image, ImageOps, UnidentifiedImageError

    shown = printable(shown)
    require_regular(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=list(dict.fromkeys(FORMATS.values()))) as image:  # ImageNet has a PNG.JPEG
                upright = ImageOps.exif_transpose(image)
                return preprocessing.apply(_eight_bits(upright).convert("RGB")).numpy().astype(np.float32)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnsafeFileError(f"{shown}: more than {Image.MAX_IMAGE_PIXELS:,} pixels; refused") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise SourceError(f"{shown}: not an image of a known kind, or a damaged one") from error


def _eight_bits(image: Image) -> Image:
    """A picture of 16 bits a pixel in 8: Pillow's own conversion would turn all but the darkest pixels white."""
    from PIL.Image import fromarray

    if not image.mode.startswith("I"):
        return image
    return fromarray((np.asarray(image, dtype=np.float64) / 257).round().clip(0, 255).astype(np.uint8))


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
