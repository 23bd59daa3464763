"""What labels look like at the network's input: one picture of all, so that the file stays small."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.analyses.network.shadow_images.payload import ShadowImages
from netaudit.report.figures.style import COLUMN

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_GAP = 2  # white pixels between images
ROWS = ("real", "shadow", "untrained")


def draw(found: ShadowImages, figure: Figure) -> AxesImage:
    """Draw rows of real images, shadows, and shadows through Gaussian layers; a column a label."""
    _, height, width = found.shape
    pixels = mosaic(found)
    inches = COLUMN[0] - 0.5  # what the rows' names leave
    figure.set_size_inches(COLUMN[0], inches * pixels.shape[0] / pixels.shape[1] + 0.3)
    axes = figure.subplots()
    image = axes.imshow(pixels, interpolation="none")
    middles = [(width + _GAP) * i + (width - 1) / 2 for i in range(len(found.labels))]
    axes.set_xticks(middles, [str(label) for label in found.labels])
    axes.set_yticks([(height + _GAP) * i + (height - 1) / 2 for i in range(len(ROWS))], ROWS)
    axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    return image


def mosaic(found: ShadowImages) -> NDArray[np.uint8]:
    """All images in one, ``[height, width, 3]``, on white."""
    _, height, width = found.shape
    rows = (found.real, found.trained, found.untrained)
    page = np.full((len(rows) * (height + _GAP) - _GAP, len(found.labels) * (width + _GAP) - _GAP, 3), 255, np.uint8)
    for row, images in enumerate(rows):
        for column, image in enumerate(images):
            top, left = row * (height + _GAP), column * (width + _GAP)
            page[top : top + height, left : left + width] = decoded(image, found.shape)
    return page


def decoded(image: str, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """One image as it is drawn, ``[height, width, channels]``."""
    return np.frombuffer(base64.b64decode(image), np.uint8).reshape(shape).transpose(1, 2, 0)
