"""The Gram matrix of the smaller side of a layer, and products with it that do not form it.

For A ``[m, n]`` let T ``[N, p]`` be A, or its transpose where that is the tall one. The Gram matrix T^T T ``[p, p]``
has the squared singular values of A as its eigenvalues.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Floats = NDArray[np.float64]

BLOCK = 1024
"""Rows of T that are converted at a time: 4096 x 1024 float64 is 32 MB, large enough for full speed."""
_PANEL = 512
"""Columns of the Gram matrix in a product: twice and half of it are slower at p = 4096 (measured)."""


def gram_matrix(
    weight: Tensor, mean: float, std: float, device: torch.device, scales: tuple[Floats, Floats] | None = None
) -> tuple[Tensor, Tensor]:
    """Return the Gram matrix ``[p, p]`` of (A - mean) / std, and the column sums ``[p]`` of its T, in float64.

    Only the lower triangle of the matrix counts: little more than that is computed.

    Args:
        weight: A ``[m, n]``, of any floating dtype, on any device.
        mean: what is subtracted from every entry.
        std: what every entry is divided by.
        device: where the products run; it must have float64.
        scales: what each row ``[m]`` and each column ``[n]`` is multiplied by after that, if anything.
    """
    import torch

    factors = None if scales is None else [torch.from_numpy(side).to(device) for side in scales]
    larger = 0 if weight.shape[0] >= weight.shape[1] else 1
    N, p = weight.shape[larger], weight.shape[1 - larger]
    product = torch.zeros(p, p, dtype=torch.float64, device=device)
    sums = torch.zeros(p, dtype=torch.float64, device=device)
    buffer = torch.empty(min(BLOCK, N) * p, dtype=torch.float64, device=device)  # new memory costs time
    for start in range(0, N, BLOCK):
        part = weight.narrow(larger, start, min(BLOCK, N - start))
        block = buffer[: part.numel()].view(part.shape).copy_(part)
        if mean:  # a pass that changes nothing costs time
            block.sub_(mean)
        if std != 1:
            block.div_(std)
        if factors is not None:
            rows, columns = (
                side.narrow(0, start, part.shape[larger]) if axis == larger else side
                for axis, side in enumerate(factors)
            )
            block.mul_(rows[:, None]).mul_(columns)
        sums += block.sum(larger)
        tall = block if larger == 0 else block.T
        for left in range(0, p, _PANEL):
            right = min(left + _PANEL, p)
            product[left:right, :right].addmm_(tall[:, left:right].T, tall[:, :right])
    return product, sums


def gram_product(weight: Tensor, shift: float, std: float, device: torch.device) -> Callable[[Tensor], Tensor]:
    """Return the product of rows ``[k, p]`` with the Gram matrix of A / std - shift, which is not formed.

    It reads A ``[m, n]`` in blocks as it is stored and multiplies in float32, unless A is float64. The rows and the
    result are float64 on ``device``.
    """
    import torch

    tall = weight if weight.shape[0] >= weight.shape[1] else weight.T
    dtype = torch.float64 if weight.dtype == torch.float64 else torch.float32

    def product(rows: Tensor) -> Tensor:
        total = torch.zeros_like(rows)
        for start in range(0, tall.shape[0], BLOCK):
            block = tall[start : start + BLOCK].to(device=device, dtype=dtype).div(std).sub_(shift)
            total += (rows.to(dtype) @ block.T @ block).double()
        return total

    return product


def gram_singular_values(gram: Tensor) -> Floats:
    """Return the singular values ``[p]``, ascending, from a Gram matrix of which the lower triangle counts."""
    import torch

    # the transpose is in Fortran's order already, so that LAPACK's copy of it is a straight one
    values: Floats = torch.linalg.eigvalsh(gram.T, UPLO="U").clamp_min(0).sqrt().cpu().numpy()
    return values
