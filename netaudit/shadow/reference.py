"""The slow, obvious twin of :mod:`netaudit.shadow.inversion` for the tests: loops over one vector, in float64."""

import numpy as np
from numpy.typing import NDArray

from netaudit.shadow.inversion import DRAW_METRICS, GridDraws

Floats = NDArray[np.float64]


def invert_one(A: Floats, sigma: float, cell: GridDraws, draw: int) -> dict[str, float]:
    """Return the metrics of one draw of one cell by name, for A ``[m, n]`` as it is stored, mean included.

    ``sigma`` is the standard deviation of A's entries, which the scale 2 / (rho n sigma^2) of the shadow needs.
    """
    m, n = A.shape
    support = [int(i) for i in cell.h.support[draw]]
    h = np.zeros(m)
    for i, value in zip(support, cell.h.values[draw], strict=True):
        h[i] = float(value)
    norm2 = sum(float(v) ** 2 for v in h)
    s = np.sqrt(2 * norm2 / (cell.rho * n))

    x = np.zeros(n)
    for j in range(n):
        if cell.mask[draw, j] > 0:
            x[j] = max(0.0, 2 / (cell.rho * n * sigma**2) * sum(A[i, j] * h[i] for i in support))
    z = np.array([float(np.dot(A[i], x)) for i in range(m)])

    off = [i for i in range(m) if i not in set(support)]
    soft, hard = cell.prediction.offset * s, cell.prediction.threshold * s
    above = [i for i in range(m) if z[i] > hard]
    hits = [i for i in above if i in support]
    wins = sum(1.0 if z[i] > z[j] else 0.5 if z[i] == z[j] else 0.0 for i in support for j in off)
    metrics = (
        sum(z[i] * h[i] for i in range(m)) / norm2,
        sum(z[j] ** 2 for j in off) / len(off) / s**2,
        sum((max(0.0, z[i] - soft) - h[i]) ** 2 for i in range(m)) / norm2,
        sum((max(0.0, z[i]) - h[i]) ** 2 for i in range(m)) / norm2,
        sum(((z[i] if z[i] > hard else 0.0) - h[i]) ** 2 for i in range(m)) / norm2,
        wins / (len(support) * len(off)),
        len(hits) / max(1, len(above)),
        len(hits) / len(support),
    )
    return {name: float(metric) for name, metric in zip(DRAW_METRICS, metrics, strict=True)}
