"""What has to be set aside before a random matrix is left: the units' scales, and a few directions.

A layer is taken as A = D_rows^-1 (R + L) D_columns^-1: R is noise whose rows and columns all have the mean square 1,
and L has rank r. Scales and directions are found by turns. At the scales of the whole matrix a strong direction passes
for large rows, and a count at these scales finds too many; so the scales are taken again from what is left without the
directions found so far, r at most doubles from turn to turn, and this goes on until r stands. The mean of the weights
stays in, since a matrix and its rescaled twin would otherwise differ: it is one of the directions if there is one.

Sources: B. Landa, T. T. C. K. Zhang and Y. Kluger, SIAM J. Math. Data Sci. 4 (2022) 1420 (the spectrum of noise with a
variance profile, once it is scaled); :func:`netaudit.numerics.laws.spikes.count_by_median` (the count at given scales);
by turns: netaudit's own, see docs/method.md for what it was checked on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import device as devices
from netaudit.numerics import lanczos
from netaudit.numerics.gram import gram_matrix, gram_singular_values
from netaudit.numerics.laws import scaled_edge, spikes
from netaudit.numerics.leading import Leading, gram_product, leading
from netaudit.numerics.scales import NoUnitScales, UnitScales, unit_scales

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Floats = NDArray[np.float64]

LARGEST_EXACT = 8192
"""Largest p whose singular values are all computed, as in :data:`netaudit.numerics.spectrum.LARGEST_EXACT`; above,
their distribution is estimated by Lanczos."""
_FIRST = 4
"""Directions at most after the first turn."""
_TURNS = 60
"""Turns at most. r doubles, so that 14 reach any r of a layer; the others let it stand."""
_ROUNDING = 1e-5
"""Of the largest singular value: what float32 weights, or worse ones, leave of a matrix of low rank."""
_LEAST_NOISE = 1e-3
"""Least share of a unit that counts as noise when the scales are taken again: a unit that is all direction leaves
rounding."""
_BLOCK = 1024
"""Rows of the residual at a time."""


@dataclass(frozen=True)
class RandomPart:
    """The scales, the directions, and the spectrum of the scaled matrix B = D_rows A D_columns."""

    scales: UnitScales
    directions: Leading
    """The r singular values of B that are no noise, and their vectors."""
    sigma: float
    """Standard deviation of the noise in B: close to 1, since the scales are those of the noise."""
    values: Floats
    """Singular values ``[p]`` of B, ascending, float64."""
    error: float
    """Bound of the error of their distribution function; 0 where every value is exact."""
    settled: bool
    """Whether r stood still; otherwise it is what the last turn had."""

    @property
    def count(self) -> int:
        """Return r, the number of directions."""
        return self.directions.values.size

    @property
    def low_rank(self) -> bool:
        """Return whether nothing but rounding is left without the directions."""
        return bool(self.bulk[-1] <= _ROUNDING * self.values[-1])

    @property
    def bulk(self) -> Floats:
        """Return the singular values without the directions, ascending."""
        return self.values[: self.values.size - self.count]

    def share_without(self, count: int) -> float:
        """Return the share of the sum of B's squares that is left without its ``count`` largest singular values."""
        squares = self.values**2
        return float(squares[: squares.size - count].sum() / squares.sum())


def random_part(
    weight: Tensor, device: torch.device, seed: int = 0, scales: UnitScales | NoUnitScales | None = None
) -> RandomPart:
    """Find the scales and the directions of A ``[m, n]``, p = min(m, n).

    Args:
        weight: A, of any floating dtype. Zero rows and columns should have been left out.
        device: where the work runs; the CPU takes over where it has no float64 or too little memory.
        seed: what the probes of a large matrix follow from, with its shape.
        scales: the unit scales of A, if they are known.

    Raises:
        NoUnitScales: A has no unit scales: it is zero, not finite, or too sparse.
    """
    return devices.with_cpu_fallback(
        lambda where: _by_turns(weight, where, seed, scales), devices.float64_device(device), "the directions"
    )


