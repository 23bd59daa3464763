"""What the study runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from netaudit.training.recipes import Kind

Source = Literal["imdb", "sentences"]
Known = Literal["flip_flop", "integrator", "two_integrators", "last_word"]

KINDS: tuple[Kind, ...] = ("GRU", "LSTM", "RNN")
"""The cells of the committed study; ``UGRNN`` comes by the flag."""
SOURCES: tuple[Source, ...] = ("sentences", "imdb")
TASKS: tuple[Known, ...] = ("flip_flop", "integrator", "two_integrators", "last_word")
SEEDS = 3
EPOCHS: Mapping[Source, int] = {"imdb": 3, "sentences": 6}
"""Of training on texts: fewer than the recipes have, so that eighteen networks train within minutes on one CPU core."""


@dataclass(frozen=True)
class Effort:
    """How much is computed for one network."""

    starts: int = 128
    """Of each search for points: an eighth of the library's default, since sixteen searches are made for a network."""
    draws: int = 3
    """Of each null, while the input is held at zeros; one while it is held at the mean word."""
    sequences: int = 256
    """Test texts along which states are collected."""
    steps: int = 1000
    """Of a descent, as the library has it by default."""
    batches: int = 400
    """Batches of a task with a known answer."""
    texts: int | None = None
    """Training texts, and as many test texts at most; None for all."""


FULL = Effort()
QUICK = Effort(starts=24, draws=1, sequences=16, steps=60, batches=20, texts=64)


@dataclass(frozen=True)
class Words:
    """The bag of words of a source, beside which the networks stand."""

    source: Source

    @property
    def key(self) -> str:
        """Names it in the journal."""
        return f"bag of words {self.source}"


@dataclass(frozen=True)
class Text:
    """A network that reads texts."""

    kind: Kind
    source: Source
    epochs: int

    @property
    def key(self) -> str:
        """Names it in the journal."""
        return f"{self.kind} {self.source} {self.epochs} epochs"


@dataclass(frozen=True)
class Synthetic:
    """A GRU on a task whose answer is known."""

    task: Known

    @property
    def key(self) -> str:
        """Names it in the journal."""
        return f"task {self.task}"


@dataclass(frozen=True)
class Task:
    """One record."""

    cell: Words | Text | Synthetic
    seed: int
    root: Path
    """Where the texts lie."""
    effort: Effort = FULL


def tasks(
    root: Path,
    *,
    kinds: Sequence[Kind] = KINDS,
    sources: Sequence[Source] = SOURCES,
    seeds: int = SEEDS,
    epochs: int | None = None,
    known: bool = True,
    effort: Effort = FULL,
) -> list[Task]:
    """Every record of the study, the cheapest first.

    Args:
        root: where the texts lie.
        kinds: of cells that read texts.
        sources: of texts.
        seeds: of each network.
        epochs: of training on texts; None for those of the recipes.
        known: whether the tasks with known answers are among them.
        effort: how much is computed.
    """
    of_tasks = [Task(Synthetic(task), seed, root, effort) for task in TASKS if known for seed in range(seeds)]
    read: list[Task] = []
    for source in sources:
        read.append(Task(Words(source), 0, root, effort))
        for seed in range(seeds):
            read += [Task(Text(kind, source, epochs or EPOCHS[source]), seed, root, effort) for kind in kinds]
    return [*of_tasks, *read]
