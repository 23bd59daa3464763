"""Neurons that switch at the same places: their weights and biases are the same up to a factor.

The factor is positive for twins, whose sum is one neuron, and negative for opposite twins, whose sum is one neuron and
a linear part: ReLU(-z) = ReLU(z) - z.

A neuron is compared by where it switches in the box: u in [-1, 1]^n, x = centre + radius u, so that its weights and
bias are (w radius, w centre + b). No unit of the inputs, no rescaling of neurons, below or here, changes the cosine of
two of these vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from netaudit.geometry.identifiability.bounds import CHUNK, Box

ALIKE = 1e-6
"""Twins have |cosine| > 1 - ALIKE, an angle of 0.0014. It lies between two numbers. Rounding to bfloat16 after a
rescaling leaves 1 - |cosine| at some 6e-7 (the relative errors of two rows, each 8e-4 in the root mean square), and to
float16 or float32 far less, so that stored twins are found. By chance it is met by no two neurons: that of unrelated
rows with n inputs, which switch in the box, has a probability of about 1e-9 for n = 3 and less for more inputs; with
one or two inputs, wide layers can have some."""


@dataclass(frozen=True, eq=False)
class Twins:
    """The twins among the neurons that were compared."""

    equal: Tensor
    """Which have a twin, ``[m]``."""
    opposite: Tensor
    """Which have an opposite twin, ``[m]``."""
    equal_pairs: int
    opposite_pairs: int


def twins(weight: Tensor, bias: Tensor, box: Box, compared: Tensor) -> Twins:
    """Find twins and opposite twins.

    m^2 n / 2 multiplications, in blocks of ``CHUNK`` bytes, two of them in memory at a time.

    Args:
        weight: ``[m, n]``, of any floating dtype.
        bias: ``[m]``, float64.
        box: of the inputs, ``[n]``, on the device where this is computed.
        compared: which neurons are looked at, ``[m]``: those that switch, or may.
    """
    device = box.low.device
    members = compared.nonzero()[:, 0]
    equal, opposite = (torch.zeros(len(compared), dtype=torch.bool, device=device) for _ in range(2))
    step = max(1, CHUNK // (8 * (weight.shape[1] + 1)))
    blocks = members.split(step) if len(members) else ()
    pairs = torch.zeros(2, dtype=torch.int64, device=device)
    for place, one in enumerate(blocks):
        first = directions(weight, bias, box, one)
        for other in blocks[place:]:
            second = first if other is one else directions(weight, bias, box, other)
            cosine = first @ second.T
            if other is one:
                cosine = cosine.triu(1)
            for number, (found, flags) in enumerate(
                ((cosine > 1 - ALIKE, equal), (cosine < ALIKE - 1, opposite)),
            ):
                pairs[number] += found.sum()
                flags[one] |= found.any(1)
                flags[other] |= found.any(0)
    return Twins(equal, opposite, *pairs.tolist())


def directions(weight: Tensor, bias: Tensor, box: Box, rows: Tensor) -> Tensor:
    """The unit vectors of some neurons, ``[k, n + 1]``; NaN for one that is 0 all over the box."""
    part = weight[rows.to(weight.device)].to(box.low.device).to(torch.float64)
    whole = torch.cat([part * box.radius, (part @ box.centre + bias[rows])[:, None]], 1)
    whole = whole / whole.abs().amax(1, keepdim=True)  # squares then fit float64
    return whole / whole.norm(dim=1, keepdim=True)
