"""What one analyser found about one layer: values, nulls, the rule, the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["holds", "fails", "undecided", "not_applicable"]
VERDICTS: tuple[Verdict, ...] = ("holds", "fails", "undecided", "not_applicable")

NullKind = Literal["gaussian", "permuted", "signs", "independent"]


@dataclass(frozen=True)
class Null:
    """What a statistic does on matrices that lack what the claim is about, of the layer's shape unless said."""

    kind: NullKind
    """``gaussian``: i.i.d. entries, for which every claim holds. ``permuted``: the layer's own entries, mean removed,
    in random places: the histogram stays, all structure goes. ``signs``: random signs on them: the variance profile
    of rows and columns stays too. ``independent``: the shadow comes back through another matrix."""
    statistic: str
    """The metric that was drawn."""
    draws: int
    q01: float | None
    """1 % quantile; the smallest of fewer than 100 draws, which is what the empirical quantile then amounts to."""
    median: float | None
    q99: float | None
    own: float | None = None
    """The layer's own value at ``shape``, when that is not the layer's shape."""
    shape: tuple[int, int] | None = None
    """Shape of the matrices drawn, ``(out, in)``, when it is not the layer's own."""
    note: str = ""
    """How it was drawn, in words."""


@dataclass(frozen=True)
class Condition:
    """One equivalence test: an effect size with its interval against stated limits.

    Holds when the whole interval lies within the limits, fails when all of it lies outside, else undecided.
    """

    statistic: str
    """The metric judged."""
    value: float
    interval: tuple[float, float]
    limits: tuple[float | None, float | None]
    """Lowest and highest value for which the claim holds, after any widening for a small layer; None: no limit."""
    verdict: Verdict


@dataclass(frozen=True)
class Rule:
    """The named rule that turned values into a verdict: the worst of its conditions."""

    name: str
    origin: str
    """Where the tolerance comes from, and whether it was widened."""
    statement: str
    """The whole rule in words."""


@dataclass(frozen=True)
class Finding:
    """What one analyser found about one layer."""

    claim: str
    verdict: Verdict
    metrics: Mapping[str, float | int | None]
    """One number each, or None with its reason in ``reasons``."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why a metric is None."""
    conditions: tuple[Condition, ...] = ()
    """What the verdict rests on, most telling first; empty when nothing could be judged."""
    rule: Rule | None = None
    nulls: tuple[Null, ...] = ()
    details: Mapping[str, Any] | None = None
    """What has more than one number a layer: the spikes, the alternative distributions."""
    curve: Mapping[str, Any] | None = None
    """The binned data that a figure draws; never raw weights."""
    note: str = ""
    """Why this verdict, in one sentence."""
    warnings: tuple[str, ...] = ()
    """What makes a part of this finding void, in words."""

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
