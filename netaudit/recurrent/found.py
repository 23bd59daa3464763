"""What a search for fixed points found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from netaudit.recurrent.point_set import PointSet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from netaudit.recurrent.modes import Modes


@dataclass(frozen=True, eq=False)
class FixedPoints:
    """The points of every threshold, and what became of the other starts."""

    sets: tuple[PointSet, ...]
    """By threshold, the loosest first. The last is the fixed points, after the polish; those before it are where the
    descent first passed their threshold, so that they lie along a slow manifold where there is one."""
    total: int
    """The number of starts."""
    outside: int
    """How many distinct ends of descents the polish moved outside, or to numbers that are not finite; in no set."""
    tolerance: float
    """The distance up to which two points are one."""

    def at(self, threshold: float) -> PointSet:
        """The points of one of the thresholds.

        Raises:
            KeyError: it is none of them.
        """
        return {each.threshold: each for each in self.sets}[threshold]

    @property
    def fixed(self) -> PointSet:
        """The points of the tightest threshold."""
        return self.sets[-1]

    @property
    def slow(self) -> PointSet:
        """The points of the loosest threshold."""
        return self.sets[0]

    @property
    def points(self) -> Tensor:
        """The fixed points, ``[n, state]``, float64 on the CPU, in the order of the first start that led to each."""
        return self.fixed.points

    @property
    def q(self) -> Tensor:
        """``|F(h) - h|^2 / 2`` at each fixed point, ``[n]``, after the last step."""
        return self.fixed.q

    @property
    def inputs(self) -> Tensor:
        """The input that is held at each fixed point, ``[n, input]``."""
        return self.fixed.inputs

    @property
    def starts(self) -> Tensor:
        """How many descents led to each fixed point, ``[n]``: 0 where only the network's own run came there."""
        return self.fixed.starts

    @property
    def jacobians(self) -> Tensor:
        """``dF/dh`` at each fixed point, ``[n, state, state]``."""
        return self.fixed.jacobians

    @property
    def modes(self) -> Modes:
        """Eigenvalues, left and right vectors, time constants and non-normality at each fixed point."""
        return self.fixed.modes

    @property
    def stable(self) -> NDArray[np.bool_]:
        """Whether each fixed point is stable, ``[n]``."""
        return self.fixed.stable
