"""Beside the ladder: do independent entries whose variances follow a smooth profile have these singular values?

Where a layer has unit scales, no estimate is needed. At these scales the profile's rows and columns all have the mean
1, whatever it is inside, and the law is Marchenko and Pastur's: the last rung has measured the distance to it. A layer
without unit scales, such as one with blocks or a triangle of zeros, has another law, which is solved for.

Source: docs/method.md, "A profile of variances"; :mod:`netaudit.numerics.laws.variance_profile`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.analyses.judging import judge, widened
from netaudit.analyses.layer.random_likeness.payload import (
    SMALLEST_SIDE,
    TOLERANCE,
    ProfileCurve,
    ProfileVerdict,
    Rung,
    RungVerdict,
    VarianceProfile,
)
from netaudit.analyses.layer.random_likeness.rungs import Remainder
from netaudit.numerics import device as devices
from netaudit.numerics.directions import RandomPart
from netaudit.numerics.laws import marchenko_pastur
from netaudit.numerics.laws.variance_profile import ProfileLaw, distance, law, places
from netaudit.numerics.variance_profile import Profile, estimate, refit, without_scales
from netaudit.results.payload import curve_values, six_digits

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]

_MOST_ENTRIES = 1 << 17
"""Entries of the part that is judged, 362 x 362. A random part of a matrix with a profile has the same law at the same
ratio of sides, and its own noise is a quarter of the tolerance."""
_DRAWS = (9, 49)
"""Fewest and most matrices drawn from the profile. The tolerance of a small layer widens to twice their 99 % quantile,
beyond half of which one in ten layers lies with nine draws and one in thirty with 49."""
_WORK = 1 << 20
"""Bound of the entries of all draws together, between these two."""
_REFITTED = 30
"""Updates of a drawn matrix's profile, which starts from the true one."""
_VERDICTS: dict[RungVerdict, ProfileVerdict] = {
    "holds": "follows",
    "fails": "does_not_follow",
    "undecided": "undecided",
    "not_judged": "not_judged",
}


def variance_profile(rest: Remainder, part: RandomPart | None, found: Sequence[Rung]) -> VarianceProfile:
    """Compare what the rungs ``found`` could not explain with the law of a profile of variances."""
    if rest.orthogonal:
        return VarianceProfile(verdict="not_judged", reason="orthogonal")
    if part is None:
        return _estimated(rest)
    if part.low_rank:
        return VarianceProfile(verdict="not_judged", reason="no_bulk")
    judged = {rung.name: rung for rung in found if rung.distance is not None}
    last = judged.get("directions")
    if last is None or last.reason == "no_bulk":  # so many values beyond the edge are no directions
        last = judged.get("unit_scales")
    if last is None or last.interval is None or last.tolerance is None:
        return VarianceProfile(verdict="not_judged", reason="single_weights")
    verdict = _VERDICTS[last.verdict]
    if last.reason == "has_directions" and last.interval[0] <= last.tolerance:
        verdict = "undecided"
    return VarianceProfile(
        verdict=verdict,
        distance=last.distance,
        interval=last.interval,
        tolerance=last.tolerance,
        null_q99=last.null_q99,
        reason="unit_scales",
    )


def _estimated(rest: Remainder) -> VarianceProfile:
    """Judge a layer without unit scales by the law of its own profile."""
    generator = devices.numpy_generator(rest.seed, "variance profile", *map(str, sorted(rest.shape)))
    A = _part(rest.weight, generator)
    if min(A.shape) < SMALLEST_SIDE:
        return VarianceProfile(verdict="not_judged", reason="few_values")
    shape = None if sorted(A.shape) == sorted(rest.shape) else (len(A), A.shape[1])
    if shape and rest.shape[0] > rest.shape[1]:
        shape = shape[::-1]
    scaled = without_scales(A)
    if not np.isfinite(scaled).all():
        return VarianceProfile(verdict="not_judged", reason="not_solved", shape=shape)
    profile = estimate(scaled**2, generator)
    own, values, u, whole = _away(scaled, profile)
    null, solved = [], whole.solved
    for _ in range(int(np.clip(_WORK // A.size, *_DRAWS))):
        drawn = generator.standard_normal(A.shape) * np.sqrt(profile.variances)
        away, _, _, found = _away(drawn, refit(drawn**2, profile, iterations=_REFITTED))
        null.append(away)
        solved = solved and found.solved
    if not solved:
        return VarianceProfile(verdict="not_judged", reason="not_solved", components=profile.components, shape=shape)
    noise = six_digits(float(np.quantile(null, 0.99)))
    interval, tolerance = (six_digits(max(0.0, own - noise)), six_digits(own + noise)), widened(TOLERANCE, noise)
    verdict = judge("distance", own, interval, (None, tolerance)).verdict
    return VarianceProfile(
        verdict="not_judged" if verdict == "not_applicable" else _VERDICTS[verdict],
        components=profile.components,
        distance=six_digits(own),
        interval=interval,
        tolerance=tolerance,
        null_q99=noise,
        shape=shape,
        curve=_curve(values, u, whole, A.shape),
    )


def _part(weight: Tensor, generator: np.random.Generator) -> Floats:
    """Return the weight, or as many random rows and columns in its ratio, the smaller side first; none all zero."""
    A = weight.T if weight.shape[0] > weight.shape[1] else weight
    share = np.sqrt(_MOST_ENTRIES / A.numel())
    if share < 1:
        rows, columns = (np.sort(generator.choice(side, max(1, round(share * side)), False)) for side in A.shape)
        A = A[rows.tolist()][:, columns.tolist()]
    part = A.double().cpu().numpy()
    while part.size and not ((part != 0).any(0).all() and (part != 0).any(1).all()):
        part = part[(part != 0).any(1)]
        part = part[:, (part != 0).any(0)]
    return np.ascontiguousarray(part)


def _away(scaled: Floats, profile: Profile) -> tuple[float, Floats, Floats, ProfileLaw]:
    """Return the distance to the profile's law, with the scaled singular values, and the law at its places."""
    values = np.linalg.svd(scaled, compute_uv=False)[::-1] / np.sqrt(max(scaled.shape))
    u = places(values, profile.W, profile.H)
    found = law(u, profile.W, profile.H)
    return distance(values, u, found), values, u, found


def _curve(values: Floats, u: Floats, found: ProfileLaw, shape: tuple[int, ...]) -> ProfileCurve:
    q = marchenko_pastur.aspect(*shape)
    edges = np.linspace(0.0, u[-1], int(np.clip(values.size // 8, 16, 80)) + 1)
    return ProfileCurve(
        edges=curve_values(edges),
        density=curve_values(np.histogram(values, edges)[0] / (values.size * np.diff(edges))),
        u=curve_values(u),
        law=curve_values(found.pdf),
        marchenko_pastur=curve_values(marchenko_pastur.pdf(u, q)),
    )
