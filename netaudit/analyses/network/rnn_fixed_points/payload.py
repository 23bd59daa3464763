"""What is kept of the fixed and slow points of recurrent cells."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from netaudit.results.payload import Bounded, Count, Payload, Record, Share, Values, same_length

LONGEST = 1e12
"""Time constants beyond it, and ratios of them, are stored as this: a mode on the unit circle never fades."""
MOST_POINTS = 20
"""Fixed points that are stored, those with the most starts."""

Source = Literal["vectors", "tokens", "below", "noise"]
"""``vectors``: the real inputs themselves. ``tokens``: the rows of the embedding at real token numbers. ``below``: the
states of the cells below on these. ``noise``: Gaussian inputs, where there are none of the others."""
Unused = Literal["", "no_data", "shape", "width", "no_embedding", "token_numbers", "below_not_known"]
"""Why there is noise: no real inputs; inputs that are neither token numbers ``[N, T]`` nor vectors ``[N, T, input]``;
vectors of another length; no embedding, or several; numbers that are not in the embedding; a cell whose inputs come
from a part of the network that is not known. Empty where the inputs are real."""
Verdict = Literal["line_attractor", "point_attractors", "single_fixed_point", "undecided"]
Held = Literal["zero", "mean", "token"]
Kind = Literal["rnn_tanh", "rnn_relu", "gru", "lstm"]
Code = Annotated[str, Meta(pattern=r"^[a-z_]{1,60}\??$")]
Constants = Annotated[tuple[Bounded, ...], Meta(max_length=3)]


class Interval95(Record, frozen=True):
    """A figure with its 95 % interval, a bootstrap over the slow points."""

    value: Bounded | None
    """The figure; None where there are too few points."""
    low: Bounded | None
    """The lower end."""
    high: Bounded | None
    """The upper end."""


class CellNull(Record, frozen=True):
    """What cells reach that have not learned: the largest value over the draws."""

    kind: Literal["initialisation", "shuffled", "gaussian"]
    """``initialisation``: as PyTorch draws the cell. ``shuffled``: the entries of each gate's recurrent matrix in
    random order. ``gaussian``: Gaussian ones of equal norm."""
    draws: Count
    """How many were drawn."""
    without_points: Count
    """Those of them that have no slow point, or diverge."""
    share: Bounded | None
    """Of the variance of the slow points on their first axis."""
    slowest: Bounded | None
    """The median slowest time constant, in steps."""
    gap: Bounded | None
    """How many times as slow that is as the next."""


class FixedPoint(Record, frozen=True):
    """A point at which the cell stands still."""

    q: Bounded
    """Half the squared length of the step that the cell makes there."""
    starts: Count
    """How many descents led to it; 0 where only the cell's own run came there."""
    stable: bool
    """Whether every small difference fades."""
    unstable: Count
    """How many eigenvalues lie outside the unit circle."""
    time_constants: Constants
    """The three longest, in steps."""
    non_normality: Bounded | None
    """Of the slowest mode: 1 where its left and right vectors are one direction."""


class DrawnCell(Record, frozen=True):
    """What the figures show. Axes are the first two principal axes of the states along the sequences."""

    states: tuple[Values, Values]
    """Some states along the sequences: their first and second coordinates."""
    readout: Values
    """The readout of each of these; empty where there is none."""
    slow: tuple[Values, Values]
    """The slow points."""
    direction: tuple[Values, Values]
    """The direction of each slow point's slowest mode, of length 1 in the state space."""
    fixed: tuple[Values, Values]
    """The fixed points."""
    stable: tuple[bool, ...]
    """Which of them are stable."""
    eigenvalues: tuple[Values, Values]
    """Real and imaginary parts at one point: the fixed point with the most starts, or the slowest of the slow ones."""
    constants: Values
    """The time constants at that point, descending, the first 100."""
    q: Values
    """The median over the sequences of q after each step of the inputs."""

    def __post_init__(self) -> None:
        """Check that coordinates of one kind are equally many."""
        for name in ("states", "slow", "direction", "fixed", "eigenvalues"):
            first, second = getattr(self, name)
            same_length(**{f"first of {name}": first, f"second of {name}": second})
        same_length(slow=self.slow[0], direction=self.direction[0])
        same_length(fixed=self.fixed[0], stable=self.stable)
        if self.readout:
            same_length(states=self.states[0], readout=self.readout)


