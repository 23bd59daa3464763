"""The pixels in a stack's ``images``, checked: an audit.json may come from anywhere."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netaudit.results import ShadowImages

_MOST, _SIDES = 10, range(1, 65)  # images a row, pixels a side: what our own audits store


@dataclass(frozen=True)
class ImageGrid:
    """Rows of images, one column a label."""

    labels: tuple[int, ...]
    real: NDArray[np.uint8]
    """``[labels, height, width, channels]``."""
    trained: NDArray[np.uint8]
    untrained: NDArray[np.uint8]
    likeness_trained: float
    likeness_untrained: float

    @property
    def rows(self) -> tuple[NDArray[np.uint8], ...]:
        """From top to bottom."""
        return self.real, self.trained, self.untrained


def read_images(found: ShadowImages) -> ImageGrid | str:
    """The images, or why they cannot be drawn."""
    channels, height, width = found.shape
    count = len(found.labels)
    if channels not in (1, 3) or height not in _SIDES or width not in _SIDES or not 1 <= count <= _MOST:
        return "the shadow images cannot be drawn: they have another number, size or colours than netaudit stores"
    rows = (found.real, found.trained, found.untrained)
    try:
        real, trained, untrained = (_row(row, count, found.shape) for row in rows)
    except (binascii.Error, ValueError):
        return "the shadow images cannot be drawn: their pixels are damaged"
    return ImageGrid(found.labels, real, trained, untrained, found.likeness_trained, found.likeness_untrained)


def _row(encoded: tuple[str, ...], count: int, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    images: list[NDArray[Any]] = [
        np.frombuffer(base64.b64decode(text, validate=True), np.uint8).reshape(shape).transpose(1, 2, 0)
        for text in encoded
    ]
    if len(images) != count:
        raise ValueError("not one image a label")
    return np.stack(images)
