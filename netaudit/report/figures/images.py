"""What labels look like at the network's input: one picture of all, so that the file stays small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from netaudit.report.figures.style import COLUMN
from netaudit.report.images import ImageGrid

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_GAP = 2  # white pixels between images
ROWS = ("real", "shadow", "untrained")


def draw_images(figure: Figure, grid: ImageGrid) -> AxesImage:
    """Rows of real images, shadows, and shadows through Gaussian layers; a column a label."""
    count, height, width, _ = grid.real.shape
    pixels = mosaic(grid)
    inches = COLUMN[0] - 0.5  # what the rows' names leave
    figure.set_size_inches(COLUMN[0], inches * pixels.shape[0] / pixels.shape[1] + 0.3)
    axes = figure.subplots()
    image = axes.imshow(pixels, interpolation="none")
    axes.set_xticks([(width + _GAP) * i + (width - 1) / 2 for i in range(count)], [str(label) for label in grid.labels])
    axes.set_yticks([(height + _GAP) * i + (height - 1) / 2 for i in range(len(ROWS))], ROWS)
    axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    return image


def mosaic(grid: ImageGrid) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """All images in one, ``[height, width, 3]``, on white."""
    count, height, width, _ = grid.real.shape
    rows = len(grid.rows)
    page = np.full((rows * (height + _GAP) - _GAP, count * (width + _GAP) - _GAP, 3), 255, np.uint8)
    for row, images in enumerate(grid.rows):
        for column, image in enumerate(images):
            top, left = row * (height + _GAP), column * (width + _GAP)
            page[top : top + height, left : left + width] = image
    return page
