"""Two images that the bottom layer cannot tell apart: a real one, and one beside it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np

from netaudit.analyses.network.injectivity.payload import ImagePair
from netaudit.analyses.network.shadow_images.payload import CHANNELS, SIDES
from netaudit.geometry.injectivity.rows import checked
from netaudit.geometry.injectivity.witness import beside

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from netaudit.network.layers import FCLayer

_MOST_WEIGHTS = 4_000_000
"""Weights of a layer that is looked at: exact arithmetic on 1000 x 3072 takes some seconds."""


def near_image(layer: FCLayer, image: NDArray[np.float32], x: Tensor) -> ImagePair | None:
    """An image that the layer cannot tell from a real one, as far from it as the proof allows; None if there is none.

    Args:
        layer: the bottom layer, A ``[m, n]``, with a ReLU.
        image: the real input ``[channels, height, width]``.
        x: what the layer is given of it, ``[n]``: its pixels, at most shifted.
    """
    if image.ndim != 3 or image.shape[0] not in CHANNELS or not all(side in SIDES for side in image.shape[1:]):
        return None
    if layer.weight.numel() > _MOST_WEIGHTS:
        return None
    rows, _ = checked(layer.weight, layer.bias, "all")
    found = beside(rows, x.double().numpy())
    if found is None:
        return None
    step = (found.second - found.first).reshape(image.shape)
    real = image.astype(np.float64)
    other = real + step
    low, high = float(min(real.min(), other.min())), float(max(real.max(), other.max()))
    return ImagePair(
        shape=(image.shape[0], image.shape[1], image.shape[2]),
        real=_pixels((real - low) / ((high - low) or 1.0)),
        other=_pixels((other - low) / ((high - low) or 1.0)),
        difference=_pixels(0.5 + 0.5 * step / (np.abs(step).max() or 1.0)),
        distance=found.distance,
        length=float(np.linalg.norm(found.first)),
        residual=found.residual,
        active=found.active,
    )


def _pixels(shares: NDArray[np.float64]) -> str:
    """Shares of the range from black to white as 8-bit pixels in base64."""
    return base64.b64encode((shares * 255).round().clip(0, 255).astype(np.uint8).tobytes()).decode()
