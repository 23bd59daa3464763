"""Run the study, from where its journal left off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from netaudit.errors import SourceError
from netaudit.files import make_folder
from netaudit.studies.harness.goes_on import Progress, go_on
from netaudit.studies.harness.journal import Journal
from netaudit.studies.harness.provenance import versions
from netaudit.studies.recurrent.measure import worker
from netaudit.studies.recurrent.plan import Synthetic, Task

JOURNAL = "recurrent.journal.jsonl"
NETWORKS = "networks"
VERSION = "recurrent 2"
"""Begins the journal; another one begins it anew. To be changed with anything that changes what a record holds."""


def run(out: Path, planned: Sequence[Task], *, command: str, jobs: int, progress: Progress) -> dict[str, Any]:
    """Run what the journal in the folder does not hold, and return all that it holds then, of earlier runs as well.

    Raises:
        NetauditError: a process ended unexpectedly, or the texts cannot be read.
        ReportError: the journal cannot be read or written.
    """
    make_folder(out)
    effort = planned[0].effort
    with Journal(out / JOURNAL, f"{VERSION} {effort}") as journal:
        left = [task for task in planned if (task.cell.key, task.seed) not in journal]
        if left:
            _require_texts(left)
        go_on(journal, left, worker(out / NETWORKS), command=command, jobs=jobs, progress=progress)
        found, runs = journal.records(), journal.runs
    return {
        "versions": versions(),
        "runs": runs,
        "effort": asdict(effort),
        "bags": {record["bag"]: record for record in found if "bag" in record},
        "networks": [record for record in found if "kind" in record],
        "tasks": [record for record in found if "task" in record],
    }


def _require_texts(tasks: Sequence[Task]) -> None:
    """Say at once that the texts are not there, and not after an hour.

    Raises:
        SourceError: the place that the first task names is not there.
    """
    for task in tasks:
        if not isinstance(task.cell, Synthetic) and not task.root.exists():
            raise SourceError(
                f"{task.root} is not there", hint="--data-root FILE: a table with columns text, label and source"
            )
