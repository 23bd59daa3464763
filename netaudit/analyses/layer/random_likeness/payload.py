"""What is kept of the ladder of nulls: the rung on which a layer stands, and what was measured on each."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from netaudit.results.payload import (
    LARGEST,
    LONGEST_CURVE,
    Bounded,
    Count,
    Payload,
    Record,
    Share,
    increasing,
    same_length,
)

RungName = Literal["as_drawn", "unit_scales", "directions", "local", "none"]
RUNGS: tuple[RungName, ...] = ("as_drawn", "unit_scales", "directions", "local", "none")
"""From the one that sets nothing aside to the one that sets everything aside."""

RungOrUndecided = Literal["as_drawn", "unit_scales", "directions", "local", "none", "undecided"]

RungVerdict = Literal["holds", "fails", "undecided", "not_judged"]

ProfileVerdict = Literal["follows", "does_not_follow", "undecided", "not_judged"]

ProfileReason = Literal["unit_scales", "orthogonal", "no_bulk", "single_weights", "few_values", "not_solved"]

Reason = Literal[
    "single_weights",
    "no_unit_scales",
    "no_bulk",
    "not_settled",
    "has_directions",
    "no_directions",
    "estimated_values",
    "few_values",
    "gathered_vectors",
    "orthogonal",
]
"""Why a rung was not judged, or fails whatever its distance."""

TOLERANCE = 0.05
"""Of the distance to the law, as for the singular value law: five percentage points of probability. Convention of
netaudit: a Gaussian matrix lies at 2 / min(m, n) (0.006 at 512), an orthogonal one at 0.6."""
SMALLEST_SIDE = 32
"""Below, the law's own finite-size error is as large as any effect; that of the singular value law."""
RATIO_TOLERANCE = 0.05
"""Of the spacing ratio: a third of the way from random matrices (0.531) to values that do not know of each other
(0.386). Convention of netaudit."""
SPREAD_TOLERANCE = 0.25
"""Of the spread of the vectors, as a share of the 3 of random directions: of 157 published layers four in five lie
within a tenth (docs/method.md)."""
APART = 0.1
"""Relative difference of the two counts of directions from which ``directions`` carries an interval."""
FEW_SINGLE_WEIGHTS = 3
"""Single weights up to which ``unit_scales`` is judged on the others. A law with heavy tails makes more of them
(Student's t with 3 degrees 6 to 10 at 256 x 256), and scaling would hide those below the limit."""
MOST_DESCRIBED = 20
"""Directions that are stored one by one."""
MOST_DRAWN = 100
"""Directions that are stored for the figure."""

Values = Annotated[tuple[Bounded, ...], Meta(max_length=LONGEST_CURVE)]


class Rung(Record, frozen=True, kw_only=True):
    """One rung: a null, how far the layer is from it, and whether it holds."""

    name: RungName
    """``as_drawn``: independent entries of one variance, up to a mean. ``unit_scales``: the same once each row and
    column is scaled to one mean square. ``directions``: the same once r directions are left out as well. ``local``:
    only the spacings and the vectors of the bulk are those of a random matrix. ``none``: no rung before holds."""
    verdict: RungVerdict
    """Whether the rung holds."""
    distance: Bounded | None = None
    """Kolmogorov-Smirnov distance of the singular values that are left to the Marchenko-Pastur law; of ``local`` that
    of the mean spacing ratio to the one of random matrices."""
    interval: tuple[float, float] | None = None
    """Lowest and highest distance that the noise of random matrices of this shape allows for: plus or minus their 99 %
    quantile; of ``local`` from the 95 % interval of the mean over blocks."""
    tolerance: Bounded | None = None
    """Largest distance at which the rung holds, after any widening for a small layer."""
    null_q99: Bounded | None = None
    """99 % quantile of the distance over Gaussian matrices of the shape that is left: without r rows and columns at
    ``directions``."""
    directions: Count | None = None
    """Singular values beyond the edge of the noise at this rung."""
    reason: Reason | None = None
    """Why the rung was not judged, or what it fails by beside the distance."""


class Direction(Record, frozen=True):
    """One direction of the scaled matrix B that is no noise."""

    strength: Bounded
    """Of the signal behind it, in units of the detection threshold."""
    variance_share: Share
    """Share of B's squares that lies in its singular value."""
    top_rows_share: Share
    """Share of its vector's weight in the one percent of the outputs where it is largest."""
    common_mode: bool
    """Whether all outputs share it: its vector over the outputs is more than half a constant."""


class SetAside(Record, frozen=True):
    """What was left out before anything was judged."""

    dead_rows: Count = 0
    """Rows of zeros."""
    dead_columns: Count = 0
    """Columns of zeros."""
    duplicate_rows: Count = 0
    """Rows that equal an earlier one, or hold one value."""
    duplicate_columns: Count = 0
    """Columns that equal an earlier one, or hold one value."""
    single_weights: Count = 0
    """Single weights that make a spike of their own; they count as zero."""

    def left(self, m: int, n: int) -> int:
        """Return the number of weights that are left of ``[m, n]`` without these rows and columns."""
        rows, columns = m - self.dead_rows - self.duplicate_rows, n - self.dead_columns - self.duplicate_columns
        return max(rows, 0) * max(columns, 0)


