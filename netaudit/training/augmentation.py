"""Random crops and reflections of a batch of images."""

from __future__ import annotations

import torch
from torch import Tensor

PADDING = 4
"""Pixels of 0 on each side before the crop: the custom for CIFAR-10 (He et al., arXiv:1512.03385, section 4.2)."""


def crop_and_flip(x: Tensor, generator: torch.Generator) -> Tensor:
    """Shift each image ``[N, channels, height, width]`` by up to ``PADDING`` pixels, and mirror half of them."""
    n, channels, height, width = x.shape
    padded = torch.nn.functional.pad(x, (PADDING,) * 4)
    down, right = torch.randint(2 * PADDING + 1, (2, n, 1), generator=generator)
    rows, columns = down + torch.arange(height), right + torch.arange(width)
    mirrored = torch.rand(n, 1, generator=generator) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    image, channel = torch.arange(n)[:, None, None, None], torch.arange(channels)[None, :, None, None]
    return padded[image, channel, rows[:, None, :, None], columns[:, None, None, :]]
