"""The singular values of the difference, binned for the figure, with the law that noise would follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netaudit.comparing.payload import DifferenceCurve
from netaudit.numerics.laws import marchenko_pastur, spikes
from netaudit.results.payload import curve_values

Floats = NDArray[np.float64]

FEWEST = 20
"""Singular values below which there is nothing to bin."""
_BINS, _POINTS = 40, 100
_ROOM = 1.6
"""Where the figure ends, in edges of the law: spikes beyond are counted."""


def difference_curve(values: Floats, m: int, n: int) -> DifferenceCurve | None:
    """Bin the singular values ``[p]`` of an ``[m, n]`` matrix; the level of the noise is that without spikes."""
    if values.size < FEWEST:
        return None
    sigma = spikes.find(values, m, n).sigma
    if not sigma:
        return None
    q = marchenko_pastur.aspect(m, n)
    low, high = marchenko_pastur.support(q)
    scaled = values / (sigma * np.sqrt(max(m, n)))
    edges = np.linspace(0.0, _ROOM * high, _BINS + 1)
    counts, _ = np.histogram(scaled, edges)
    u = np.linspace(low, high, _POINTS)
    return DifferenceCurve(
        edges=curve_values(edges),
        density=curve_values(counts / (values.size * np.diff(edges))),
        u=curve_values(u),
        law=curve_values(marchenko_pastur.pdf(u, q)),
        beyond=int((scaled > edges[-1]).sum()),
    )
