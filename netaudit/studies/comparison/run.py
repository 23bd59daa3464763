"""Run the study, from where its journal left off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from netaudit.comparing.rules import ERRORS, RULES, SMALL_CHANGE
from netaudit.files import make_folder
from netaudit.studies.comparison.measure import work
from netaudit.studies.comparison.plan import APART, MADE, Apart, Rounded, Spike, Task, Trained, tasks
from netaudit.studies.harness.goes_on import Progress, go_on
from netaudit.studies.harness.journal import Journal
from netaudit.studies.harness.provenance import versions

JOURNAL = "comparison.journal.jsonl"
VERSION = "comparison 1"
"""Begins the journal, with the thresholds; another one begins it anew. To be changed with what a record holds."""


def run(out: Path, *, command: str, jobs: int, progress: Progress, quick: bool = False) -> dict[str, Any]:
    """Run what the journal in the folder does not hold, and return the whole study.

    Raises:
        NetauditError: a process ended unexpectedly.
        ReportError: the journal cannot be read or written.
    """
    make_folder(out)
    planned = tasks(quick)
    with Journal(out / JOURNAL, f"{VERSION} {_thresholds()}{' quick' if quick else ''}") as journal:
        left = [task for task in planned if (task.cell.key, task.seed) not in journal]
        go_on(journal, left, work, command=command, jobs=jobs, progress=progress)
        found = [(task, journal.of(task.cell.key, [task.seed])[0]) for task in planned]
        runs = journal.runs
    return {
        "versions": versions(),
        "runs": runs,
        "thresholds": _thresholds(),
        "spikes": _spikes(found),
        "roundings": _roundings(found),
        "trained": _trained(found),
    }


def rate(count: int, total: int) -> dict[str, Any]:
    """A share with its 95 % interval by Wilson's method (J. Amer. Statist. Assoc. 22 (1927) 209).

    >>> {name: round(value, 3) for name, value in rate(0, 30).items()}
    {'count': 0, 'total': 30, 'rate': 0.0, 'low': 0.0, 'high': 0.114}
    """
    from scipy.stats import binomtest

    ends = binomtest(count, total).proportion_ci(0.95, "wilson")
    return {"count": count, "total": total, "rate": count / total, "low": float(ends.low), "high": float(ends.high)}


def _thresholds() -> dict[str, float]:
    named = {rule.name: rule.threshold for rule in RULES if rule.threshold is not None}
    return named | {"errors": ERRORS, "small_change": SMALL_CHANGE}


Found = Sequence[tuple[Task, dict[str, Any]]]


def _spikes(found: Found) -> list[dict[str, Any]]:
    cells: dict[Spike, list[dict[str, Any]]] = {}
    for task, record in found:
        if isinstance(task.cell, Spike):
            cells.setdefault(task.cell, []).append(record)
    return [
        {"shape": list(cell.shape), "strength": cell.strength,
         "seen": rate(sum(each["seen"] for each in records), sum(each["trials"] for each in records))}
        for cell, records in cells.items()
    ]  # fmt: skip


def _roundings(found: Found) -> list[dict[str, Any]]:
    made = []
    for task, record in found:
        if isinstance(task.cell, Rounded):
            words: Counter[str] = Counter(record["words"])
            made.append({
                "scheme": task.cell.scheme, "what": task.cell.what, "right": task.cell.right,
                "rate": rate(words[task.cell.right], len(record["words"])), "words": dict(sorted(words.items())),
                "scheme_named": rate(record["schemes"].count(task.cell.scheme), len(record["schemes"])),
            })  # fmt: skip
    return made


def _trained(found: Found) -> list[dict[str, Any]]:
    made = []
    planned = [(Trained, *item) for item in MADE.items()] + [(Apart, *item) for item in APART.items()]
    for kind, name, (says, right) in planned:
        records = [record["made"] for task, record in found if isinstance(task.cell, kind)]
        each = [record[name] for record in records]
        words = Counter(entry["word"] for entry in each)
        layers = [Counter(entry["layers"][place] for entry in each) for place in range(len(each[0]["layers"]))]
        cosines = list(zip(*(entry["cosines"] for entry in each), strict=True))
        made.append({
            "name": name, "says": says, "right": right, "rate": rate(words[right], len(each)),
            "words": dict(sorted(words.items())), "layers": [dict(sorted(layer.items())) for layer in layers],
            "cosines": [[min(values), max(values)] for values in cosines],
            "replaced": sum(entry["replaced"] for entry in each),
        })  # fmt: skip
    return made