def _by_turns(weight: Tensor, device: torch.device, seed: int, known: UnitScales | NoUnitScales | None) -> RandomPart:
    if isinstance(known, NoUnitScales):
        raise NoUnitScales(*known.args)
    m, n = weight.shape
    most = max(1, min(m, n) // 2)
    scales, count, ahead = known or unit_scales(weight, device), 0, None
    for _ in range(_TURNS):
        ahead = leading(weight, scales, min(max(_FIRST, 2 * count), most), device, seed, ahead)
        # the scales are those of noise of variance 1
        found = int(np.sum(ahead.values**2 > scaled_edge.edge_square(m - count, n - count)))
        if found <= count:  # none to add in this way: all singular values decide
            values, error = _all_values(weight, scales, ahead, device, seed)
            found, sigma = spikes.count_by_median(values, m, n, scaled_edge.edge_square)
            found = min(found, ahead.values.size)
            if found == count:
                if count:  # once more: closer to the vectors
                    ahead = leading(weight, scales, count, device, seed, ahead)
                return RandomPart(scales, ahead.first(count), sigma, values, error, settled=True)
            if found < count:
                most = max(found, 1)
        count = found
        scales = _scales_of_the_rest(weight, scales, ahead.first(count), device)
    ahead = leading(weight, scales, max(1, count), device, seed)
    values, error = _all_values(weight, scales, ahead, device, seed)
    sigma = spikes.bulk_sigma(values[: values.size - count], m - count, n - count)
    return RandomPart(scales, ahead.first(count), sigma, values, error, settled=False)


def _all_values(
    weight: Tensor, scales: UnitScales, known: Leading, device: torch.device, seed: int
) -> tuple[Floats, float]:
    """Return all singular values of B, ascending, and the bound of their distribution function's error."""
    if known.all_values is not None:
        return known.all_values, 0.0
    p = min(weight.shape)
    if p <= LARGEST_EXACT:
        return gram_singular_values(gram_matrix(weight, 0.0, 1.0, device, (scales.rows, scales.columns))[0]), 0.0
    generator = devices.generator(seed, "directions", str(weight.shape[0]), str(weight.shape[1]))
    estimate = lanczos.estimate(gram_product(weight, scales, device), p, generator, device)
    return np.sqrt(np.maximum(estimate.values, 0.0)), estimate.error


def _scales_of_the_rest(weight: Tensor, scales: UnitScales, found: Leading, device: torch.device) -> UnitScales:
    """Return the scales of A from the squares of what is left of B without the directions.

    Of a row the directions have taken the share of its leverage, sum_k U_ik^2, also where there was only noise; the
    squares are divided by what that leaves.
    """
    import torch

    dtype = torch.float64 if weight.dtype == torch.float64 else torch.float32
    rows, columns, values, left, right = (
        torch.from_numpy(np.ascontiguousarray(part)).to(device)
        for part in (scales.rows, scales.columns, found.values, found.left, found.right)
    )
    row_noise, column_noise = (1 - part.square().sum(1) for part in (left, right))
    squares = torch.empty(weight.shape, dtype=dtype, device=device)
    small = [part.clamp_min(_LEAST_NOISE).reciprocal().to(dtype) for part in (row_noise, column_noise)]
    rows, columns, left, right = (part.to(dtype) for part in (rows, columns, left * values, right))
    for start in range(0, weight.shape[0], _BLOCK):
        part = slice(start, start + _BLOCK)
        block = torch.mul(weight[part].to(device=device, dtype=dtype), rows[part, None], out=squares[part])
        block.mul_(columns).addmm_(left[part], right.T, alpha=-1)
        block.square_().mul_(small[1]).mul_(small[0][part, None])
    change = unit_scales(squares, device, squares=True)
    return replace(change, rows=scales.rows * change.rows, columns=scales.columns * change.columns)


VECTORS = 64
"""Vectors of the bulk that are looked at: their mean spread is then known to 2 %."""


def bulk_vectors(weight: Tensor, part: RandomPart, device: torch.device, seed: int) -> Floats:
    """Return up to ``VECTORS`` neighbouring singular vectors ``[p, k]`` of B's bulk, over its smaller side.

    Where they lie in the middle half of the bulk is drawn from the seed and the shape. A decomposition for a few
    vectors takes little longer than one for the values alone.
    """
    from scipy.linalg import eigh

    gram, _ = gram_matrix(weight, 0.0, 1.0, device, (part.scales.rows, part.scales.columns))
    bulk = part.bulk.size
    generator = devices.numpy_generator(seed, "bulk vectors", str(weight.shape[0]), str(weight.shape[1]))
    first = int(generator.integers(bulk // 4, max(3 * bulk // 4 - VECTORS, bulk // 4) + 1))
    last = min(first + VECTORS, bulk) - 1
    _, vectors = eigh(gram.cpu().numpy(), lower=True, subset_by_index=(first, last))
    return np.asarray(vectors)
