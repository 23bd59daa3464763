"""The ladder of nulls: what has to be set aside before a random matrix is left of a layer?

Each rung is a null that sets more aside than the one before: nothing, the scales of the units, r directions, the
density. The first that holds is the answer, with the share of the layer that is random-like there. A network and the
same network with rescaled, permuted or transposed weights get the same answer from ``unit_scales`` on.

Source: docs/method.md, "Random-like, up to what"; :mod:`netaudit.numerics.directions`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer.random_likeness import rungs
from netaudit.analyses.layer.random_likeness.curve import ladder_curve
from netaudit.analyses.layer.random_likeness.payload import (
    APART,
    MOST_DESCRIBED,
    SMALLEST_SIDE,
    Direction,
    RandomLikeness,
    Rung,
    RungOrUndecided,
    SetAside,
)
from netaudit.analyses.layer.random_likeness.profile import variance_profile
from netaudit.analyses.layer.random_likeness.signs import fewest_directions
from netaudit.numerics.directions import RandomPart, bulk_vectors, random_part
from netaudit.numerics.laws import local, spikes
from netaudit.numerics.scales import NoUnitScales
from netaudit.numerics.special_weights import SpecialWeights
from netaudit.results.payload import NotApplicable, six_digits

Floats = NDArray[np.float64]

_TOP_ROWS = 0.01
"""Share of the outputs whose part in a direction's vector is given, as for the spikes of the singular value law."""
_CONSTANT = 0.5
"""Squared cosine with a constant vector from which a direction is the common mode: more than half of it."""
_ROUNDING = 1e-6
"""Singular values below this share of the largest are rounding: their spacings say nothing."""


def measure(context: LayerContext) -> RandomLikeness | NotApplicable:
    """Find the rung on which one layer stands."""
    left, special = context.remainder, context.special_weights
    m, n = left.shape
    if min(m, n) < SMALLEST_SIDE:
        of_what = "" if (m, n) == context.shape else " of what is left without special weights"
        return NotApplicable(f"The smaller side{of_what} is below {SMALLEST_SIDE}.")
    if left.unusable is not None:
        return NotApplicable(f"Special weights set aside, {left.unusable}.")
    weight, aside, spectrum = left.own_scale.weight, _set_aside(special), left.spectrum
    if weight.dtype.itemsize == 1:  # float8, which PyTorch compares and multiplies nowhere
        weight = weight.float()
    orthogonal = special.orthogonal is not None
    rest = rungs.Remainder(weight, aside, spectrum.centred, spectrum.error, context.seed, orthogonal)
    try:
        known = left.unit_scales if weight is left.layer.weight else None
        part: RandomPart | None = random_part(weight, context.device, context.seed, known)
    except NoUnitScales:
        part = None
    found = [rungs.as_drawn(rest), rungs.unit_scales(rest, part), rungs.directions(rest, part)]
    ratio = None if part is None or part.error else local.spacing_ratio(_apart(part.bulk))
    spread = None
    if part is not None and ratio is not None and not rest.orthogonal and not _holding(found):
        spread = local.participation(bulk_vectors(weight, part, context.device, context.seed))
    found.append(rungs.locally(rest, part, ratio, spread))
    open_ones = [each for each in found if each.verdict == "undecided"] or found[-1].verdict == "not_judged"
    rung = _holding(found) or ("undecided" if open_ones else "none")
    found.append(Rung(name="none", verdict="holds" if rung == "none" else "fails"))
    least, draws = (0, 0) if part is None else fewest_directions(weight, part, context.device, context.seed)
    count = part.count if part is not None and rung == "directions" else 0
    return RandomLikeness(
        rung=rung,
        directions=count if rung in ("as_drawn", "unit_scales", "directions") else None,
        random_like_share=_share(rung, part),
        interval=None if part is None or not count else _range(part, least),
        directions_interval=(least, count) if count - least > APART * count else None,
        directions_least=least if part is not None else None,
        sign_draws=draws,
        rungs=tuple(found),
        set_aside=aside,
        row_scales_spread=None if part is None else six_digits(float(np.std(np.log(part.scales.rows)))),
        column_scales_spread=None if part is None else six_digits(float(np.std(np.log(part.scales.columns)))),
        sigma=None if part is None else six_digits(part.sigma),
        spacing_ratio=None if ratio is None else six_digits(ratio.mean),
        spacing_interval=None if ratio is None else (six_digits(ratio.low), six_digits(ratio.high)),
        vector_spread=None if spread is None else six_digits(spread),
        strongest=() if part is None or part.low_rank else _described(part, m, n),
        variance_profile=variance_profile(rest, part, found) if rung in ("local", "none", "undecided") else None,
        curve=None if part is None or part.low_rank else ladder_curve(rest.values, part, m, n),
    )


def _set_aside(special: SpecialWeights) -> SetAside:
    return SetAside(
        dead_rows=int(special.dead_rows.sum()),
        dead_columns=int(special.dead_columns.sum()),
        duplicate_rows=int((special.duplicate_rows | special.constant_rows).sum()),
        duplicate_columns=int((special.duplicate_columns | special.constant_columns).sum()),
        single_weights=len(special.heavy),
    )


def _holding(found: list[Rung]) -> RungOrUndecided | None:
    return next((rung.name for rung in found if rung.verdict == "holds"), None)


def _share(rung: RungOrUndecided, part: RandomPart | None) -> float | None:
    if rung == "directions" and part is not None:
        return six_digits(part.share_without(part.count))
    return {"as_drawn": 1.0, "unit_scales": 1.0, "none": 0.0}.get(rung)


def _range(part: RandomPart, least: int) -> tuple[float, float]:
    """Return the share with one direction more, and with one fewer or as few as the lower bound."""
    fewest = min(least, part.count - 1)
    return six_digits(part.share_without(part.count + 1)), six_digits(part.share_without(fewest))


def _apart(bulk: Floats) -> Floats:
    """Return the values that are more than rounding."""
    return np.asarray(bulk[bulk > _ROUNDING * bulk[-1]])


def _described(part: RandomPart, m: int, n: int) -> tuple[Direction, ...]:
    found = part.directions.first(MOST_DESCRIBED)
    top = max(1, round(_TOP_ROWS * m))
    weights = np.sort(found.left**2, axis=0)[-top:].sum(axis=0)
    constant = found.left.sum(axis=0) ** 2 / m
    strengths = spikes.strength(found.values, part.sigma, m, n)
    shares = found.values**2 / np.sum(part.values**2)
    return tuple(
        Direction(six_digits(strength), six_digits(share), six_digits(weight), bool(together > _CONSTANT))
        for strength, share, weight, together in zip(strengths, shares, weights, constant, strict=True)
    )
