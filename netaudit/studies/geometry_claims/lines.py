"""One line of the study: what is planted, how often it is drawn, and at how many draws the answer must come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FALSE_ALARMS = 0.01
"""Share of draws without a plant that may be noticed at most."""
POWER = 0.95
"""Share of draws with a plant that must be noticed at least, from the strength on that a line states."""
CERTAIN = 0.999
"""Level of the interval that must hold a known rate: of ten true ones, one misses it in a hundred studies."""

Kind = Literal["false_alarm", "power", "below", "rate"]
"""``false_alarm``: nothing is planted, at most ``FALSE_ALARMS`` may be noticed. ``power``: at least ``POWER`` must be.
``below``: a weaker plant, without a bar. ``rate``: a rate that is known, which the 99.9 % interval must hold."""


@dataclass(frozen=True)
class Line:
    """Draws of one kind.

    Raises:
        ValueError: a rate without its value, or a value without a rate.
    """

    analysis: str
    """Name of the analysis, which is the file that draws."""
    kind: Kind
    planted: str
    """What is drawn and what counts as noticed, in words."""
    strength: str
    """How strong the plant is, in words; empty without one."""
    draws: int
    settings: tuple[float, ...] = ()
    """What the drawing function needs to know; never printed."""
    expected: float | None = None
    """The known rate of a line of that kind."""

    def __post_init__(self) -> None:
        if (self.kind == "rate") != (self.expected is not None):
            raise ValueError(f"{self.key}: a known rate belongs to a line of the kind 'rate', and to no other")

    @property
    def key(self) -> str:
        """Names it in the journal."""
        return f"{self.analysis} {self.kind} {self.planted} {self.strength}".strip()

    @property
    def bar(self) -> float | None:
        """What the rate is held against."""
        return {"false_alarm": FALSE_ALARMS, "power": POWER, "below": None, "rate": self.expected}[self.kind]


def met(line: Line, noticed: int, low: float, high: float) -> bool | None:
    """Whether a line met its bar; None without one.

    Args:
        line: the line.
        noticed: how many of its draws were noticed.
        low: lower end of the rate's interval.
        high: upper end.
    """
    rate = noticed / line.draws
    if line.kind == "false_alarm":
        return rate <= FALSE_ALARMS
    if line.kind == "power":
        return rate >= POWER
    return None if line.expected is None else low <= line.expected <= high
