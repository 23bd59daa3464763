"""Everything about a layer's entries that needs all of them: moments, order statistics and counts, by one sort.

The order of the entries in A ``[m, n]`` does not count here, and A may have any shape.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics.laws.alternatives import EDGES, Counts

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]

_CHUNK = 1 << 18
"""Entries converted to float64 at a time: 2 MB stay in the cache of a core."""
_HALVED = 1 << 22
"""Number of entries from which a second thread saves more than it costs."""
_KEPT = 1 << 20
"""Order statistics that are kept: ranks are then exact to 1e-6."""
_MOST_LEVELS = 1024
"""Different values that are listed: four times what eight bits have."""


@dataclass(frozen=True)
class Entries:
    """Moments and order statistics of the entries of one layer, in float64."""

    count: int
    """m n, the number of entries."""
    mean: float
    std: float
    """Population standard deviation around the mean: sigma."""
    skewness: float
    """Third central moment / std^3: 0 for a symmetric law."""
    excess_kurtosis: float
    """Fourth central moment / std^4 - 3: 0 for a Gaussian."""
    probability: Floats
    """(rank - 1/2) / count of the kept order statistics, ``[kept]``, at most a million of them."""
    z: Floats
    """The kept order statistics ``[kept]``, ascending, as (w - mean) / std."""
    before: Floats
    """(rank - 1) / count, ``[kept]``: the empirical distribution function just below each kept value."""
    after: Floats
    """rank / count, ``[kept]``: the empirical distribution function at each kept value."""
    share_beyond_4std: float
    """Share of the entries further than 4 std from the mean."""
    largest: float
    """Largest distance of an entry from the mean, in std."""
    zeros: int
    """Number of entries that are exactly 0, such as pruned ones."""
    nonzero: Counts
    """The other entries in bins."""
    unit: float
    """The power of two in which the layer is measured: its largest entry lies in [1, 2) of it, up to the sign."""
    centre: float
    """The mean in that unit. ``mean`` and ``std`` are exact multiples where float64 has room for them."""
    spread: float
    """The standard deviation in that unit."""
    beside_zero: int
    """How often the more frequent of the two values next to 0 comes, from below and from above."""
    levels: Floats | None
    """The different values, ascending, where there are at most 1,024 of them; None otherwise."""

    @property
    def mean_over_std(self) -> float:
        """mean / std, where the weights' own unit may have no room for either."""
        return self.centre / self.spread

    @property
    def log10_std(self) -> float:
        """log10(std), likewise."""
        return float(np.log10(self.spread) + np.log10(2) * np.log2(self.unit))


