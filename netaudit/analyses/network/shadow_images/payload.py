"""The images that are kept of each label, and what makes them images: a report may come from anywhere."""

from __future__ import annotations

import base64
from math import prod
from typing import Annotated

from msgspec import Meta

from netaudit.results.payload import Bounded, Count, Payload

MOST = 10
"""Labels shown: the width of a page."""
CHANNELS, SIDES = (1, 3), range(8, 65)
"""Grey or RGB, and pixels a side, of an image that can be shown."""

Pixels = Annotated[str, Meta(max_length=4 * -(-max(CHANNELS) * max(SIDES) ** 2 // 3))]
"""8-bit pixels ``[channels, height, width]`` in base64."""
Row = Annotated[tuple[Pixels, ...], Meta(min_length=1, max_length=MOST)]
"""One image a label."""


class ShadowImages(Payload, frozen=True):
    """What labels look like at the network's input, beside real images of them.

    Each image is scaled so that its own largest value is 255.

    Raises:
        ValueError: the images are not as many as the labels, or not of the stated shape.
    """

    shape: tuple[int, int, int]
    """Channels (1 or 3), height, width."""
    labels: Annotated[tuple[Count, ...], Meta(min_length=1, max_length=MOST)]
    """The labels shown."""
    real: Row
    """The first real input of each label."""
    trained: Row
    """Each label's shadow through the network."""
    untrained: Row
    """The same through Gaussian layers of the same shapes and scales."""
    likeness_trained: Bounded
    """Mean correlation of a label's shadow with the mean of its real inputs."""
    likeness_untrained: Bounded
    """The same through Gaussian layers."""

    def __post_init__(self) -> None:
        channels, height, width = self.shape
        if channels not in CHANNELS or height not in SIDES or width not in SIDES:
            raise ValueError(f"images of shape {self.shape} are not what netaudit stores")
        for name, row in (("real", self.real), ("trained", self.trained), ("untrained", self.untrained)):
            if len(row) != len(self.labels):
                raise ValueError(f"{name} has {len(row)} images for {len(self.labels)} labels")
            if any(len(base64.b64decode(image, validate=True)) != prod(self.shape) for image in row):
                raise ValueError(f"{name} has an image whose pixels do not fit the shape {self.shape}")
