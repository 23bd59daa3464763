"""What every analysis gives back: a payload of numbers, verdicts and codes. No prose: ``present`` makes the sentences.

Payloads are frozen and typed. The JSON, its schema and its strict reader all follow from the types, so a field has
one definition. Numbers are finite: what could not be computed is None, with the reason beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from math import isfinite
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from netaudit.text import capital, sentence
from netaudit.vocabulary import NullKind, Verdict

F = TypeVar("F", bound="Finding")

LARGEST = 1e100
"""Magnitude of a number that is drawn or tabulated: sums and products of two such numbers stay finite."""
LONGEST_CURVE = 600
"""Values of one stored curve: three times what the analyses store, so that a figure stays below 100 kB."""

FEWEST_FOR_A_LEVEL = 100
"""Draws from which a 1 % quantile is one: below, it is the smallest draw, and the interval is a range."""

Bounded = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
Values = Annotated[tuple[Bounded, ...], Meta(max_length=LONGEST_CURVE)]
"""A stored curve: at most 600 bounded numbers."""
Share = Annotated[float, Meta(ge=0, le=1)]
COUNTED = 10**15
"""No count is beyond it: a float holds it exactly, and shares are made of counts."""
Count = Annotated[int, Meta(ge=0, le=COUNTED)]
"""A number of things."""
Metrics = Mapping[str, float | Annotated[int, Meta(ge=-COUNTED, le=COUNTED)] | None]
"""One number each, or None with its reason in ``reasons``. Integers stay exact as floats."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A frozen part of a report. Raises ``ValueError`` in ``__post_init__`` where its parts do not fit each other."""


class Payload(Record, frozen=True):
    """What one analysis measured of one layer or one network."""


class NotApplicable(Payload, frozen=True):
    """An analysis that does not apply, and why."""

    note: str
    """The reason, in one sentence."""
    verdict: Literal["not_applicable"] = "not_applicable"
    """Always ``not_applicable``; a claim that does not apply keeps its own type, with every metric None."""


class Null(Record, frozen=True):
    """What a statistic does on matrices that lack what the claim is about, of the layer's shape unless said."""

    kind: NullKind
    """``gaussian``: independent Gaussian entries, for which every claim holds. ``permuted``: the layer's own entries,
    mean removed, in random places: the histogram stays, all structure goes. ``signs``: random signs on them: the
    variance of each row and column stays too. ``independent``: the shadow comes back through another matrix."""
    statistic: str
    """The metric that was drawn."""
    draws: Count
    """How many draws the quantiles are of."""
    q01: float | None
    """1 % quantile; the smallest of fewer than 100 draws, which is what the empirical quantile then amounts to."""
    median: float | None
    """Median of the draws; None without draws."""
    q99: float | None
    """99 % quantile; the largest of fewer than 100 draws."""
    own: float | None = None
    """The layer's own value at ``shape``, when that is not the layer's shape."""
    shape: tuple[int, int] | None = None
    """Shape of the matrices drawn, ``(out, in)``, when it is not the layer's own."""
    drawn_at: int | None = None
    """Number of entries that the null was drawn with and then scaled from, when it is not the layer's own."""


class Condition(Record, frozen=True):
    """One equivalence test: an effect size with its interval against stated limits.

    Holds when the whole interval lies within the limits, fails when all of it lies outside, else undecided.
    """

    statistic: str
    """The metric judged."""
    value: float
    """What the layer has."""
    interval: tuple[float, float]
    """Lowest and highest value that the statistic's own noise allows for."""
    limits: tuple[float | None, float | None]
    """Lowest and highest value for which the claim holds, after any widening for a small layer; None: no limit."""
    verdict: Verdict
    """What this test alone says of the claim."""
    level: Share | None = None
    """Nominal level of the interval: how often one like it holds the value of the law that the layer was drawn from;
    the calibration has how often it does. None for an interval without a level."""
    draws: Count | None = None
    """Number of draws whose range the interval is, where they are too few for a level. Where this and ``level`` are
    None, the interval is the value alone, or what one singular value more or less in the bulk changes."""


class Rule(Record, frozen=True):
    """The named rule that turned values into a verdict: the worst of its conditions."""

    name: str
    """A code such as ``equivalence_with_gaussian``; the report has the whole rule in words."""
    tolerances: Mapping[str, Bounded]
    """The tolerance of each statistic before any widening."""
    widened: bool = False
    """Whether a tolerance was widened for a small layer."""


class Finding(Payload, frozen=True, kw_only=True):
    """A claim about one layer, judged. Every claim's payload extends this with its curve and its tables."""

    verdict: Verdict
    """Whether the claim holds: the worst of its conditions."""
    metrics: Metrics
    """Every number of the claim by its name; None for one that could not be computed."""
    reasons: Mapping[str, str] = {}
    """Why a metric is None."""
    conditions: tuple[Condition, ...] = ()
    """What the verdict rests on, most telling first; empty when nothing could be judged."""
    rule: Rule | None = None
    """The rule that gave the verdict; None where nothing was judged."""
    nulls: tuple[Null, ...] = ()
    """What the statistics are on matrices without structure."""
    warnings: tuple[str, ...] = ()
    """Codes of what makes a part of this finding void."""
    note: str = ""
    """Why the claim is not applicable, in one sentence; empty where it was judged."""

    @property
    def decisive(self) -> Condition | None:
        """The condition that the verdict rests on: the first that came out as the claim did."""
        return next((c for c in self.conditions if c.verdict == self.verdict), next(iter(self.conditions), None))

    @property
    def statistic(self) -> str | None:
        """The metric of the decisive condition."""
        return self.decisive.statistic if self.decisive else None

    @property
    def value(self) -> float | None:
        """The effect size of the decisive condition."""
        return self.decisive.value if self.decisive else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval of the decisive condition."""
        return self.decisive.interval if self.decisive else None


def unjudged(kind: type[F], metrics: Iterable[str], why: str) -> F:
    """A finding that says why the claim cannot be judged; every metric is None for that reason."""
    names = tuple(metrics)
    return kind(
        verdict="not_applicable",
        metrics=dict.fromkeys(names),
        reasons=dict.fromkeys(names, why),
        note=sentence(capital(why)),
    )


def number(value: float) -> float | None:
    """A Python float, or None for NaN and infinity, which JSON does not have."""
    return float(value) if isfinite(value) else None


def curve_values(values: Iterable[float]) -> tuple[float, ...]:
    """Numbers for a drawn curve, to six significant digits: enough for any figure, a third of the JSON."""
    return tuple(six_digits(value) for value in values)


def six_digits(value: float) -> float:
    """A number to six significant digits."""
    return float(f"{value:.6g}")


def same_length(**parts: Iterable[Any]) -> None:
    """Check that arrays which belong together are equally long.

    Raises:
        ValueError: they are not.
    """
    lengths = {name: len(tuple(part)) for name, part in parts.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"lengths differ: {', '.join(f'{name} has {n}' for name, n in lengths.items())}")


def increasing(name: str, values: tuple[float, ...]) -> None:
    """Check that values increase strictly, as the edges of bins do.

    Raises:
        ValueError: they do not.
    """
    if any(later <= earlier for earlier, later in pairwise(values)):
        raise ValueError(f"{name} does not increase")
