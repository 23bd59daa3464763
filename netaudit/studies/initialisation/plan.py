"""What the study runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

SHAPES = ((10, 64), (64, 64), (128, 512), (512, 512), (1000, 512), (3000, 33))
DTYPES = ("float32", "bfloat16", "float16", "float64")
LARGE = 200_000
"""Weights from which a shape is drawn less often: each family in one of the dtypes."""
DRAWS = 2
"""Draws of each family and dtype of a smaller shape."""

WIDTHS = (784, 128, 128, 10)
DIGITS = 400
"""Pictures to train on, the first of those that ship with mnist-mlp."""
BATCH = 50
STEPS = (0, 1, 3, 10, 30, 100, 300, 1000)
STARTS = ("torch_default", "kaiming_normal", "xavier_uniform", "normal_02", "orthogonal")
OPTIMISERS = ("SGD 0.02", "SGD 0.1", "Adam 0.001")
SEEDS = 2


@dataclass(frozen=True)
class Draws:
    """Layers of one shape and dtype that were drawn and not trained, some of every family."""

    shape: tuple[int, int]
    dtype: str

    @property
    def key(self) -> str:
        """Names it in the journal."""
        return f"draws {self.shape[0]}x{self.shape[1]} {self.dtype}"

    def of(self, families: Sequence[T]) -> list[T]:
        """The families that are drawn, each as often as it is."""
        if self.shape[0] * self.shape[1] >= LARGE:
            return list(families[DTYPES.index(self.dtype) :: len(DTYPES)])
        return [family for family in families for _ in range(DRAWS)]


@dataclass(frozen=True)
class Training:
    """A network that is looked at after some steps of training."""

    start: str
    optimiser: str

    @property
    def key(self) -> str:
        """Names it in the journal."""
        return f"training {self.start} {self.optimiser}"


@dataclass(frozen=True)
class Task:
    """One record."""

    cell: Draws | Training
    seed: int
    quick: bool = False
    """One draw of a few families, and few steps: to see that everything runs."""


def tasks(quick: bool = False) -> list[Task]:
    """Every record of the study."""
    if quick:
        return [Task(Draws((64, 64), "bfloat16"), 0, True), Task(Training("torch_default", "SGD 0.1"), 0, True)]
    draws = [Task(Draws(shape, dtype), 0) for shape in SHAPES for dtype in DTYPES]
    cells = [Training(start, optimiser) for start in STARTS for optimiser in OPTIMISERS]
    return draws + [Task(cell, seed) for cell in cells for seed in range(SEEDS)]
