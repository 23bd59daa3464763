"""Layers that break the law of independent entries in one way, or keep it in a way that is not plain to see.

Each says what theory wishes for in :mod:`netaudit.studies.calibration.wishes`. Entries are float32; a scenario has at
most one strength, whose unit stands with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from netaudit.studies.calibration.scenarios import Shape, correlated, gaussian

if TYPE_CHECKING:
    import torch
    from torch import Tensor

PATTERNS: dict[str, tuple[tuple[int, float], ...]] = {
    "one_of_4": ((1, 4.0),),
    "three_of_4": ((3, 4.0),),
    "ten_of_5_ten_of_2": ((10, 5.0), (10, 2.0)),
    "one_of_30_ten_of_1.8": ((1, 30.0), (10, 1.8)),
    "three_of_12_ten_of_2": ((3, 12.0), (10, 2.0)),
    "twenty_of_1.2": ((20, 1.2),),
}
"""Directions in a Gaussian layer: (how many, strength in detection thresholds), several kinds at once."""


def planted(pattern: Sequence[tuple[int, float]], shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Gaussian plus orthonormal directions of the pattern, then rows and columns scaled by exp(strength N).

    A strength of 1 in the pattern is the detection threshold, a singular value of (m n)^(1/4).
    """
    import torch

    m, n = shape
    values = torch.tensor([value for count, value in pattern for _ in range(count)]) * (m * n) ** 0.25
    left, right = (torch.linalg.qr(torch.randn(side, len(values), generator=generator))[0] for side in shape)
    return _scaled(torch.randn(shape, generator=generator) + (left * values) @ right.T, strength, generator)


def unit_scales(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Gaussian with rows and columns scaled by exp(strength N)."""
    return _scaled(gaussian(shape, 0.0, generator), strength, generator)


def row_scales(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Gaussian with rows scaled by exp(strength N)."""
    return gaussian(shape, 0.0, generator) * _factors(shape[0], strength, generator)[:, None]


def column_scales(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Gaussian with columns scaled by exp(strength N)."""
    return gaussian(shape, 0.0, generator) * _factors(shape[1], strength, generator)


def gammas(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Gaussian with columns scaled by N(1, strength^2), as the gammas of a LayerNorm folded in are."""
    import torch

    return gaussian(shape, 0.0, generator) * (1 + strength * torch.randn(shape[1], generator=generator))


def checkerboard(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Gaussian whose variance is ``strength`` on every other entry, and 1 on the others."""
    import torch

    odd = (torch.arange(shape[0])[:, None] + torch.arange(shape[1])) % 2
    factors: Tensor = 1 + (strength**0.5 - 1) * odd
    return gaussian(shape, 0.0, generator) * factors


def waves(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Gaussian of variance 1 + strength cos cos: a smooth profile whose rows and columns have one mean square."""
    import torch

    rows, columns = (torch.cos(2 * torch.pi * torch.arange(side) / side) for side in shape)
    return gaussian(shape, 0.0, generator) * (1 + strength * rows[:, None] * columns).sqrt()


def blocks(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Gaussian in ``strength`` diagonal blocks, and zeros elsewhere."""
    import torch

    rows, columns = (torch.arange(side) * int(strength) // side for side in shape)
    return gaussian(shape, 0.0, generator) * (rows[:, None] == columns)


def apart(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Gaussian in two blocks of a quarter by three quarters of the sides, which have no unit scales; rows and columns
    scaled by exp(strength N)."""
    return _scaled(gaussian(shape, 0.0, generator) * _two_blocks(shape), strength, generator)


def apart_correlated(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Two such blocks whose rows are the strength times the row above plus fresh noise."""
    return correlated(shape, strength, generator) * _two_blocks(shape)


def random_zeros(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Gaussian with a share ``strength`` of random zeros."""
    import torch

    return gaussian(shape, 0.0, generator) * (torch.rand(shape, generator=generator) >= strength)


def pruned(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Gaussian whose smallest weights are set to 0, a share ``strength`` of them."""
    weight = gaussian(shape, 0.0, generator)
    sizes = weight.abs()
    largest, _ = sizes.flatten().kthvalue(max(1, int(strength * sizes.numel())))
    return weight * (sizes > largest)


def repeated_rows(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Gaussian whose last rows, a share ``strength``, are copies of the first ones."""
    weight, copies = gaussian(shape, 0.0, generator), int(strength * shape[0])
    weight[shape[0] - copies :] = weight[:copies].clone()
    return weight


def dead_rows(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Gaussian whose last rows, a share ``strength``, are zero."""
    weight = gaussian(shape, 0.0, generator)
    weight[shape[0] - int(strength * shape[0]) :] = 0
    return weight


def circulant(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Each row is the row above shifted by one place; the first is Gaussian. Square. No strength."""
    import torch

    side = torch.arange(shape[0])
    return torch.randn(shape[1], generator=generator)[(side - side[:, None]) % shape[1]]


def levels(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Gaussian rounded to ``2 strength + 1`` levels up to its largest weight (7: int4; 127: int8); 0: its signs."""
    weight = gaussian(shape, 0.0, generator)
    if not strength:
        return weight.sign()
    step = weight.abs().max() / strength
    return (weight / step).round() * step


def ternary(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """-1, 0 and 1: a Gaussian beyond 0.7 or not. No strength."""
    weight = gaussian(shape, 0.0, generator)
    return weight.sign() * (weight.abs() > 0.7)


def huge_weight(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """Gaussian with a single weight of ``strength`` standard deviations."""
    weight = gaussian(shape, 0.0, generator)
    weight[0, 0] = strength
    return weight


def product(shape: Shape, strength: float, generator: torch.Generator) -> Tensor:
    """The product of two Gaussian matrices with as many inner units as the smaller side. No strength."""
    import torch

    inner = min(shape)
    left, right = (torch.randn(each, generator=generator) for each in ((shape[0], inner), (inner, shape[1])))
    scaled: Tensor = left @ right / inner**0.5
    return scaled


def _two_blocks(shape: Shape) -> Tensor:
    import torch

    pattern = torch.zeros(shape)
    rows, columns = shape[0] // 4, 3 * shape[1] // 4
    pattern[:rows, :columns] = 1
    pattern[rows:, columns:] = 1
    return pattern


def _factors(side: int, strength: float, generator: torch.Generator) -> Tensor:
    import torch

    return torch.exp(strength * torch.randn(side, generator=generator))


def _scaled(weight: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    rows, columns = (_factors(side, strength, generator) for side in weight.shape)
    return weight * rows[:, None] * columns


WEIGHTS: dict[str, Callable[[Shape, float, torch.Generator], Tensor]] = {
    **{name: partial(planted, pattern) for name, pattern in PATTERNS.items()},
    "unit_scales": unit_scales,
    "row_scales": row_scales,
    "column_scales": column_scales,
    "gammas": gammas,
    "checkerboard": checkerboard,
    "waves": waves,
    "blocks": blocks,
    "apart": apart,
    "apart_correlated": apart_correlated,
    "random_zeros": random_zeros,
    "pruned": pruned,
    "repeated_rows": repeated_rows,
    "dead_rows": dead_rows,
    "circulant": circulant,
    "levels": levels,
    "ternary": ternary,
    "huge_weight": huge_weight,
    "product": product,
}
