"""What is kept of the hidden units between the layers of the head."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from netaudit.results.payload import Bounded, Count, Payload, Record, Rule, Values, same_length

Training = Literal["trained", "untrained_like", "opposed", "undecided", "not_applicable"]
Reason = Literal[
    "lower_empty",
    "lower_not_finite",
    "lower_not_audited",
    "upper_empty",
    "upper_not_finite",
    "upper_not_audited",
    "few_units",
    "equal_incoming_norms",
    "equal_outgoing_norms",
]

THRESHOLD = 0.3
"""Of r. A convention of netaudit: at 0.3 the two norms share a tenth of their variance."""
RULE = "balance_of_norms"
LEVEL = 0.95
"""Of the confidence interval of r."""
FEWEST = 10
"""Units of which r is taken at least. A convention: with 10 the interval of r = 0 already reaches to +-.63."""
ZERO = 1e-6
"""A unit's weights are numerically zero when their norm is at most this share of the root mean square norm of all
units of the layer. A few float32 roundings (eps = 1.2e-7) of what a typical unit gives or takes: weight decay drives
weights towards zero, not to it. The root mean square and not the median: it stays in place when most units are idle.
A lone Gaussian weight falls below it once in a million."""


class UnitsCurve(Record, frozen=True):
    """The points that a figure draws, natural logarithms, in the order of the incoming norms."""

    log_in: Values
    """log(||w_in||^2 + b^2) of at most 200 units, ``[U]``."""
    log_out: Values
    """log ||w_out||^2 of the same units, ``[U]``."""

    def __post_init__(self) -> None:
        same_length(log_in=self.log_in, log_out=self.log_out)
        if not self.log_in:
            raise ValueError("there are no points to draw")


class UnitPair(Record, frozen=True):
    """The hidden units between two consecutive layers of the head."""

    lower: str
    """Name of the layer that the units are the outputs of."""
    upper: str
    """Name of the layer that takes them."""
    activation: str
    """What lies between the two layers."""
    units: Count
    """The lower layer's outputs."""
    dead: Count | None
    """Units whose incoming weights are numerically zero: their output never depends on the input."""
    unused: Count | None
    """Units whose outgoing weights are numerically zero: their output is never looked at."""
    duplicates: Count | None
    """Units that are not dead and have exactly the incoming weights and the bias of an earlier one."""
    verdict: Training = "not_applicable"
    """What the correlation r says of the pair."""
    reasons: tuple[Reason, ...] = ()
    """Why there is no r."""
    n: Count = 0
    """Units that r is taken over: neither dead nor unused; 0 when there is no r."""
    r: Bounded | None = None
    """Pearson correlation of log(||w_in||^2 + b^2) with log ||w_out||^2 over the units."""
    interval: tuple[Bounded, Bounded] | None = None
    """95% confidence interval of r."""
    spearman: Bounded | None = None
    """Rank correlation of the same two."""
    curve: UnitsCurve | None = None
    """The figure's data; None where nothing was judged."""

    def __post_init__(self) -> None:
        judged = self.verdict != "not_applicable"
        if judged != (self.r is not None) or judged != (self.interval is not None):
            raise ValueError("a pair of layers is judged where it has r with its interval, and nowhere else")


class HiddenUnits(Payload, frozen=True):
    """The hidden units between each two consecutive layers of the head."""

    pairs: Annotated[tuple[UnitPair, ...], Meta(min_length=1)]
    """Bottom to top."""
    rule: Rule = Rule(RULE, {"r": THRESHOLD})
    """How r became a verdict."""
