"""Shadow images of noise, made without torch."""

import base64
from collections.abc import Sequence

import numpy as np

from netaudit.analyses.network.shadow_images.payload import ShadowImages


def example(shape: tuple[int, int, int] = (3, 9, 8), labels: Sequence[int] = (0, 2, 5)) -> ShadowImages:
    random = np.random.default_rng(0)

    def row() -> tuple[str, ...]:
        return tuple(base64.b64encode(random.integers(0, 256, shape, np.uint8).tobytes()).decode() for _ in labels)

    return ShadowImages(shape, tuple(labels), row(), row(), row(), 0.314159, -0.0123)
