"""Correcting p-values for how many there are."""

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values, in the order of ``p_values``.

    Rejecting those that are at most a keeps the chance of any false alarm at a, whatever the dependence between them.
    The i-th smallest of k is multiplied by k - i + 1, and a running maximum keeps the order.

    Source: S. Holm, Scand. J. Statist. 6 (1979) 65.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)))
    return [float(value) for value in adjusted]
