"""Two images that the bottom layer cannot tell apart, and their difference."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np

from netaudit.analyses.network.injectivity.payload import ImagePair
from netaudit.report.figures.style import COLUMN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLES = ("real", "other", "difference")


def draw_near(near: ImagePair, figure: Figure) -> None:
    """Draw the three beside each other."""
    channels, height, width = near.shape
    panels = figure.subplots(1, 3)
    figure.set_size_inches(COLUMN[0], COLUMN[0] / 3 * height / width + 0.3)
    for axes, title, pixels in zip(panels, TITLES, (near.real, near.other, near.difference), strict=True):
        image = np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(near.shape).transpose(1, 2, 0)
        axes.imshow(image if channels == 3 else image[..., 0], cmap="gray", vmin=0, vmax=255, interpolation="none")
        axes.set_title(title)
        axes.set(xticks=[], yticks=[])
