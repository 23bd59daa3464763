"""What the study plants, and which word is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SHAPES = ((64, 96), (128, 512))
STRENGTHS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
"""Of a rank-one update, in spike thresholds of the noise around it; 0 is noise alone."""
BATCHES = 4
TRIALS = 50
"""Updates of one record."""

SCHEMES = ("float16", "bfloat16", "int8 per tensor", "int8 per row", "4 bits per row")
LAWS = ("gaussian", "uniform", "laplace")

SEEDS = 30
"""Networks that are trained."""
STEPS, MORE = 300, 10
"""Of training, and of fine-tuning."""
RATES = (0.1, 0.01)
"""Of the gradient descent of fine-tuning; the network was trained at the first."""
WIDTHS = (784, 64, 64, 10)
DIGITS, BATCH = 400, 50
"""Pictures, the first of those that ship with mnist-mlp, and how many a step sees."""


@dataclass(frozen=True)
class Spike:
    """Rank-one updates of one strength in noise."""

    shape: tuple[int, int]
    strength: float

    @property
    def key(self) -> str:
        """Names it in the journal."""
        return f"rank one, {self.strength:g} thresholds, {self.shape[0]} x {self.shape[1]}"


@dataclass(frozen=True)
class Rounded:
    """Layers that are rounded, or have noise of the size of the rounding."""

    scheme: str
    what: Literal["rounded", "noise"]

    @property
    def key(self) -> str:
        """Names it in the journal."""
        return f"{self.what}, {self.scheme}"

    @property
    def right(self) -> str:
        """The word that is right."""
        return "requantised" if self.what == "rounded" else "fine_tuned"


@dataclass(frozen=True)
class Trained:
    """A small trained network, and what is made of it."""

    @property
    def key(self) -> str:
        """Names it in the journal."""
        return "trained"


MADE: dict[str, tuple[str, str]] = {
    "the same": ("the network itself, kept in another object", "identical"),
    "units permuted": ("its hidden units in a random order", "same_reordered"),
    "permuted and rescaled": ("in a random order, each with a scale from 0.5 to 1.5", "same_reordered"),
    "permuted, then fine-tuned": ("in a random order, and 10 steps of training", "fine_tuned"),
    "10 steps": ("10 steps of training at the rate of before, 0.1", "fine_tuned"),
    "10 small steps": ("10 steps at a tenth of that rate", "fine_tuned"),
    "int8": ("rounded to int8, row by row", "requantised"),
    "new head": ("the last layer drawn anew", "fine_tuned"),
    "other order of the data": ("the same start, trained on the data in another order", "retrained"),
    "other start": ("another start, trained on the data in another order", "unrelated"),
}
"""What is made of a trained network, in words, and the right word."""

APART: dict[str, tuple[str, str]] = {
    "other order, Adam 0.003": ("the same start, the data in another order, by Adam at 0.003", "retrained"),
    "other order, Adam 0.01": ("the same at 0.01, which goes further from the start", "retrained"),
}
"""Networks that are trained from one start by Adam, in words, and the right word."""
APART_SEEDS = 15


@dataclass(frozen=True)
class Apart:
    """Networks of one start that training takes further apart."""

    @property
    def key(self) -> str:
        """Names it in the journal."""
        return "apart"


Cell = Spike | Rounded | Trained | Apart


@dataclass(frozen=True)
class Task:
    """One record."""

    cell: Cell
    seed: int
    quick: bool = False


def tasks(quick: bool = False) -> list[Task]:
    """Every record of the study."""
    if quick:
        cells: list[Cell] = [Spike(SHAPES[0], 3.0), Rounded("int8 per row", "rounded"), Trained(), Apart()]
        return [Task(cell, 0, True) for cell in cells]
    spikes = [Task(Spike(s, t), seed) for s in SHAPES for t in STRENGTHS for seed in range(BATCHES)]
    kinds: tuple[Literal["rounded", "noise"], ...] = ("rounded", "noise")
    rounded = [Task(Rounded(scheme, what), 0) for scheme in SCHEMES for what in kinds]
    trained = [Task(Trained(), seed) for seed in range(SEEDS)]
    return [*rounded, *trained, *spikes, *(Task(Apart(), seed) for seed in range(APART_SEEDS))]
