"""What a plan is made of: layers of one kind, what is asked of them, and the names that both have in the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from netaudit.studies.calibration.scenarios import Shape
from netaudit.studies.calibration.wishes import Wish

CLAIMS = ("gaussian_weights", "constant_bias", "singular_law", "shadow_inversion")  # a test compares them
LADDER, START = "random_likeness", "initialisation"

Measure = Literal["holds", "undecided", "fails", "spiked", "otherwise", "tracy_widom_mean", "tracy_widom_std"]


@dataclass(frozen=True)
class LayerCell:
    """Layers of one kind, shape and strength, drawn from seeds 0 to ``seeds - 1``."""

    scenario: str
    shape: Shape
    strength: float
    claims: tuple[str, ...]
    seeds: int
    answers: tuple[str, ...] = ()
    """Analyses other than claims, of :mod:`netaudit.studies.calibration.answers`."""

    @property
    def key(self) -> str:
        """Its name in the journal and in the JSON."""
        return cell_key(self.scenario, self.shape, self.strength)


@dataclass(frozen=True)
class Criterion:
    """One thing that is asked of the outcome: a measured figure must lie within limits."""

    requirement: str
    """What it belongs to; criteria of one requirement, claim and measure make one line on the page."""
    cell: str
    """The cell's key, or that of a shape's Tracy-Widom draws."""
    claim: str | None
    measure: Measure
    low: float | None = None
    high: float | None = None
    wanted: tuple[str, ...] = ()
    """The answers that are right; ``otherwise`` counts all others."""


@dataclass(frozen=True)
class CalibrationPlan:
    """A whole study."""

    cells: tuple[LayerCell, ...]
    criteria: tuple[Criterion, ...]
    tracy_widom: tuple[Shape, ...]
    tracy_widom_draws: int
    wishes: tuple[Wish, ...] = ()


def cell_key(scenario: str, shape: Shape, strength: float = 0.0) -> str:
    """The name of a cell.

    >>> cell_key("spike", (512, 2048), 0.7)
    'spike 512x2048 0.7'
    """
    return f"{scenario} {size(shape)} {strength:g}"


def size(shape: Sequence[int]) -> str:
    """A shape in a key.

    >>> size((512, 2048))
    '512x2048'
    """
    return "x".join(map(str, shape))


def tracy_widom_key(shape: Shape) -> str:
    """The name of a shape's Tracy-Widom draws."""
    return f"tracy_widom {size(shape)}"
