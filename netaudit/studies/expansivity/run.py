"""Run the study, from where its journal left off."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from netaudit.files import make_folder
from netaudit.studies.expansivity.measure import cells, work
from netaudit.studies.harness.goes_on import Progress, go_on
from netaudit.studies.harness.journal import Journal
from netaudit.studies.harness.provenance import versions

JOURNAL = "injectivity.journal.jsonl"
VERSION = "expansivity 1"
"""Begins the journal; another one begins it anew. To be changed with anything that changes what a record holds."""


def run(out: Path, *, command: str, jobs: int, progress: Progress, quick: bool = False) -> dict[str, Any]:
    """Run what the journal in the folder does not hold, and return the whole study.

    Raises:
        NetauditError: a process ended unexpectedly.
        ReportError: the journal cannot be read or written.
    """
    make_folder(out)
    planned = cells(quick)
    with Journal(out / JOURNAL, f"{VERSION}{' quick' if quick else ''}") as journal:
        left = [cell for cell in planned if (cell.key, 0) not in journal]
        go_on(journal, left, work, command=command, jobs=jobs, progress=progress)
        found = []
        for cell in planned:
            (record,) = journal.of(cell.key, [0])
            found.append(asdict(cell) | {answer: record[answer] for answer in ("yes", "no", "undecided")})
        runs = journal.runs
    return {"study": "injectivity", "versions": versions(), "runs": runs, "cells": found}
