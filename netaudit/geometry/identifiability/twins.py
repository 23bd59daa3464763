"""Neurons that switch at the same places: their weights and biases are the same up to a factor.

The factor is positive for twins, whose sum is one neuron, and negative for opposite twins, whose sum is one neuron and
a linear part: ReLU(-z) = ReLU(z) - z.

A neuron is compared by where it switches in the box: u in [-1, 1]^n, x = centre + radius u, so that its weights and
bias are (w radius, w centre + b). No unit of the inputs, no rescaling of neurons, below or here, changes the cosine of
two of these vectors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from netaudit.geometry.identifiability.bounds import Box

ALIKE = 1e-6
"""Twins have |cosine| > 1 - ALIKE, an angle of 0.0014. It lies between two numbers. Copies that were rounded after a
rescaling have 1 - |cosine| of some 4e-8 in float16 and 1e-15 in float32, so that twins are found as they are stored
(not so in bfloat16, where it is 3e-6; a copy that was not rescaled is equal in any dtype). And two unrelated neurons
with n inputs, which switch in the box, meet it with a probability of about 1e-9 for n = 3, and less for more inputs;
with one or two inputs wide layers would have twins by chance, so that ``ALIKE_FEW`` takes its place there."""

ALIKE_FEW = 1e-13
"""The same for neurons with one or two inputs: an angle of 4e-7, which two of 64 unrelated neurons meet about once in
2,000 layers. Copies that were rescaled and rounded have some 1e-15 in float32; those in float16 are not found."""
FEW = 2
"""Inputs with a weight, and a range, that are few."""


BLOCK = 2**24
"""Bytes of a block of neurons, and of the cosines of two blocks: 16 MiB, so that 4096 neurons are some ten blocks."""

SKETCH = 64
"""Numbers by which each pair is looked at first. Of two unrelated vectors of 10,000 numbers the sketches lie about 0.1
apart, and those of twins less than 0.0015."""


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

    Every pair is looked at by its sketches, at k^2 SKETCH / 2 multiplications. The cosine, of n + 1 multiplications, is
    computed where the sketches do not tell two neurons apart. Blocks of ``BLOCK`` bytes bound the memory.

    Args:
        weight: ``[m, n]``, of any floating dtype.
        bias: ``[m]``, float64.
        box: of the inputs, ``[n]``, on the device where this is computed.
        members: the numbers of the neurons that are compared, ``[k]``: those that switch, or may.
    """
    flags = torch.zeros(2, len(weight), dtype=torch.bool, device=box.low.device)
    pairs = torch.zeros(2, dtype=torch.int64, device=box.low.device)
    widest = max(weight.shape[1] + 1, math.isqrt(BLOCK // 8))  # a block of rows fits, and one of their cosines
    blocks = torch.split(members, max(1, BLOCK // (8 * widest)))
    sketches = [sketch(directions(weight, bias, box, block)) for block in blocks]
    for place, one in enumerate(blocks):
        for number, other in enumerate(blocks[place:], start=place):
            likely = near(sketches[place], sketches[number])
            likely = likely.triu(1) if number == place else likely
            left, right = likely.any(1), likely.any(0)
            one_left, other_right = one[left], other[right]
            units = [directions(weight, bias, box, rows) for rows in (one_left, other_right)]
            cosine = torch.where(likely[left][:, right], units[0] @ units[1].T, 0.0)
            few = [(unit[:, :-1] != 0).sum(1) <= FEW for unit in units]
            most = torch.where(few[0][:, None] | few[1], ALIKE_FEW, ALIKE).to(cosine)
            for kind, found in enumerate((cosine > 1 - most, cosine < most - 1)):
                pairs[kind] += found.sum()
                flags[kind, one_left] |= found.any(1)
                flags[kind, other_right] |= found.any(0)
    return Twins(flags[0], flags[1], pairs[0], pairs[1])


def directions(weight: Tensor, bias: Tensor, box: Box, rows: Tensor) -> Tensor:
    """The unit vectors of some neurons, ``[k, n + 1]``; NaN for one that is 0 all over the box."""
    part = weight[rows.to(weight.device)].to(box.low.device).to(torch.float64)
    whole = part.new_empty(part.shape[0], part.shape[1] + 1)
    whole[:, -1] = part @ box.centre + bias[rows]
    torch.mul(part, box.radius, out=whole[:, :-1])
    whole /= torch.linalg.vector_norm(whole, torch.inf, dim=1, keepdim=True)  # squares then fit float64
    whole /= whole.norm(dim=1, keepdim=True)
    return whole


def sketch(unit: Tensor) -> Tensor:
    """``SKETCH`` numbers of each vector ``[k, d]``: of each group of entries the sum, with fixed random signs, divided
    by the square root of the size of the group.

    That is a projection on orthonormal vectors: sketches never lie farther apart than the vectors themselves. Vectors
    that are not longer than a sketch are given back.
    """
    d = unit.shape[1]
    if d <= SKETCH:
        return unit
    signs = torch.randint(2, (d,), generator=torch.Generator().manual_seed(0)).to(unit) * 2 - 1
    groups = (unit * signs).tensor_split(SKETCH, 1)
    return torch.stack([group.sum(1) / group.shape[1] ** 0.5 for group in groups], 1)


def near(a: Tensor, b: Tensor) -> Tensor:
    """Which pairs of vectors may be twins or opposite twins by their sketches ``[k, s]`` and ``[l, s]``, ``[k, l]``.

    Unit vectors u and v with u v > 1 - ALIKE have |u - v|^2 < 2 ALIKE, and so have their sketches, to a rounding of
    about 1e-14, which a tenth of the limit covers. Of opposite twins the same holds for u + v.
    """
    sizes = a.square().sum(1)[:, None] + b.square().sum(1)
    close: Tensor = sizes - 2 * (a @ b.T).abs() <= 2.2 * ALIKE
    return close