class LadderCurve(Record, frozen=True):
    """Binned singular values at three rungs, each in u = s / (sigma sqrt N) of what is left, and the law."""

    edges: Values
    """Bin edges ``[B + 1]``, the same for all three."""
    as_stored: Values
    """Density ``[B]`` of the singular values of A - mean(A)."""
    scaled: Values
    """Density ``[B]`` of those of the scaled matrix B."""
    without_directions: Values
    """Density ``[B]`` of those of B without its directions."""
    beyond: tuple[Count, Count, Count]
    """How many singular values of each lie beyond the last edge and are not drawn."""
    u: Values
    """``[U]``."""
    law: Values
    """The law's density at ``u``, ``[U]``."""
    directions: Annotated[tuple[Bounded, ...], Meta(max_length=MOST_DRAWN)]
    """Places u of the directions, the largest first."""

    def __post_init__(self) -> None:
        same_length(
            edges=self.edges[1:],
            as_stored=self.as_stored,
            scaled=self.scaled,
            without_directions=self.without_directions,
        )
        same_length(u=self.u, law=self.law)
        increasing("edges", self.edges)


class ProfileCurve(Record, frozen=True, kw_only=True):
    """Binned singular values of a layer without unit scales, and the law of its variance profile, in u = s / sqrt N."""

    edges: Values
    """Bin edges ``[B + 1]``."""
    density: Values
    """Density ``[B]`` of the singular values of the layer, its rows and columns scaled alike as far as they can be."""
    u: Values
    """``[U]``."""
    law: Values
    """The profile's density at ``u``, ``[U]``."""
    marchenko_pastur: Values
    """The Marchenko-Pastur law of entries of one variance at ``u``, ``[U]``."""

    def __post_init__(self) -> None:
        same_length(edges=self.edges[1:], density=self.density)
        same_length(u=self.u, law=self.law, marchenko_pastur=self.marchenko_pastur)
        increasing("edges", self.edges)
        increasing("u", self.u)


class VarianceProfile(Record, frozen=True, kw_only=True):
    """Whether independent entries whose variances follow a smooth profile have these singular values."""

    verdict: ProfileVerdict
    """Whether they follow the law of the profile."""
    components: Count | None = None
    """Number of components of the estimated profile, a sum of products of a row's and a column's share; null where the
    layer has unit scales, at which every profile has the same law."""
    distance: Bounded | None = None
    """Kolmogorov-Smirnov distance of the singular values to the law of the profile."""
    interval: tuple[float, float] | None = None
    """Lowest and highest distance that the noise allows for: plus or minus ``null_q99``."""
    tolerance: Bounded | None = None
    """Largest distance at which the layer follows the law, after any widening for a small layer."""
    null_q99: Bounded | None = None
    """99 % quantile of the distance over matrices drawn from the profile, each with a profile estimated again."""
    shape: tuple[Count, Count] | None = None
    """Rows and columns that were drawn to be judged, where these are not all."""
    reason: ProfileReason | None = None
    """``unit_scales``: the layer has unit scales, and the distance is that of the last rung. Otherwise why it was not
    judged."""
    curve: ProfileCurve | None = None
    """The figure's data; null where the layer has unit scales."""


class RandomLikeness(Payload, frozen=True, kw_only=True):
    """How random-like one layer is: up to what a random matrix is left."""

    rung: RungOrUndecided
    """The first rung that holds; ``undecided`` where none does, and one is undecided or ``local`` is not judged."""
    directions: Count | None
    """r, the number of directions that are set aside at that rung: 0 at ``as_drawn`` and ``unit_scales``, null at
    ``local``, ``none`` and ``undecided``."""
    random_like_share: Share | None
    """Share of the squared scaled weights that is random-like at that rung: 1 at ``as_drawn`` and ``unit_scales``, the
    bulk's share at ``directions``, 0 at ``none``, null at ``local`` and ``undecided``."""
    interval: tuple[float, float] | None = None
    """Range of that share at ``directions``: with one direction more, and with as few as ``directions_least`` or one
    fewer. It is what counting leaves open, and has no level."""
    directions_interval: tuple[Count, Count] | None = None
    """From ``directions_least`` to r, where the two differ by more than a tenth."""
    directions_least: Count | None = None
    """Lower bound of r: singular values beyond the largest of the same matrix with random signs, drawn ``sign_draws``
    times. Exact in law: without directions one lies there with chance 1 / (1 + draws)."""
    sign_draws: Count = 0
    """Number of draws of random signs."""
    rungs: tuple[Rung, ...] = ()
    """Every rung, in order."""
    set_aside: SetAside = SetAside()
    """What was left out first."""
    row_scales_spread: Bounded | None = None
    """Standard deviation of the logarithms of the rows' root mean squares: .1 is about ten percent."""
    column_scales_spread: Bounded | None = None
    """The same of the columns."""
    sigma: Annotated[float, Meta(ge=0, le=LARGEST)] | None = None
    """Standard deviation of the noise in B, by the median rule; 1 where the noise is all that the scales measured, 0
    where nothing is left."""
    spacing_ratio: Share | None = None
    """Mean ratio of neighbouring spacings in the middle of the bulk; 0.5307 for random matrices, 0.386 without
    repulsion."""
    spacing_interval: tuple[float, float] | None = None
    """Its 95 % interval, over blocks of consecutive spacings."""
    vector_spread: Bounded | None = None
    """(p + 2) times the mean of sum_i v_i^4 over vectors of the bulk: 3 where they are spread as random ones are."""
    strongest: Annotated[tuple[Direction, ...], Meta(max_length=MOST_DESCRIBED)] = ()
    """The strongest directions, largest first."""
    variance_profile: VarianceProfile | None = None
    """Where neither scales nor directions leave a random matrix: whether a profile of variances does. It stands beside
    the rungs and changes none; null where a rung up to ``directions`` holds."""
    curve: LadderCurve | None = None
    """The figure's data."""


def columns(payload: RandomLikeness) -> dict[str, str | float | int | None]:
    """The columns of a data frame of layers."""
    names = ("rung", "directions", "random_like_share")
    return {f"random_likeness.{name}": getattr(payload, name) for name in names}
