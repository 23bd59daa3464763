"""A lower bound of the number of directions: what lies beyond the same matrix with random signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import arpack
from netaudit.numerics import device as devices
from netaudit.numerics.directions import RandomPart
from netaudit.numerics.leading import gram_product
from netaudit.numerics.scales import UnitScales

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Floats = NDArray[np.float64]

_DRAWS = (3, 19)
"""Fewest and most draws: without directions one value lies beyond all of them with chance 1/4 or 1/20."""
_ENTRIES = 1 << 20
"""Entries up to which there are most draws. For a larger layer a draw takes up to a second."""
_TOLERANCE = 1e-3
"""Bound of the residual, as a share of the largest singular value's square. The value itself is off by far less: by
at most 2e-5 of it at 4096 x 9216, and less in smaller layers (measured), where it varies by (mn)^(-1/3), 3e-3."""


def fewest_directions(weight: Tensor, part: RandomPart, device: torch.device, seed: int) -> tuple[int, int]:
    """Count the singular values of B beyond the largest of B with random signs, and say of how many draws.

    Signs keep the size of every entry, so that any profile of variances is kept, and destroy every direction. Strong
    directions raise the bound and hide weak ones. Nothing is drawn where there are no directions.

    Source: D. Hong, Y. Sheng and E. Dobriban, arXiv:2012.02985.
    """
    if not part.count:
        return 0, 0
    draws = _DRAWS[1] if weight.numel() <= _ENTRIES else _DRAWS[0]
    bound = 0.0
    for index in range(draws):
        generator = devices.numpy_generator(seed, "signs", str(index), *map(str, weight.shape))
        signs = _signs(weight.shape, generator).to(weight.device)
        bound = max(bound, _largest_square(weight * signs, part.scales))
    return min(int(np.sum(part.values**2 > bound)), part.count), draws


def _signs(shape: torch.Size, generator: np.random.Generator) -> Tensor:
    """Draw 1 or -1 for each entry, ``[m, n]`` int8, from a bit each: five times as fast as from a number each."""
    import torch

    count = shape.numel()
    bits = np.unpackbits(np.frombuffer(generator.bytes(-(-count // 8)), np.uint8), count=count)
    return torch.from_numpy(bits.view(np.int8).reshape(shape)).mul_(2).sub_(1)


def _largest_square(weight: Tensor, scales: UnitScales) -> float:
    import torch

    product = gram_product(weight, scales, torch.device("cpu"))

    def of_vector(v: Floats) -> Floats:
        rows: Floats = product(torch.from_numpy(v.reshape(1, -1)))[0].numpy()
        return rows

    (square,), _ = arpack.leading(of_vector, min(weight.shape), 1, tolerance=_TOLERANCE)
    return float(square)
