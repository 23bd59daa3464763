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
_TOLERANCE = 1e-4
"""Of the largest singular value's square: at most a twentieth of its fluctuation, which is (mn)^(-1/3) of it, up to
8192 x 8192. It bounds the residual; the value itself is off by the square of that, 1e-6 at 4096 x 9216 (measured)."""


def fewest_directions(weight: Tensor, part: RandomPart, device: torch.device, seed: int) -> tuple[int, int]:
    """Count the singular values of B beyond the largest of B with random signs, and say of how many draws.

    Signs keep the size of every entry, so that any profile of variances is kept, and destroy every direction. Strong
    directions raise the bound and hide weak ones. Nothing is drawn where there are no directions.

    Source: D. Hong, Y. Sheng and E. Dobriban, arXiv:2012.02985.
    """
    if not part.count:
        return 0, 0
    import torch

    draws = _DRAWS[1] if weight.numel() <= _ENTRIES else _DRAWS[0]
    bound = 0.0
    for index in range(draws):
        generator = devices.generator(seed, "signs", str(index), *map(str, weight.shape))
        signs = torch.randint(0, 2, weight.shape, generator=generator, dtype=torch.int8).mul_(2).sub_(1)
        bound = max(bound, _largest_square(weight * signs.to(weight.device), part.scales))
    return min(int(np.sum(part.values**2 > bound)), part.count), draws


def _largest_square(weight: Tensor, scales: UnitScales) -> float:
    import torch

    product = gram_product(weight, scales, torch.device("cpu"))

    def of_vector(v: Floats) -> Floats:
        rows: Floats = product(torch.from_numpy(v.reshape(1, -1)))[0].numpy()
        return rows

    (square,), _ = arpack.leading(of_vector, min(weight.shape), 1, tolerance=_TOLERANCE)
    return float(square)
