"""Single weights so large that they make a spike of their own, beside the other weights of their row and column.

This is the one definition of a heavy single weight. An entry beyond (mn)^(1/4) standard deviations lies outside the
bulk on its own, and scaling its row and column to unit mean square would hide it. So the scales are taken here from
absolute values, which a single entry hardly moves; what is found does not depend on how the units are scaled. The mean
stays in, as it does for the scales: a rescaled twin has none of its own.

Source: A. Auffinger, G. Ben Arous and S. Peche, Ann. Inst. H. Poincare Probab. Statist. 45 (2009) 589 (why heavy tails
void the law of the edge); the robust scales are netaudit's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from netaudit.numerics.laws.spikes import entry_limit

if TYPE_CHECKING:
    from torch import Tensor

_PASSES = 2
"""Times that rows and columns are scaled: the limit is so far out that a third would change nothing."""
_BLOCK = 1024
"""Rows at a time."""
_GAUSSIAN = float(np.sqrt(2 / np.pi))
"""Mean absolute value of a Gaussian entry in standard deviations."""


_CHANCE = 1e-4
"""Chance that any entry of a Gaussian matrix stands out; it counts below some 1,000 entries only."""


def heavy_limit(m: int, n: int) -> float:
    """Return from how many standard deviations on an entry of ``[m, n]`` stands out.

    That is where it makes a spike of its own, and no Gaussian matrix has one.
    """
    return max(entry_limit(m, n), float(-ndtri(_CHANCE / (2 * m * n))))


def single_weights(weight: Tensor) -> NDArray[np.int64]:
    """Return row and column ``[h, 2]`` of each single weight of A ``[m, n]`` that stands out, in order.

    It is larger than :func:`heavy_limit` times the root mean square that Gaussian entries of its row and column would
    have. Zeros, such as pruned weights, do not count for the scales. The entry itself does, so that in a small
    matrix the limit is higher: by half at 32 x 32.
    """
    import torch

    m, n = weight.shape
    rows, columns = torch.ones(m, dtype=torch.float64), torch.ones(n, dtype=torch.float64)
    for _ in range(_PASSES):
        sums, counts = torch.zeros(n, dtype=torch.float64), torch.zeros(n, dtype=torch.float64)
        for part, block in _sizes(weight):
            there = (block > 0).to(block.dtype)
            rows[part] = _mean((block @ columns.reciprocal().to(block.dtype)).double(), there.sum(1).double())
            sums += (rows[part].reciprocal().to(block.dtype) @ block).double()
            counts += there.sum(0).double()
        columns = _mean(sums, counts)
    limit = heavy_limit(m, n) / _GAUSSIAN
    found = [
        torch.nonzero(block > (limit * rows[part, None]).to(block.dtype) * columns.to(block.dtype))
        + torch.tensor([part.start, 0])
        for part, block in _sizes(weight)
    ]
    return np.asarray(torch.cat(found).numpy())


def _sizes(weight: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Give blocks of rows with the absolute values of their entries, in float32, or float64 where the weight is."""
    import torch

    dtype = torch.float64 if weight.dtype == torch.float64 else torch.float32
    for start in range(0, weight.shape[0], _BLOCK):
        part = slice(start, start + _BLOCK)
        yield part, weight[part].cpu().to(dtype).abs()


def _mean(sums: Tensor, counts: Tensor) -> Tensor:
    """Return the mean over the entries that are there; 1 for a row or column of zeros."""
    import torch

    return torch.where((counts > 0) & (sums > 0), sums / counts.clamp_min(1), 1.0)
