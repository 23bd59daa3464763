"""What the study runs: the lines of each analysis, in blocks of draws that one process does at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from netaudit.studies.geometry_claims import (
    circular_law,
    depth_limit,
    identifiability,
    injectivity,
    line_attractor,
    linear_regions,
)
from netaudit.studies.geometry_claims.lines import Line

ANALYSES: Mapping[str, Any] = {
    "linear_regions": linear_regions,
    "injectivity": injectivity,
    "identifiability": identifiability,
    "depth_limit": depth_limit,
    "rnn_fixed_points": line_attractor,
    "circular_law": circular_law,
}
"""Each is a file of this room with ``LINES`` and ``noticed(line, seed) -> bool``."""
BLOCK = 100
"""Draws of one record of the journal."""
_QUICK = 2


@dataclass(frozen=True)
class Task:
    """Some draws of one line: its seeds from ``first`` on."""

    line: Line
    first: int

    @property
    def seeds(self) -> range:
        """The seeds."""
        return range(self.first, min(self.first + BLOCK, self.line.draws))


def lines(quick: bool = False) -> tuple[Line, ...]:
    """Every line of the study; two draws of each for a quick run."""
    found: list[Line] = [line for analysis in ANALYSES.values() for line in analysis.LINES]
    return tuple(replace(line, draws=_QUICK) if quick else line for line in found)


def tasks(quick: bool = False) -> list[Task]:
    """Every record of the study."""
    return [Task(line, first) for line in lines(quick) for first in range(0, line.draws, BLOCK)]


def work(task: Task) -> Iterator[dict[str, Any]]:
    """The record of a task: the seeds of the draws that were noticed."""
    noticed = ANALYSES[task.line.analysis].noticed
    found = [seed for seed in task.seeds if noticed(task.line, seed)]
    yield {"cell": task.line.key, "seed": task.first, "draws": len(task.seeds), "noticed": found}