class HeldInput(Record, frozen=True):
    """The cell with an input that is held."""

    held: Held
    """``zero``: zeros. ``mean``: the mean of the real inputs. ``token``: the most frequent of the real tokens."""
    verdict: Verdict | None
    """The verdict; None for another input than zeros, which no null stands beside."""
    against: tuple[Code, ...]
    """What stands against a line attractor: ``share``, ``slowest``, ``gap`` below what is asked; ``second``: the second
    mode lasts as well; ``forgets``; and with ``_of_`` a null that goes as far. With ``?`` the interval leaves it open.
    ``no_points``: there is no slow point."""
    starts: Count
    """States from which the search started."""
    outside: Count
    """Distinct ends of descents that the last steps moved far away, which are dropped."""
    slow: Count
    """Distinct points with q of at most 1e-6."""
    slower: Count
    """Distinct points with q of at most 1e-8."""
    fixed: Count
    """Distinct points with q of at most 1e-12."""
    stable: Count
    """Those of the fixed points that are stable."""
    share: Interval95 | None
    """Of the variance of the slow points on their first principal axis."""
    slowest: Interval95 | None
    """The median over the slow points of the slowest time constant, in steps."""
    gap: Interval95 | None
    """The median of how many times as slow that is as the next."""
    dimension: Bounded | None
    """Participation ratio of the slow points: the number of axes that they fill."""
    slow_modes: Bounded | None
    """The median over the slow points of the number of modes that outlast a sequence; a line attractor has 1."""
    along_tangent: Share | None
    """Median cosine of the slowest mode with the direction in which the slow points near it lie."""
    along_readout: Share | None
    """Median cosine of the slowest mode with the readout."""
    nulls: tuple[CellNull, ...]
    """Cells that have not learned."""
    points: Annotated[tuple[FixedPoint, ...], Meta(max_length=MOST_POINTS)]
    """Fixed points, those with the most starts first."""
    drawn: DrawnCell
    """What the figures show."""
    token: Count | None = None
    """The number of the token; None for another input."""
    second: Interval95 | None = None
    """The median over the slow points of the next time constant, in steps; 0 where the state is one number."""


class CellPoints(Record, frozen=True):
    """One recurrent cell: a layer and a direction."""

    name: str
    """The cell's name (untrusted text)."""
    kind: Kind
    """What it is."""
    units: Count
    """Its units."""
    state: Count
    """Numbers in its state: the units, and twice as many of an LSTM."""
    inputs: Source
    """What drove it to the states from which the search starts."""
    unused: Unused
    """Why that is noise."""
    sequences: Count
    """How many sequences of inputs."""
    length: Count
    """Their length in steps, which the verdict is about."""
    state_dimension: Bounded | None
    """Participation ratio of the states along them."""
    state_share: Bounded | None
    """Share of the variance of these states on their first principal axis."""
    readout: str | None
    """The layer that reads the cell's state with one output or two; None where there is none."""
    held: tuple[HeldInput, ...]
    """By the input that is held."""


class CellLeftOut(Record, frozen=True):
    """A cell that was not looked at."""

    name: str
    """Its name (untrusted text)."""
    why: str
    """The reason, as a clause."""


class RnnFixedPoints(Payload, frozen=True):
    """The fixed and slow points of each recurrent cell."""

    cells: tuple[CellPoints, ...]
    """Those that were looked at."""
    left_out: tuple[CellLeftOut, ...] = ()
    """The others."""
