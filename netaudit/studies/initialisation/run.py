"""Run the study, from where its journal left off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from netaudit.files import make_folder
from netaudit.studies.harness.goes_on import Progress, go_on
from netaudit.studies.harness.journal import Journal
from netaudit.studies.harness.provenance import versions
from netaudit.studies.initialisation.measure import work
from netaudit.studies.initialisation.plan import Draws, Training, tasks

JOURNAL = "initialisation.journal.jsonl"
VERSION = "initialisation 3"
"""Begins the journal; another one begins it anew. To be changed with anything that changes what a record holds."""


def run(out: Path, *, command: str, jobs: int, progress: Progress, quick: bool = False) -> dict[str, Any]:
    """Run what the journal in the folder does not hold, and return the whole study.

    Raises:
        NetauditError: a process ended unexpectedly.
        ReportError: the journal cannot be read or written.
    """
    make_folder(out)
    planned = tasks(quick)
    with Journal(out / JOURNAL, f"{VERSION}{' quick' if quick else ''}") as journal:
        left = [task for task in planned if (task.cell.key, task.seed) not in journal]
        go_on(journal, left, work, command=command, jobs=jobs, progress=progress)
        draws: list[dict[str, Any]] = []
        training: dict[str, dict[str, Any]] = {}
        for task in planned:
            (record,) = journal.of(task.cell.key, [task.seed])
            if isinstance(task.cell, Draws):
                own = {"shape": list(task.cell.shape), "dtype": task.cell.dtype}
                draws.append(own | {name: record[name] for name in ("layers", "alarms", "unnamed")})
            elif isinstance(task.cell, Training):
                own = {"start": task.cell.start, "optimiser": task.cell.optimiser, "runs": []}
                training.setdefault(task.cell.key, own)["runs"].append(record["steps"])
        runs = journal.runs
    return {"versions": versions(), "runs": runs, "draws": draws, "training": list(training.values())}
