"""How near one square layer is to the identity, beside its own weights in random places."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from netaudit.geometry.depth.norms import spectral_norm
from netaudit.numerics import device as devices

if TYPE_CHECKING:
    from torch import Tensor

    Floats = np.ndarray[tuple[int, int], np.dtype[np.float64]]

Likeness = Literal["near_identity", "near_permutation", "beyond_null", "as_random", "undecided"]

NEAR = 0.5
"""||W - I|| up to which a layer is near the identity: it then moves an input by half of its length at most, and is
invertible. The choice is netaudit's."""
COSINE = 0.1
"""The cosine between W and I below which a layer is like a random one: 1 % of its squares. The choice is netaudit's."""
LEVEL = 0.01
"""False alarms that the z-score allows, over all layers of a run together."""
LARGEST_MATCHED = 1024
"""Width up to which the best permutation is searched for: its time grows with the cube of the width."""
SHUFFLES = 5
"""Times that the weights are put in random places for the null of the best permutation; once above ``WIDE``."""
WIDE = 256
"""Width from which one shuffle is enough: the best permutation's cosine varies by less than 0.01 there."""


@dataclass(frozen=True)
class Identity:
    """One layer W ``[d, d]`` beside the identity."""

    width: int
    """d."""
    distance: float
    """||W - I||_2 from below, by power iteration."""
    at_most: float
    """||W - I||_2 from above: what the bounds use."""
    z: float
    """sqrt(d) tr(W) / ||W||_F: about N(0, 1) for independent centred entries, d for W = I."""
    z_shuffled: float
    """(tr(W) - d mean) over its standard deviation when the entries are put in random places: no mean counts in it."""
    cosine: float
    """tr(W) / (sqrt(d) ||W||_F), the cosine between W and I."""
    matched: float | None
    """The largest cosine between W and a permutation matrix; None above ``LARGEST_MATCHED``."""
    matched_shuffled: float | None
    """The largest of the same on the weights in random places."""
    matched_distance: float | None
    """||W - Q||_F / sqrt(d) for the nearest permutation matrix Q."""
    bias: float
    """||b||."""
    likeness: Likeness
    """The verdict, see :func:`likeness`."""


def compare(weight: Tensor, bias: Tensor | None, seed: int = 0, of_layers: int = 1) -> Identity:
    """Compare a square layer with the identity.

    Args:
        weight: W, ``[d, d]``, finite.
        bias: b, ``[d]``, or None.
        seed: the shuffled weights follow from it.
        of_layers: how many layers are judged together.

    >>> compare(torch.eye(8), None).z, compare(torch.eye(8), None).at_most
    (8.0, 0.0)
    """
    w = weight.double()
    d = len(w)
    low, high = spectral_norm(w - torch.eye(d, dtype=torch.float64, device=w.device), seed)
    trace, length = float(w.trace()), float(w.norm())
    cosine = trace / (math.sqrt(d) * length) if length else 0.0
    centred = _shuffled_z(trace, float(w.mean()), float(w.var(correction=0)), d)
    matched = shuffled = apart = None
    permuted = math.inf
    if d <= LARGEST_MATCHED and length:
        entries = w.cpu().numpy()
        columns = _best(entries)
        total = float(entries[np.arange(d), columns].sum())
        matched, apart = total / (math.sqrt(d) * length), math.sqrt(max(length**2 + d - 2 * total, 0.0) / d)
        shuffled = _shuffled(entries, length, seed)
        if matched - shuffled > COSINE:
            moved = w[:, torch.from_numpy(columns).to(w.device)]
            permuted = spectral_norm(moved - torch.eye(d, dtype=torch.float64, device=w.device), seed)[1]
    found = likeness(high, centred, cosine, d, permuted, matched, shuffled, of_layers)
    size = 0.0 if bias is None else float(bias.double().norm())
    numbers = (math.sqrt(d) * trace / length if length else 0.0, centred, cosine)
    return Identity(d, low, high, *numbers, matched, shuffled, apart, size, found)


def likeness(
    distance: float, z: float, cosine: float, width: int, permuted: float,
    matched: float | None, shuffled: float | None, of_layers: int,
) -> Likeness:  # fmt: skip
    """Judge a layer.

    - near_identity: ||W - I|| <= ``NEAR``, and z beyond the null.
    - near_permutation: the same after the hidden units were put in another order.
    - beyond_null: z beyond the null, and the cosine with I at least ``COSINE``.
    - as_random: the interval of the cosine lies within +- ``COSINE``, and so does what the best permutation gains over
      that of shuffled weights.
    - undecided: anything else, such as a narrow layer.
    """
    limit = critical(of_layers)
    gain = None if matched is None or shuffled is None else matched - shuffled
    if abs(z) > limit and distance <= NEAR:
        return "near_identity"
    if gain is not None and gain > COSINE and permuted <= NEAR:
        return "near_permutation"
    if abs(z) > limit and abs(cosine) >= COSINE:
        return "beyond_null"
    random = abs(cosine) + limit / width <= COSINE and (gain is None or gain <= COSINE)
    return "as_random" if random else "undecided"


def critical(of_layers: int) -> float:
    """|z| that one of so many random layers exceeds with probability ``LEVEL``, after Bonferroni."""
    from scipy.special import ndtri

    return float(-ndtri(LEVEL / 2 / of_layers))


def _shuffled_z(trace: float, mean: float, variance: float, d: int) -> float:
    """Exact moments of the sum of d entries drawn from the d^2 without replacement."""
    spread = variance * d * (d * d - d) / max(d * d - 1, 1)
    return (trace - d * mean) / math.sqrt(spread) if spread > 0 else 0.0


def _best(entries: Floats) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """For each row the column that a permutation matrix nearest to the entries has its 1 in."""
    from scipy.optimize import linear_sum_assignment

    columns: np.ndarray[tuple[int], np.dtype[np.int64]] = linear_sum_assignment(entries, maximize=True)[1]
    return columns


def _shuffled(entries: Floats, length: float, seed: int) -> float:
    generator = devices.numpy_generator(seed, "best permutation")
    d, found = len(entries), []
    for _ in range(SHUFFLES if d < WIDE else 1):
        mixed = generator.permutation(entries.ravel()).reshape(d, d)
        found.append(float(mixed[np.arange(d), _best(mixed)].sum()) / (math.sqrt(d) * length))
    return max(found)
