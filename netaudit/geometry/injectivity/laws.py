"""What is known about random layers: how often they are injective, and how many active units can be inverted.

The exact laws hold for rows drawn independently from any continuous law that gives x and -x the same weight.
"""

from __future__ import annotations

from math import comb

GAUSSIAN_THRESHOLD = 6.70
"""Rows per input above which large Gaussian layers are injective on all of R^n: 6.6979 to 6.6981 by the replica method
with full symmetry breaking (A. Maillard, A. Bandeira, D. Belius, I. Dokmanic and S. Nakajima 2023, arXiv:2302.14112;
not a theorem). The same paper proves 7.65 from above; Puthawala et al. 2022 prove 3.4 from below."""


def chance_injective(m: int, n: int) -> float | None:
    """The chance that a random layer of n = 1 or 2 inputs is injective on all of R^n without a bias; None beyond.

    n = 1: two signs must occur, 1 - 2^(1-m). n = 2: 1 - m (m - 2) / 2^(m-1) from 4 rows on, found by enumeration of
    the sign patterns for m up to 12, and equal to it.

    >>> chance_injective(8, 2), chance_injective(3, 1), chance_injective(3, 2)
    (0.625, 0.75, 0.0)
    """
    if m < 2 * n:
        return 0.0
    if n == 1:
        return 1 - 2.0 ** (1 - m)
    return 1 - m * (m - 2) / 2.0 ** (m - 1) if n == 2 else None


def chance_not_one_sided(m: int, n: int) -> float:
    """The chance that no input makes all rows negative: J. G. Wendel 1962, Mathematica Scandinavica 11, 109-111.

    1 - 2^(1-m) sum_{k<n} C(m - 1, k).

    >>> chance_not_one_sided(3, 2), chance_not_one_sided(2, 2)
    (0.25, 0.0)
    """
    below = sum(comb(m - 1, k) for k in range(n))
    return (2 ** (m - 1) - below) / 2 ** (m - 1) if m else 0.0


def k_budget(rows: int) -> int:
    """How many units may be active at once for the layer to be inverted exactly, by a rule of thumb.

    Two inputs with k active units each span 2k dimensions, on which a Gaussian layer is injective when it has more than
    6.70 rows a dimension: k < rows / (2 * 6.70). It treats the one pair of supports as if it were drawn before the
    layer, so it is a heuristic, not a bound. For the shadow direction ``rows`` are the layer's inputs.

    >>> k_budget(4096), k_budget(9216), k_budget(25088)
    (305, 687, 1872)
    """
    return int(rows / (2 * GAUSSIAN_THRESHOLD))
