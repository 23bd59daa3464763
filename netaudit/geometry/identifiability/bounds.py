"""Between which numbers the pre-activations of a layer lie for all inputs of a box.

Each input i lies between low_i and high_i, on its own. The minimum of z = w x + b over the box is then

    b + sum_i min(w_i low_i, w_i high_i)

and it is attained in a corner. For the first layer it is exact. The box of a deeper layer is made of the bounds of the
layer below, which need not be attained together: there it is a bound (interval propagation).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

CHUNK = 2**22
"""Bytes of a part of a weight in float64, 4 MiB: it stays in the cache of a processor, and its memory is used again. On
layers of 4096 neurons parts of 64 MiB took twice as long."""


@dataclass(frozen=True, eq=False)
class Box:
    """All x with low <= x <= high, entry by entry."""

    low: Tensor
    """``[n]``, float64."""
    high: Tensor
    """``[n]``, not below ``low``."""

    @property
    def centre(self) -> Tensor:
        """``[n]``."""
        return self.low / 2 + self.high / 2

    @property
    def radius(self) -> Tensor:
        """Half the width, ``[n]``."""
        return self.high / 2 - self.low / 2

    def relu(self) -> Box:
        """The box of the outputs of ReLU."""
        return Box(self.low.relu(), self.high.relu())


def parts(weight: Tensor, device: torch.device) -> Iterator[tuple[slice, Tensor]]:
    """The rows of a weight ``[m, n]`` in float64 on the device, as many at a time as fit into ``CHUNK`` bytes."""
    step = max(1, CHUNK // (8 * max(1, weight.shape[1])))
    for start in range(0, weight.shape[0], step):
        rows = slice(start, start + step)
        yield rows, weight[rows].to(device).to(torch.float64)


def preactivations(weight: Tensor, bias: Tensor, box: Box) -> tuple[Box, Box]:
    """Bounds of z = weight x + bias, ``[m]`` each, for x in the box.

    Rounding is met by widening: a sum of n + 1 terms in float64 is off by at most (n + 1) 2^-53 of the sum of their
    absolute values, in whatever order it is taken (Higham 2002, equation 3.5). Twice that is added, for the rounding of
    that sum itself. A bound whose terms are all 0 is exact, as that of weights that are not negative without a bias
    behind a ReLU. What overflows float64 is infinite; products below its least number, 1e-308, count as 0.

    Args:
        weight: ``[m, n]``, of any floating dtype.
        bias: ``[m]``, float64.
        box: ``[n]``, on the device where this is computed.

    Returns:
        Bounds that hold in exact arithmetic; and numbers so far apart that, with independent inputs, z surely goes that
        far: the bounds with the rounding taken off.
    """
    m, n = weight.shape
    low, high, low_off, high_off = torch.empty(4, m, dtype=torch.float64, device=box.low.device)
    unit = (n + 2) * torch.finfo(torch.float64).eps
    ends = torch.stack([box.low, box.high, box.low.abs(), box.high.abs()], 1)
    swapped = torch.stack([box.high, box.low, -box.high.abs(), -box.low.abs()], 1)
    for rows, part in parts(weight, box.low.device):
        sums = part.clamp(min=0) @ ends + part.clamp(max=0) @ swapped
        low[rows], high[rows] = (sums[:, :2] + bias[rows, None]).T
        low_off[rows], high_off[rows] = unit * (sums[:, 2:] + bias[rows, None].abs()).T
    outer = Box((low - low_off).nan_to_num(*[-torch.inf] * 3), (high + high_off).nan_to_num(*[torch.inf] * 3))
    return outer, Box(low + low_off, high - high_off)
