"""Each rung of the ladder, judged: a null, how far the layer is from it, and whether it holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from netaudit.analyses.judging import judge, widened
from netaudit.analyses.layer.random_likeness.payload import (
    FEW_SINGLE_WEIGHTS,
    RATIO_TOLERANCE,
    SPREAD_TOLERANCE,
    TOLERANCE,
    Reason,
    Rung,
    RungName,
    RungVerdict,
    SetAside,
)
from netaudit.numerics.directions import RandomPart
from netaudit.numerics.gaussian_spectra import gaussian_spectra
from netaudit.numerics.laws import local, marchenko_pastur, spikes
from netaudit.numerics.laws.distances import ks
from netaudit.results.payload import Condition, six_digits

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]

_RATIO_NOISE = 2.576 * 0.246
"""99 % point of the noise of one spacing ratio, whose standard deviation is 0.246 over random matrices (measured)."""
_MOST_WIDENED = 0.072
"""Largest tolerance of the spacing ratio: half way from random matrices to values that do not know of each other."""


@dataclass(frozen=True, eq=False)
class Remainder:
    """What is left of a layer once its special weights are set aside."""

    weight: Tensor
    """``[m, n]``."""
    set_aside: SetAside
    values: Floats
    """Singular values of the weight without its mean, in standard deviations of its entries, ascending."""
    error: float
    """Bound of the error of their distribution function."""
    seed: int
    orthogonal: bool
    """Whether the rows or columns of the smaller side are orthogonal."""

    @property
    def shape(self) -> tuple[int, int]:
        """``(m, n)``."""
        return self.weight.shape[0], self.weight.shape[1]


@cache
def law_noise(seed: int, m: int, n: int) -> float:
    """Return the 99 % quantile of the distance to the law over Gaussian ``[m, n]`` matrices."""
    q, unit = marchenko_pastur.aspect(m, n), np.sqrt(max(m, n))
    return float(np.quantile([ks(marchenko_pastur.cdf(s / unit, q)) for s in gaussian_spectra(seed, m, n)], 0.99))


def as_drawn(rest: Remainder) -> Rung:
    """Independent entries of one variance, up to a mean: the spectrum of A - mean(A) alone decides."""
    m, n = rest.shape
    return _of_law("as_drawn", rest, rest.values, 1.0, (m, n), rest.error, spikes.find(rest.values, m, n).count)


def unit_scales(rest: Remainder, part: RandomPart | None) -> Rung:
    """The same once each row and each column is scaled to one mean square."""
    if part is None or rest.set_aside.single_weights > FEW_SINGLE_WEIGHTS:
        # heavy tails: weights that carry the scale of their row and column would be scaled away with them
        reason: Reason = "no_unit_scales" if part is None else "single_weights"
        return Rung(name="unit_scales", verdict="not_judged", reason=reason)
    m, n = rest.shape
    sigma = float(np.sqrt(np.sum(part.values**2) / (m * n)))
    return _of_law("unit_scales", rest, part.values, sigma, (m, n), part.error, part.count)


def directions(rest: Remainder, part: RandomPart | None) -> Rung:
    """The same once the r directions are left out as well."""
    if part is None or not part.count:
        reason: Reason = "no_unit_scales" if part is None else "no_directions"
        return Rung(name="directions", verdict="not_judged", reason=reason)
    (m, n), r = rest.shape, part.count
    if part.low_rank:
        return Rung(name="directions", verdict="fails", directions=r, reason="no_bulk")
    # the noise of the distance is that of a spectrum with its own variance; the median rule would add half as much
    sigma = float(np.sqrt(np.sum(part.bulk**2) / ((m - r) * (n - r))))
    rung = _of_law("directions", rest, part.bulk, sigma, (m - r, n - r), part.error, 0)
    if r >= min(m, n) // 2:
        rung = replace(rung, verdict="fails", reason="no_bulk")
    elif not part.settled:
        rung = replace(rung, verdict="undecided", reason="not_settled")
    return replace(rung, directions=r)


def _of_law(
    name: RungName,
    rest: Remainder,
    values: Floats,
    sigma: float,
    shape: tuple[int, int],
    error: float,
    beyond: int,
) -> Rung:
    """Ask whether singular values follow the law of noise of that level and shape, with none beyond its edge."""
    # the distance of a random matrix goes as one over its smaller side
    noise, longer = law_noise(rest.seed, *rest.shape) * min(rest.shape) / min(shape), np.sqrt(max(shape))
    distance = ks(marchenko_pastur.cdf(values / (sigma * longer), marchenko_pastur.aspect(*shape)))
    tolerance = widened(TOLERANCE, noise)
    interval = six_digits(max(0.0, distance - noise - error)), six_digits(distance + noise + error)
    return Rung(
        name=name,
        verdict="fails" if beyond else _verdict(judge("distance", distance, interval, (None, tolerance))),
        distance=six_digits(distance),
        interval=interval,
        tolerance=tolerance,
        null_q99=noise,
        directions=beyond,
        reason="has_directions" if beyond else None,
    )


def locally(rest: Remainder, part: RandomPart | None, ratio: local.Ratio | None, spread: float | None) -> Rung:
    """Only the spacings and the vectors of the bulk are those of a random matrix, whatever the density."""
    reason: Reason | None = None
    if rest.orthogonal:
        return Rung(name="local", verdict="fails", reason="orthogonal")
    if part is not None and part.low_rank:
        return Rung(name="local", verdict="fails", reason="no_bulk")
    if part is None:
        reason = "no_unit_scales"
    elif part.error:
        reason = "estimated_values"
    elif ratio is None:
        reason = "few_values"
    if reason is not None or ratio is None:
        return Rung(name="local", verdict="not_judged", reason=reason)
    low, high = ratio.low - local.RANDOM_RATIO, ratio.high - local.RANDOM_RATIO
    least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    interval = six_digits(least), six_digits(max(abs(low), abs(high)))
    tolerance = six_digits(min(max(RATIO_TOLERANCE, 2 * _RATIO_NOISE / np.sqrt(ratio.count)), _MOST_WIDENED))
    found = _verdict(judge("distance", abs(ratio.mean - local.RANDOM_RATIO), interval, (None, tolerance)))
    gathered = spread is not None and abs(spread / 3 - 1) > SPREAD_TOLERANCE
    return Rung(
        name="local",
        verdict="fails" if gathered else found,
        distance=six_digits(abs(ratio.mean - local.RANDOM_RATIO)),
        interval=interval,
        tolerance=tolerance,
        reason="gathered_vectors" if gathered else None,
    )


def _verdict(condition: Condition) -> RungVerdict:
    return "not_judged" if condition.verdict == "not_applicable" else condition.verdict
