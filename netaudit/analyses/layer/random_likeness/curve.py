"""The singular values of a layer at three rungs, binned for the figure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netaudit.analyses.layer.random_likeness.payload import MOST_DRAWN, LadderCurve
from netaudit.numerics.directions import RandomPart
from netaudit.numerics.laws import marchenko_pastur
from netaudit.results.payload import curve_values

Floats = NDArray[np.float64]

_PAST_THE_EDGE = 1.25
"""Where the bins end, in units of the law's edge."""


def ladder_curve(stored: Floats, part: RandomPart, m: int, n: int) -> LadderCurve:
    """Bin the values of A - mean(A), of B, and of B without its directions, each in its own u = s / (sigma sqrt N)."""
    q, unit, r = marchenko_pastur.aspect(m, n), np.sqrt(max(m, n)), part.count
    low, high = marchenko_pastur.support(q)
    whole = float(np.sqrt(np.sum(part.values**2) / (m * n)))
    samples = (
        stored / unit,
        part.values / (whole * unit),
        part.bulk / (part.sigma * np.sqrt(max(m, n) - r)),
    )
    start = max(0.0, min(low, *(float(sample[0]) for sample in samples)))
    edges = np.linspace(start, _PAST_THE_EDGE * high, int(np.clip(stored.size // 8, 16, 80)) + 1)
    at = low + (high - low) * (1 - np.cos(np.linspace(0, np.pi, 201))) / 2
    densities = [np.histogram(sample, edges)[0] / (sample.size * np.diff(edges)) for sample in samples]
    beyond = [int(np.sum(sample > edges[-1])) for sample in samples]
    return LadderCurve(
        edges=curve_values(edges),
        as_stored=curve_values(densities[0]),
        scaled=curve_values(densities[1]),
        without_directions=curve_values(densities[2]),
        beyond=(beyond[0], beyond[1], beyond[2]),
        u=curve_values(at),
        law=curve_values(marchenko_pastur.pdf(at, q)),
        directions=curve_values(part.directions.values[:MOST_DRAWN] / (part.sigma * unit)),
    )
