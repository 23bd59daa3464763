"""The largest singular values of a scaled matrix, with both their vectors.

A matrix of moderate size is decomposed whole. A large one is met by block Krylov: the products of B^T B with a few
random vectors span a space that holds the leading vectors, and the Rayleigh-Ritz values there lie below the true ones.

Source: C. Musco and C. Musco, Advances in Neural Information Processing Systems 28 (2015) 1396 (block Krylov).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import device as devices
from netaudit.numerics.gram import gram_matrix
from netaudit.numerics.scales import UnitScales

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Floats = NDArray[np.float64]

LARGEST_WHOLE = 1024
"""Largest p that is decomposed whole: half a second on the committed benchmark's machine."""
DEPTH = 5
"""Products of the block with B^T B. A vector near the edge of the bulk is met in part; the count at the end rests on
all singular values, so that one missed here costs time and nothing else."""
_SPARE = 8
"""Random vectors beyond the number of values sought, as Musco and Musco advise."""


@dataclass(frozen=True)
class Leading:
    """The k largest singular values of B ``[m, n]``."""

    values: Floats
    """``[k]``, descending."""
    left: Floats
    """``[m, k]``, columns of norm 1."""
    right: Floats
    """``[n, k]``."""
    all_values: Floats | None = None
    """All singular values ``[p]``, ascending, where the matrix was decomposed whole."""

    def first(self, count: int) -> Leading:
        """The largest ``count`` of them."""
        return Leading(self.values[:count], self.left[:, :count], self.right[:, :count], self.all_values)


def leading(
    weight: Tensor, scales: UnitScales, count: int, device: torch.device, seed: int, start: Leading | None = None
) -> Leading:
    """Find the ``count`` largest singular values of B = D_rows A D_columns, and their vectors.

    Args:
        weight: A ``[m, n]``, of any floating dtype.
        scales: D_rows and D_columns.
        count: how many, at most p.
        device: where the products run; it must have float64.
        seed: what the random vectors of a large matrix follow from, with its shape.
        start: vectors that are known to be close, such as those at other scales.
    """
    p = min(weight.shape)
    if p <= LARGEST_WHOLE or 3 * (count + _SPARE) > p // 2:
        return _whole(weight, scales, count, device)
    return _krylov(weight, scales, count, device, seed, start)


def _whole(weight: Tensor, scales: UnitScales, count: int, device: torch.device) -> Leading:
    import torch

    gram, _ = gram_matrix(weight, 0.0, 1.0, device, (scales.rows, scales.columns))
    squares, vectors = torch.linalg.eigh(gram, UPLO="L")
    values = squares.clamp_min(0).sqrt().cpu().numpy()
    small = vectors[:, -count:].flip(1)
    return _both_sides(weight, scales, small, values[::-1][:count].copy(), values)


def _krylov(
    weight: Tensor, scales: UnitScales, count: int, device: torch.device, seed: int, start: Leading | None
) -> Leading:
    import torch

    product = _Product(weight, scales, device)
    p = min(weight.shape)
    width = count + _SPARE
    generator = devices.generator(seed, "leading", str(weight.shape[0]), str(weight.shape[1]))
    block = torch.randn(p, width, dtype=torch.float64, generator=generator).to(device)
    if start is not None:
        known = start.left if weight.shape[0] < weight.shape[1] else start.right
        block[:, : known.shape[1]] = torch.from_numpy(known[:, :width].copy()).to(device)
    blocks = [torch.linalg.qr(block).Q]
    for _ in range(min(DEPTH, p // (2 * width))):
        blocks.append(torch.linalg.qr(product.back(product.to(blocks[-1]))).Q)
    basis = torch.linalg.qr(torch.cat(blocks[1:], 1)).Q
    image = product.to(basis)
    squares, turned = torch.linalg.eigh(image.T @ image)
    values = squares[-count:].flip(0).clamp_min(0).sqrt().cpu().numpy()
    return _both_sides(weight, scales, basis @ turned[:, -count:].flip(1), values, None)


def _both_sides(weight: Tensor, scales: UnitScales, small: Tensor, values: Floats, every: Floats | None) -> Leading:
    """Return the values with the vectors of both sides, from those ``[p, k]`` of the smaller one."""
    import torch

    other = _Product(weight, scales, small.device).to(small)
    other = torch.nn.functional.normalize(other, dim=0)
    ours, theirs = small.cpu().numpy(), other.cpu().numpy()
    left, right = (ours, theirs) if weight.shape[0] < weight.shape[1] else (theirs, ours)
    return Leading(values, left, right, every)


class _Product:
    """Products of float64 columns with B and its transpose: A is read as it is stored, in float32 unless wider."""

    def __init__(self, weight: Tensor, scales: UnitScales, device: torch.device) -> None:
        import torch

        wide = weight.shape[0] < weight.shape[1]
        self._tall = weight.T if wide else weight  # [N, p]
        self._dtype = torch.float64 if weight.dtype == torch.float64 else torch.float32
        self._tall = self._tall.to(device=device, dtype=self._dtype)
        large, small = (scales.columns, scales.rows) if wide else (scales.rows, scales.columns)
        self._large, self._small = (torch.from_numpy(side).to(device)[:, None] for side in (large, small))

    def to(self, columns: Tensor) -> Tensor:
        """Take ``[p, k]`` to ``[N, k]``."""
        return self._times(self._tall.T, columns * self._small) * self._large

    def back(self, columns: Tensor) -> Tensor:
        """Take ``[N, k]`` to ``[p, k]``."""
        return self._times(self._tall, columns * self._large) * self._small

    def _times(self, matrix: Tensor, columns: Tensor) -> Tensor:
        """Return matrix^T @ columns, as (columns^T @ matrix)^T: on the CPU a large transpose with fewer than 12 columns
        to its right takes five times as long (measured)."""
        return (columns.T.to(self._dtype).contiguous() @ matrix).T.double()


def gram_product(weight: Tensor, scales: UnitScales, device: torch.device) -> Callable[[Tensor], Tensor]:
    """Return the product of rows ``[k, p]`` with the Gram matrix of B's smaller side, which is not formed."""
    product = _Product(weight, scales, device)
    return lambda rows: product.back(product.to(rows.T)).T
