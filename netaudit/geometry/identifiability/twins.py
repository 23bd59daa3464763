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
"""Twins have |cosine| > 1 - ALIKE, an angle of 0.0014. It lies between two numbers. Copies that were rounded after a
rescaling have 1 - |cosine| of some 4e-8 in float16 and 1e-15 in float32, so that twins are found as they are stored
(not so in bfloat16, where it is 3e-6; a copy that was not rescaled is equal in any dtype). And two unrelated neurons
with n inputs, which switch in the box, meet it with a probability of about 1e-9 for n = 3, and less for more inputs;
with one or two inputs wide layers can have twins by chance."""


@dataclass(frozen=True, eq=False)
class Twins:
    """The twins among the neurons that were compared."""

    equal: Tensor
    """Which have a twin, ``[m]``."""
    opposite: Tensor
    """Which have an opposite twin, ``[m]``."""
    equal_pairs: Tensor
    """Their pairs, a number."""
    opposite_pairs: Tensor
    """Pairs of opposite twins, a number."""


def twins(weight: Tensor, bias: Tensor, box: Box, members: Tensor) -> Twins:
    """Find twins and opposite twins.

    k^2 n / 2 multiplications, in blocks of ``CHUNK`` bytes, two of them in memory at a time.

    Args:
        weight: ``[m, n]``, of any floating dtype.
        bias: ``[m]``, float64.
        box: of the inputs, ``[n]``, on the device where this is computed.
        members: the numbers of the neurons that are compared, ``[k]``: those that switch, or may.
    """
    flags = torch.zeros(2, len(weight), dtype=torch.bool, device=box.low.device)
    pairs = torch.zeros(2, dtype=torch.int64, device=box.low.device)
    blocks = torch.split(members, max(1, CHUNK // (8 * (weight.shape[1] + 1))))
    for place, one in enumerate(blocks):
        first = directions(weight, bias, box, one)
        for other in blocks[place:]:
            same = other is one
            cosine = first @ (first if same else directions(weight, bias, box, other)).T
            cosine = cosine.triu(1) if same else cosine
            for kind, found in enumerate((cosine > 1 - ALIKE, cosine < ALIKE - 1)):
                pairs[kind] += found.sum()
                flags[kind, one] |= found.any(1)
                flags[kind, other] |= found.any(0)
    return Twins(flags[0], flags[1], pairs[0], pairs[1])


def directions(weight: Tensor, bias: Tensor, box: Box, rows: Tensor) -> Tensor:
    """The unit vectors of some neurons, ``[k, n + 1]``; NaN for one that is 0 all over the box."""
    part = weight[rows.to(weight.device)].to(box.low.device).to(torch.float64)
    whole = torch.cat([part * box.radius, (part @ box.centre + bias[rows])[:, None]], 1)
    whole = whole / whole.abs().amax(1, keepdim=True)  # squares then fit float64
    unit: Tensor = whole / whole.norm(dim=1, keepdim=True)
    return unit
