"""The answer to "is this layer injective?", with what proves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from netaudit.geometry.injectivity.arrays import Floats

Answer = Literal["yes", "no", "undecided"]
Domain = Literal["all", "orthant"]
Step = Literal[
    "zero_column",
    "counting",
    "antipodal_pairs",
    "general_position",
    "one_sided",
    "exact_search",
    "witness_search",
    "none",
]

REASONS: dict[Step, str] = {
    "zero_column": "one input has the weight 0 in every row, so that no output depends on it",
    "counting": "there are inputs at which fewer rows are active than the layer has inputs, by the number of rows",
    "antipodal_pairs": "rows that are always active, and pairs of rows that point in opposite directions, span all "
    "inputs; this rests on exact equality of the stored numbers and does not survive a small change of them",
    "general_position": "with fewer than 3n - 1 rows, inputs next to a ray where n - 1 rows are 0 have too few active "
    "rows",
    "one_sided": "there are inputs at which no row is active",
    "exact_search": "all sets of rows that could be active alone were examined, in exact arithmetic",
    "witness_search": "a search from many starts found inputs at which too few rows are active",
    "none": "no step decided within its limits",
}
"""What each step of the decision means, as a clause."""


@dataclass(frozen=True)
class Witness:
    """Two inputs that the layer cannot tell apart."""

    first: Floats
    """``[in]`` float64."""
    second: Floats
    """``[in]`` float64, another one."""
    distance: float
    """The Euclidean distance of the two."""
    active: int
    """Rows that are active (w_i x + b_i >= 0) at either of the two; rows whose weights are all 0 do not count."""
    _residual: Callable[[], float] = field(repr=False)

    @cached_property
    def residual(self) -> float:
        """max over rows of |f_i(first) - f_i(second)| / (||w_i|| distance), computed in exact arithmetic from the
        stored float64 numbers and rounded once. It is 0 for inputs that collide exactly and about 1e-16 / (relative
        distance) for inputs that are the closest float64 numbers to two that do. It is computed when it is first asked
        for, in a second for 4096 rows of 4096 numbers; the weights are kept for it."""
        return self._residual()


@dataclass(frozen=True)
class Certificate:
    """Whether x -> ReLU(W x + b) is injective on a domain, and why.

    "yes" and "no" are proved for the stored numbers, taken as exact reals; what could not be proved is "undecided".
    """

    answer: Answer
    """``yes``, ``no`` or ``undecided``."""
    step: Step
    """The step of the decision that gave the answer; ``none`` for an undecided one."""
    shape: tuple[int, int]
    """``(out, in)``."""
    domain: Domain
    """``all`` of R^n, or the ``orthant`` x >= 0."""
    witness: Witness | None = None
    """Two inputs that collide, for a "no"; None otherwise."""
    fewest_active: int | None = None
    """The fewest active rows met at any input, an upper bound on the depth; None where no input was looked at."""
    examined: int = 0
    """Flats that the exact search examined."""

    @property
    def reason(self) -> str:
        """Why, as a clause."""
        return REASONS[self.step]
