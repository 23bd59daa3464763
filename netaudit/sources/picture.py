"""One picture from a file of a stranger: what a person would see, as eight bits of red, green and blue."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netaudit.errors import SourceError, UnsafeFileError
from netaudit.files import require_regular
from netaudit.text import printable

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP", ".webp": "WEBP", ".ppm": "PPM"}
LONGEST = 20
"""Longer side over the shorter at most. Resized to 256 pixels of the shorter side, as most models do, a picture of
1 x 60,000 pixels would take 10 GB; a panorama is 10 : 1."""

LARGEST = 2**30
"""Bytes of a file: six a pixel, uncompressed in 16 bits, of the 179 million pixels at which Pillow itself refuses."""


def read_picture(path: Path, shown: str) -> Image:
    """Read a picture: upright, on white where it is transparent, and of an animation the first frame.

    Args:
        path: the file, which is told by its content: ImageNet has a PNG whose name ends in .JPEG.
        shown: what it is called in an error.

    Raises:
        SourceError: not a picture of a known kind, a damaged one, or one much longer than wide.
        UnsafeFileError: more pixels, or bytes, than any photograph has.
    """
    from PIL import Image, ImageOps

    shown = printable(shown)
    require_regular(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata, which Pillow gets over
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(_content(path, shown)), formats=list(dict.fromkeys(FORMATS.values()))) as image:
                if max(image.size) > LONGEST * min(image.size):
                    width, height = image.size
                    raise SourceError(
                        f"{shown}: {width:,} x {height:,} pixels: more than {LONGEST} times as long as wide"
                    )
                return _on_white(_eight_bits(ImageOps.exif_transpose(image)))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnsafeFileError(f"{shown}: more than {Image.MAX_IMAGE_PIXELS:,} pixels; refused") from error
    except (SourceError, MemoryError):  # UnsafeFileError is one
        raise
    except Exception as error:  # a damaged picture can raise nearly anything in Pillow
        raise SourceError(f"{shown}: not an image of a known kind, or a damaged one") from error


def _content(path: Path, shown: str) -> bytes:
    """The whole file: of an open one, Pillow asks for as many bytes as a chunk of a PNG declares.

    Raises:
        UnsafeFileError: more bytes than the largest picture has.
    """
    if (size := path.stat().st_size) > LARGEST:
        raise UnsafeFileError(f"{shown}: {size:,} bytes, more than any picture that is read; refused")
    return path.read_bytes()


def _eight_bits(image: Image) -> Image:
    """A picture of 16 bits a pixel in 8: Pillow's own conversion would turn all but the darkest pixels white.

    Raises:
        ValueError: pixels in floating point, whose white is not known.
    """
    from PIL.Image import fromarray

    if image.mode == "F":
        raise ValueError("pixels in floating point")
    if not image.mode.startswith("I"):
        return image
    deep = np.asarray(image).astype(np.int32).clip(0, 65535)
    return fromarray(((deep + 128) // 257).astype(np.uint8))


def _on_white(image: Image) -> Image:
    """The picture without transparency: as Pillow drops it, what no person sees would show."""
    from PIL import Image

    if not image.has_transparency_data:
        return image.convert("RGB")
    pixels = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", pixels.size, "white"), pixels).convert("RGB")
