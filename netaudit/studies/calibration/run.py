"""Run a plan, from where the journal left off, and write the study."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from netaudit.files import make_folder
from netaudit.studies.calibration.cells import LADDER, START, CalibrationPlan, LayerCell, tracy_widom_key
from netaudit.studies.calibration.claims import tolerances
from netaudit.studies.calibration.fingerprint import fingerprint
from netaudit.studies.calibration.measure import NULL_EVERY, Task, measure
from netaudit.studies.calibration.page import document
from netaudit.studies.calibration.summary import study_data
from netaudit.studies.harness.journal import Journal
from netaudit.studies.harness.page import write_study
from netaudit.studies.harness.pool import run_tasks
from netaudit.studies.harness.provenance import describe_run, versions

Progress = Callable[[str, float, float], None]

JOURNAL = "calibration.journal.jsonl"

_ALONE = 1.0  # seconds a layer beyond which each is a task of its own


def calibrate(
    plan: CalibrationPlan, out: Path, *, command: str, jobs: int = 1, progress: Progress | None = None
) -> dict[str, Any]:
    """Run what the journal in ``out`` does not hold yet, write the study there, and return its data.

    Args:
        plan: what to run.
        out: the folder; it is made if need be.
        command: how to run it again, for the record.
        jobs: processes; the results do not depend on it.
        progress: called with (message, done, total), in seconds of work.

    Raises:
        NetauditError: a process ended unexpectedly.
        ReportError: the journal or the study cannot be written.
    """
    make_folder(out)
    tell = progress or (lambda message, done, total: None)
    with Journal(out / JOURNAL, fingerprint()) as journal:
        tasks = missing(plan, journal)
        if tasks:
            journal.begin(describe_run(command, datetime.now(UTC).date().isoformat(), jobs))
        efforts = {cell.key: effort(cell) for cell in plan.cells}
        total = sum(efforts[task.cell.key] * len(task.seeds) for task in tasks if task.cell is not None)
        done = 0.0
        tell("starting", 0.0, total)
        with closing(run_tasks(tasks, jobs, measure)) as records:
            for record in records:
                journal.add(record)
                done += efforts.get(record["cell"], 0.0)
                tell(record["cell"], done, total)
        data = study_data(plan, journal.of, tolerances(), versions(), journal.runs)
    tell("writing the study", 0.0, 0.0)
    write_study(document(data), out)
    return data


def missing(plan: CalibrationPlan, journal: Journal) -> list[Task]:
    """What is still to be done, the most expensive layers first so that no process is left alone with one.

    Layers that share a null stay together where they are cheap: the null is drawn once a process.
    """
    tasks = []
    for cell in sorted(plan.cells, key=effort, reverse=True):
        seeds = [seed for seed in range(cell.seeds) if (cell.key, seed) not in journal]
        alone = effort(cell) > _ALONE
        groups = dict.fromkeys(seed if alone else seed // NULL_EVERY for seed in seeds)
        tasks += [
            Task(cell, tuple(seed for seed in seeds if (seed if alone else seed // NULL_EVERY) == group))
            for group in groups
        ]
    tasks += [
        Task(None, shape=shape, draws=plan.tracy_widom_draws)
        for shape in plan.tracy_widom
        if (tracy_widom_key(shape), plan.tracy_widom_draws) not in journal
    ]
    return tasks


def effort(cell: LayerCell) -> float:
    """Seconds that a layer takes, roughly: for the time left and the order of the work."""
    m, n = cell.shape
    p = min(m, n)
    entries, shadow = 0.01 + 7e-8 * m * n, 0.05 + 1.2e-7 * m * n
    singular = 0.05 + 7e-11 * p**3 + 1.5e-11 * m * n * p
    profile = 1.5 + 1e-5 * m * n  # of a layer without unit scales
    ladder = 0.02 + 1e-9 * p**3 + 2.5e-7 * m * n
    return (
        entries
        + singular * ("singular_law" in cell.claims)
        + shadow * ("shadow_inversion" in cell.claims)
        + ladder * (LADDER in cell.answers)
        + profile * cell.scenario.startswith("apart")
        + entries * (START in cell.answers)
    )
