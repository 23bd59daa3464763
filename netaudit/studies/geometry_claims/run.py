"""Run the study, from where its journal left off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from netaudit.files import make_folder
from netaudit.studies.geometry_claims.lines import CERTAIN, Line, met
from netaudit.studies.geometry_claims.plan import BLOCK, lines, tasks, work
from netaudit.studies.harness.goes_on import Progress, go_on
from netaudit.studies.harness.intervals import share_interval
from netaudit.studies.harness.journal import Journal
from netaudit.studies.harness.provenance import versions

JOURNAL = "geometry_claims.journal.jsonl"
VERSION = "geometry claims 1"
"""Begins the journal; another one begins it anew. To be changed with anything that changes what a draw gives."""


def run(out: Path, *, command: str, jobs: int, progress: Progress, quick: bool = False) -> dict[str, Any]:
    """Run what the journal in the folder does not hold, and return the whole study.

    Raises:
        NetauditError: a process ended unexpectedly.
        ReportError: the journal cannot be read or written.
    """
    make_folder(out)
    with Journal(out / JOURNAL, f"{VERSION}{' quick' if quick else ''}") as journal:
        left = [task for task in tasks(quick) if (task.line.key, task.first) not in journal]
        go_on(journal, left, work, command=command, jobs=jobs, progress=progress)
        found = [_summed(line, journal) for line in lines(quick)]
        runs = journal.runs
    return {"study": "geometry-claims", "versions": versions(), "runs": runs, "lines": found}


def _summed(line: Line, journal: Journal) -> dict[str, Any]:
    records = journal.of(line.key, range(0, line.draws, BLOCK))
    noticed = sum(len(record["noticed"]) for record in records)
    low, high = share_interval(noticed, line.draws)
    wide = share_interval(noticed, line.draws, CERTAIN)
    return {
        "analysis": line.analysis,
        "kind": line.kind,
        "planted": line.planted,
        "strength": line.strength,
        "draws": line.draws,
        "noticed": noticed,
        "rate": noticed / line.draws,
        "interval": [low, high],
        "bar": line.bar,
        "met": met(line, noticed, *wide),
    }
