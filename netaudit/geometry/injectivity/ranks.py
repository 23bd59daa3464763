"""Whether some rows of a layer span R^n: proved by their number, with a margin in float64, or in integers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netaudit.geometry.injectivity import exact
from netaudit.geometry.injectivity.rows import Rows

if TYPE_CHECKING:
    from netaudit.geometry.injectivity.arrays import Indices

IN_INTEGERS = 2_000_000
"""Largest (number of rows) x n^2 for which a rank is computed in integers: about a second."""


def spans(rows: Rows, chosen: Indices) -> bool:
    """Whether it is proved that the weights of the chosen rows (indices) span R^n."""
    if len(chosen) < rows.n:
        return False
    A = rows.linear[chosen]
    eigenvalues = np.linalg.eigvalsh(A.T @ A)
    # The product and eigvalsh are each exact for a matrix that far away, at most.
    doubt = 8 * len(A) * rows.n * float(np.finfo(np.float64).eps) * float(eigenvalues[-1])
    return bool(eigenvalues[0] > doubt) or (_small(rows, chosen) and _rank(rows, chosen) == rows.n)


def deficient(rows: Rows, chosen: Indices) -> bool:
    """Whether it is proved that the weights of the chosen rows (indices) do not span R^n."""
    return len(chosen) < rows.n or (_small(rows, chosen) and _rank(rows, chosen) < rows.n)


def _small(rows: Rows, chosen: Indices) -> bool:
    return len(chosen) * rows.n**2 <= IN_INTEGERS


def _rank(rows: Rows, chosen: Indices) -> int:
    return exact.rank([rows.integers(row)[: rows.n] for row in chosen.tolist()])