def describe(weight: Tensor) -> Entries | str:
    """Describe the entries of a weight of any shape and floating dtype, or say in words why they cannot be described.

    They cannot where there are none, where one is NaN or infinite, and where all are equal.
    """
    if not weight.numel():
        return "the weight is empty"
    values = _ascending(_numpy(weight))
    if not np.isfinite(values[[0, -1]]).all():  # NaN sorts last
        return "the weight holds NaN or infinite values"
    if values[0] == values[-1]:
        return f"every weight is the constant {float(values[0]):.6g}"
    # a power of two, so that nothing is rounded: fourth powers of very large or small weights would not be finite
    unit = float(np.ldexp(1.0, int(np.frexp(max(abs(float(values[0])), abs(float(values[-1]))))[1]) - 1))

    middle = float(values[values.size // 2]) / unit
    shift, *raw = map(float, _power_sums(values, unit, middle) / values.size)
    centre = middle + shift
    # around the median, which lies within a standard deviation of the mean: no digit that counts is lost
    second = raw[0] - shift**2
    third = raw[1] - 3 * shift * raw[0] + 2 * shift**3
    fourth = raw[2] - 4 * shift * raw[1] + 6 * shift**2 * raw[0] - 3 * shift**4
    spread = float(np.sqrt(second))
    mean, std = centre * unit, spread * unit

    ranks = np.append(np.arange(0, values.size - 1, -(-values.size // _KEPT)), values.size - 1)
    ends = float(values[0]) / unit, float(values[-1]) / unit
    low, high = (float(np.clip(centre + side * 4 * spread, *ends)) * unit for side in (-1, 1))
    as_stored = values.dtype.type  # a float64 would have searchsorted convert the whole array
    below = np.searchsorted(values, as_stored(low), "left")
    above = np.searchsorted(values, as_stored(high), "right")
    first_zero, last_zero = (int(np.searchsorted(values, as_stored(0), side)) for side in ("left", "right"))
    return Entries(
        count=values.size,
        mean=mean,
        std=std,
        skewness=float(third / spread**3),
        excess_kurtosis=float(fourth / second**2 - 3),
        probability=(ranks + 0.5) / values.size,
        z=(values[ranks].astype(np.float64) / unit - centre) / spread,
        before=ranks / values.size,
        after=(ranks + 1) / values.size,
        share_beyond_4std=float(below + values.size - above) / values.size,
        largest=max(float(values[-1]) / unit - centre, centre - float(values[0]) / unit) / spread,
        zeros=last_zero - first_zero,
        nonzero=_count(values, unit, centre, second, first_zero, last_zero),
        unit=unit,
        centre=float(centre),
        spread=spread,
        beside_zero=_beside(values, first_zero, last_zero),
        levels=_levels(values),
    )


def _levels(values: NDArray[np.floating]) -> Floats | None:
    """Return the different ones of ascending values, or None where there are more than ``_MOST_LEVELS``."""
    # of more values than levels, evenly spread over the ranks, two are equal
    some = values[np.linspace(0, values.size - 1, min(values.size, _MOST_LEVELS + 1)).astype(np.int64)]
    if some.size > _MOST_LEVELS and (some[1:] > some[:-1]).all():
        return None
    found: list[float] = []
    at = 0
    while at < values.size:
        if len(found) == _MOST_LEVELS:
            return None
        found.append(float(values[at]))
        at = int(np.searchsorted(values, values[at], "right"))
    return np.array(found)


def _beside(values: NDArray[np.floating], first_zero: int, last_zero: int) -> int:
    """Return how often the values next to the zeros at ``[first_zero, last_zero)`` come, the larger of the two."""
    below = first_zero - int(np.searchsorted(values, values[first_zero - 1], "left")) if first_zero else 0
    above = int(np.searchsorted(values, values[last_zero], "right")) - last_zero if last_zero < values.size else 0
    return max(below, above)


def _power_sums(values: NDArray[np.floating], unit: float, middle: float) -> Floats:
    """Return the sums of the first four powers of values / unit - middle, ``[4]``; each half of the values on a
    core."""

    def of(part: NDArray[np.floating]) -> Floats:
        sums, rows = np.zeros(4), np.empty((2, min(_CHUNK, part.size)))
        for start in range(0, part.size, _CHUNK):
            chunk = part[start : start + _CHUNK]
            away, power = rows[:, : chunk.size]  # new memory costs time
            np.divide(chunk, unit, out=away, dtype=np.float64)
            away -= middle
            np.multiply(away, away, out=power)
            sums[:2] += away.sum(), power.sum()  # no dot products: the threads of a BLAS wait for each other
            away *= power
            power *= power
            sums[2:] += away.sum(), power.sum()
        return sums

    half = values.size // 2
    if values.size < _HALVED:
        return of(values)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(of, (values[:half], values[half:]))
    total: Floats = first + second
    return total


def _count(
    values: NDArray[np.floating], unit: float, centre: float, second: float, first_zero: int, last_zero: int
) -> Counts:
    """Bin the values that are not 0, from the order of all values and their moments in units of ``unit``."""
    zeros = last_zero - first_zero
    count = values.size - zeros
    share = values.size / count
    mean = centre * share
    std = float(np.sqrt(max((second + centre**2) * share - mean**2, 0.0)))
    equal = std <= 1e-6 * abs(mean)  # one non-zero value, up to rounding: all of it in one bin
    if equal:
        std = abs(mean)
    largest = float(np.finfo(values.dtype).max)
    with np.errstate(over="ignore"):  # a bin beyond the largest number there is
        edges = np.clip((EDGES * std + mean) * unit, -largest, largest).astype(values.dtype)
    starts = np.concatenate([[0], np.searchsorted(values, edges), [values.size]])
    before = starts - np.clip(starts - first_zero, 0, zeros)  # the zeros taken out
    counts = np.diff(before)
    middle = count // 2 if count // 2 < first_zero else count // 2 + zeros  # of the values that are not 0
    sums = np.array([_sum(values[start:end], unit) for start, end in pairwise(starts)])
    bin_of = int(np.searchsorted(starts, middle, "right")) - 1
    below = sums[:bin_of].sum() + _sum(values[starts[bin_of] : middle], unit)
    median = float(values[middle]) / unit
    above, left = float(sums.sum() - below), count // 2
    deviation = (above - (count - left) * median) - (below - left * median)
    ends = [
        float(values[0 if first_zero else last_zero]),
        float(values[-1 if last_zero < values.size else first_zero - 1]),
    ]
    lowest, highest = ((end / unit - mean) / std for end in ends)
    return Counts(
        mean=mean * unit,
        std=std * unit,
        counts=counts.astype(np.float64),
        means=np.where(counts > 0, (sums / np.maximum(counts, 1) - mean) / std, 0.0),
        lowest=lowest,
        highest=highest,
        median=(median - mean) / std,
        mean_deviation=0.0 if equal else float(deviation) / (count * std),
    )


def _sum(values: NDArray[np.floating], unit: float) -> float:
    """Return the sum of values / unit, in float64 and without a copy of them all."""
    chunks = (values[start : start + _CHUNK] for start in range(0, values.size, _CHUNK))
    return float(sum(np.divide(chunk, unit, dtype=np.float64).sum() for chunk in chunks))


def _ascending(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return a copy of the values in ascending order, NaN last; the lower and the upper half on a core each."""
    ordered = values.copy()
    half = ordered.size // 2
    if ordered.size < _HALVED:
        ordered.sort()
    else:
        ordered.partition(half)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(np.ndarray.sort, (ordered[:half], ordered[half:])))
    return ordered


def _numpy(weight: Tensor) -> NDArray[np.floating]:
    """Return the entries as a flat NumPy array: float64 stays, and bfloat16, float16 and float8 fit float32 exactly."""
    import torch

    dtype = torch.float64 if weight.dtype == torch.float64 else torch.float32
    values: NDArray[np.floating] = weight.reshape(-1).to(dtype).numpy()
    return values
