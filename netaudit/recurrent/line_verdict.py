"""Is there a line attractor? The rule, with its thresholds, from the points and from those of cells that never learned.

A line attractor is a line of points at which the state stands still, attracting from all sides: along it a network can
add up evidence. Of a trained network it is approximate, so it is judged by figures of the slow points: they lie on a
line, the slowest mode keeps what a sequence brings, and the next mode neither comes near it nor keeps that as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import device as devices
from netaudit.recurrent.summaries import first_axis_share, gaps

if TYPE_CHECKING:
    from netaudit.recurrent.found import FixedPoints

SHARE = 0.9
"""Of the variance of the slow points on their first axis, at least."""
LASTS = 0.5
"""The slowest time constant is at least so many median lengths of a sequence: evidence at its start still counts. The
second is shorter: a line has one slow mode, and a plane two, of which one may be much slower than the other."""
NEVER = 0.1
"""Below so many lengths it is forgotten, and no line attractor is."""
GAP = 2.0
"""The slowest time constant is at least so many times the next."""
RESAMPLES = 200
"""Of the bootstrap; its 2.5 % and 97.5 % quantiles are then known to about a percent of probability."""
MOST = 100
"""The points whose modes are computed, at most: their median is known well enough, and a mode costs more than all else
(0.1 s a point at 256 units)."""

Word = Literal["line_attractor", "point_attractors", "single_fixed_point", "undecided"]


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class LineEvidence:
    """What the rule looks at. The intervals are bootstraps over the slow points."""

    slow: int
    """Distinct slow points."""
    fixed: int
    """Distinct fixed points."""
    stable: int
    """Those of them that are stable."""
    share: Estimate
    """Of the variance of the slow points on their first principal axis; NaN where there are fewer than two."""
    slowest: Estimate
    """The median over the slow points of the slowest time constant, in steps."""
    gap: Estimate
    """The median over the slow points of how many times as slow that is as the next."""
    second: Estimate
    """The median over the slow points of the next time constant, in steps; 0 where the state is one number."""


@dataclass(frozen=True)
class LineVerdict:
    """The verdict, and what stands against a line attractor."""

    verdict: Word
    against: tuple[str, ...]
    """Codes: ``share``, ``slowest`` and ``gap`` below what is asked, ``second`` not below it, ``forgets``, and
    ``share_of_<null>`` and so on where a null goes as far; with ``?`` where the interval leaves it open."""


def line_evidence(found: FixedPoints, *, seed: int = 0) -> LineEvidence | None:
    """The figures of what a search found; None where it found no slow point.

    Args:
        found: the points.
        seed: of the bootstrap.
    """
    if not len(found.slow):
        return None
    generator = devices.numpy_generator(seed, "line evidence")
    points, constants = found.slow.points.numpy(), found.slow.some(MOST).time_constants
    rank = constants if constants.shape[1] > 1 else np.column_stack((constants, np.zeros(len(constants))))
    return LineEvidence(
        slow=len(points),
        fixed=len(found.points),
        stable=int(found.stable.sum()),
        share=_estimate(points, first_axis_share, generator),
        slowest=_estimate(rank[:, 0], _median, generator),
        gap=_estimate(gaps(rank), _median, generator),
        second=_estimate(rank[:, 1], _median, generator),
    )


def judge(
    evidence: LineEvidence | None, nulls: Mapping[str, Sequence[LineEvidence | None]], length: float
) -> LineVerdict:
    """Apply the rule.

    ``line_attractor`` asks for share, slowest time constant and gap above their thresholds with their whole intervals,
    and above what every null reaches; and for a second time constant below the threshold of the slowest, with
    its whole interval. Else two stable fixed points and more are ``point_attractors``, and one fixed
    point is a ``single_fixed_point``. It is ``undecided`` where an interval holds a threshold, or none of this fits.

    Args:
        evidence: of the trained cell; None where no slow point was found.
        nulls: by name, that of each draw; None of a draw that has no slow point.
        length: the median length of the sequences, in steps.
    """
    if evidence is None:
        return LineVerdict("undecided", ("no_points",))
    against: list[str] = []
    asked = {"share": SHARE, "slowest": LASTS * length, "gap": GAP}
    figures = {"share": evidence.share, "slowest": evidence.slowest, "gap": evidence.gap}
    for name, figure in figures.items():
        if not figure.low >= asked[name]:
            against.append(f"{name}?" if figure.high >= asked[name] else name)
    if not evidence.second.high < LASTS * length:
        against.append("second?" if evidence.second.low < LASTS * length else "second")
    if not evidence.slowest.low >= NEVER * length:
        against.append("forgets?" if evidence.slowest.high >= NEVER * length else "forgets")
    for null, draws in nulls.items():
        known = [draw for draw in draws if draw is not None]
        for name, figure in figures.items():
            if any(figure.value <= getattr(draw, name).value for draw in known):
                against.append(f"{name}_of_{null}")
    if not against:
        return LineVerdict("line_attractor", ())
    if all(code.endswith("?") for code in against):
        return LineVerdict("undecided", tuple(against))
    points: Word = "undecided"
    if evidence.fixed == 1:
        points = "single_fixed_point"
    elif evidence.stable > 1:
        points = "point_attractors"
    return LineVerdict(points, tuple(against))


def _median(values: NDArray[np.float64]) -> float:
    return float(np.quantile(values, 0.5, method="lower"))  # no mean of finite and infinite numbers


def _estimate(
    values: NDArray[np.float64], figure: Callable[[NDArray[np.float64]], float], generator: np.random.Generator
) -> Estimate:
    """A figure with the percentiles of its bootstrap; a resample for which it is not defined counts as the figure."""
    value = figure(values)
    draws = [figure(values[generator.integers(len(values), size=len(values))]) for _ in range(RESAMPLES)]
    known = [value if np.isnan(draw) else draw for draw in draws]
    low, high = np.quantile(known, (0.025, 0.975), method="nearest")
    return Estimate(value, float(low), float(high))
