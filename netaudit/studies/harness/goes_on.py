"""A study that goes on: the tasks that its journal does not hold are done, and their records kept as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import TypeVar

from netaudit.studies.harness.journal import Journal
from netaudit.studies.harness.pool import Record, run_tasks
from netaudit.studies.harness.provenance import describe_run

T = TypeVar("T")
Progress = Callable[[str, float, float], None]


def go_on(
    journal: Journal,
    left: Sequence[T],
    work: Callable[[T], Iterable[Record]],
    *,
    command: str,
    jobs: int,
    progress: Progress,
) -> None:
    """Do the tasks that are left, in other processes.

    Args:
        journal: takes their records, and what is known of this run where there is any task.
        left: the tasks.
        work: gives the records of a task, each with its ``cell``; a function of a module.
        command: that was called.
        jobs: processes at most.
        progress: a callback that is given the cell of each record, how many are done and how many there are.

    Raises:
        NetauditError: a process ended unexpectedly.
        ReportError: the journal cannot be written.
    """
    if left:
        journal.begin(describe_run(command, datetime.now(UTC).date().isoformat(), jobs))
    with closing(run_tasks(left, jobs, work)) as records:
        for done, record in enumerate(records, 1):
            journal.add(record)
            progress(record["cell"], done, len(left))
