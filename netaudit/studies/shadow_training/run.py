"""Run the study, from where the journal left off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean

from netaudit.files import make_folder
from netaudit.studies.harness.journal import Journal
from netaudit.studies.harness.pool import run_tasks
from netaudit.studies.harness.provenance import describe_run
from netaudit.studies.shadow_training.cost import cost
from netaudit.studies.shadow_training.measure import DIVERGED, Task, work
from netaudit.studies.shadow_training.plan import Setting, TrainingCell, confirm_cells, rate_cells, seeds, test_cells

Progress = Callable[[str, float, float], None]

JOURNAL = "shadow_training.journal.jsonl"
COST = "cost"
VERSION = "shadow training 1"
"""Begins the journal; another one begins it anew. To be changed with anything that changes what a run gives beyond
the order in which numbers are summed."""


@dataclass(frozen=True)
class Outcome:
    """What the journal holds of a setting, as far as it is complete."""

    setting: Setting
    rates: dict[str, float]
    """The rate chosen for each arm."""
    tried: dict[str, dict[float, float]]
    """Mean error on held-out points by arm and rate."""
    cells: tuple[TrainingCell, ...]
    """The reported cells whose runs are all there."""


def open_journal(out: Path) -> Journal:
    """What was measured so far, in the folder, which is made if need be.

    Raises:
        ReportError: it cannot be read or written.
    """
    make_folder(out)
    return Journal(out / JOURNAL, VERSION)


def run(
    settings: Sequence[Setting], root: Path, journal: Journal, *, command: str, jobs: int, progress: Progress
) -> None:
    """Run what the journal does not hold, setting by setting; the costs first, while nothing else runs.

    Raises:
        NetauditError: a process ended unexpectedly.
        ReportError: the journal cannot be written.
    """
    journal.begin(describe_run(command, datetime.now(UTC).date().isoformat(), jobs))
    if (COST, 0) not in journal:
        progress("the cost of a step", 0.0, len(settings))
        journal.add({"cell": COST, "seed": 0, "networks": cost()})
    for place, setting in enumerate(settings):

        def tell(message: str, share: float, place: int = place) -> None:
            progress(message, place + share, len(settings))

        _run(rate_cells(setting), journal, root, jobs, lambda text, share: tell(text, share * 0.4))
        while missing := [c for c in confirm_cells(setting, choose(setting, journal)[0]) if not _there(c, journal)]:
            _run(missing, journal, root, jobs, lambda text, share: tell(text, 0.4))
        rates, _ = choose(setting, journal)
        _run(test_cells(setting, rates), journal, root, jobs, lambda text, share: tell(text, 0.4 + share * 0.6))


def outcomes(settings: Sequence[Setting], journal: Journal) -> list[Outcome]:
    """The settings of which there is something to report: all rates tried, and the runs of plain training."""
    found = []
    for setting in settings:
        if not all(_there(cell, journal) for cell in rate_cells(setting)):
            continue
        rates, tried = choose(setting, journal)
        if not all(_there(cell, journal) for cell in confirm_cells(setting, rates)):
            continue
        cells = tuple(cell for cell in test_cells(setting, rates) if _there(cell, journal))
        if any(cell.stage == "test" and cell.arm == "plain" for cell in cells):
            found.append(Outcome(setting, rates, tried, cells))
    return found


def choose(setting: Setting, journal: Journal) -> tuple[dict[str, float], dict[str, dict[float, float]]]:
    """The rate of each arm with the least mean error on held-out points, among those at which no run diverged.

    Of two equal ones the smaller is taken; if there is none, the smallest of all.
    """
    tried: dict[str, dict[float, float]] = {arm: {} for arm in setting.arms}
    chosen: dict[str, float] = {}
    for cell in rate_cells(setting):
        tried[cell.arm][cell.rate] = mean(record["error"] for record in journal.of(cell.key, seeds(cell)))
    for arm, errors in tried.items():
        sound = [rate for rate in errors if not _diverged(setting, arm, rate, journal)]
        chosen[arm] = min(sound, key=lambda rate: (errors[rate], rate)) if sound else min(errors)
    return chosen, tried


def _diverged(setting: Setting, arm: str, rate: float, journal: Journal) -> bool:
    cells = [TrainingCell(setting, arm, "rate", rate), TrainingCell(setting, arm, "confirm", rate)]
    known = [journal.of(cell.key, [seed])[0] for cell in cells for seed in seeds(cell) if (cell.key, seed) in journal]
    return any(record["error"] == DIVERGED for record in known)


def _there(cell: TrainingCell, journal: Journal) -> bool:
    return all((cell.key, seed) in journal for seed in seeds(cell))


def _run(
    cells: Iterable[TrainingCell], journal: Journal, root: Path, jobs: int, tell: Callable[[str, float], None]
) -> None:
    tasks = [Task(cell, (seed,), root) for cell in cells for seed in seeds(cell) if (cell.key, seed) not in journal]
    tell("starting", 0.0)
    with closing(run_tasks(tasks, jobs, work)) as records:
        for done, record in enumerate(records, 1):
            journal.add(record)
            tell(record["cell"], done / len(tasks))
