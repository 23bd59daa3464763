"""What the runs say: errors by arm, paired differences with intervals, and what they amount to in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, median
from typing import Any

import numpy as np

from netaudit.studies.harness.intervals import mean_interval
from netaudit.studies.harness.journal import Journal
from netaudit.studies.harness.provenance import versions
from netaudit.studies.shadow_training.plan import (
    HELD_OUT,
    SWEEP,
    VARIANTS,
    Setting,
    TrainingCell,
    seeds,
    steps,
    sweep_arm,
)
from netaudit.studies.shadow_training.run import COST, Outcome
from netaudit.training.log import follows

Record = dict[str, Any]

AGAINST = (
    ("shadow", "plain"),
    ("random", "plain"),
    ("repeat", "plain"),
    ("noise", "plain"),
    ("mixup", "plain"),
    ("shadow+noise", "plain"),
    ("shadow+mixup", "plain"),
    ("shadow signed", "plain"),
    ("shadow", "random"),
    ("shadow", "repeat"),
    ("shadow", "noise"),
    ("shadow", "mixup"),
    ("shadow+noise", "noise"),
    ("shadow+mixup", "mixup"),
    ("shadow signed", "shadow"),
)


def study_data(outcomes: Sequence[Outcome], asked: Sequence[Setting], journal: Journal) -> dict[str, Any]:
    """Everything that the page shows, as plain data. Errors are shares of wrong labels."""
    found = [_setting(outcome, journal) for outcome in outcomes]
    return {
        "study": "shadow training",
        "versions": versions(),
        "runs": journal.runs,
        "held_out": HELD_OUT,
        "settings": found,
        "missing": [setting.name for setting in asked if setting.name not in {entry["name"] for entry in found}],
        "sweep": [entry for outcome in outcomes if (entry := _sweep(outcome, journal))],
        "variants": [entry for outcome in outcomes if (entry := _variants(outcome, journal))],
        "cost": journal.of(COST, [0])[0]["networks"] if (COST, 0) in journal else [],
    }


def paired(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, Any]:
    """Mean of ours - theirs over seeds, with a Student-t interval: ``{n, mean, low, high, sign}``.

    ``sign`` is -1 or 1 where the whole interval lies on that side of 0, else 0.

    Raises:
        ValueError: fewer than two pairs.
    """
    differences = np.asarray(ours) - np.asarray(theirs)
    mean, (low, high) = mean_interval(differences)
    return {"n": len(differences), "mean": mean, "low": low, "high": high, "sign": int(low > 0) - int(high < 0)}


def _setting(outcome: Outcome, journal: Journal) -> dict[str, Any]:
    setting = outcome.setting
    records = {c.arm: journal.of(c.key, seeds(c)) for c in outcome.cells if c.stage == "test"}
    errors = {arm: [record["error"] for record in found] for arm, found in records.items()}
    return {
        "name": setting.name,
        "title": setting.recipe.title,
        "labels": setting.labels,
        "epochs": setting.recipe.epochs,
        "batch": setting.recipe.batch,
        "steps": steps(setting),
        "trunk": setting.trunk,
        "precision": setting.precision,
        "seeds": setting.seeds,
        "rate_seeds": setting.rate_seeds,
        "note": setting.note,
        "rates": list(setting.rates),
        "tried": {arm: [tried[rate] for rate in setting.rates] for arm, tried in outcome.tried.items()},
        "arms": {
            arm: {
                "rate": outcome.rates[arm],
                "errors": found,
                "mean": mean(found),
                "seconds": median(record["seconds"] for record in records[arm]),
            }
            for arm, found in errors.items()
        },
        "against": [
            {"arm": arm, "base": base} | paired(errors[arm], errors[base])
            for arm, base in AGAINST
            if arm in errors and base in errors
        ],
        "tracking": _tracking(records.get("shadow", [])),
        "audit": {arm: layers for arm, found in records.items() if (layers := _audit(found))},
    }


def _tracking(records: Sequence[Record]) -> dict[str, Any] | None:
    """The curves of the first seed, and how closely the errors follow each other, averaged over seeds."""
    curves = [record["curves"] for record in records if record.get("curves")]
    if not curves:
        return None
    correlations: dict[str, dict[str, float | None]] = {}
    for other in ("real", "test"):
        pairs = [follows([p[other] for p in curve], [p["shadow"] for p in curve]) for curve in curves]
        correlations[other] = {key: _mean([pair[key] for pair in pairs]) for key in ("levels", "changes")}
    return {"curve": curves[0], "correlations": correlations}


def _audit(records: Sequence[Record]) -> dict[str, dict[str, float | None]]:
    """Figures of each layer, averaged over the audited seeds."""
    audits = [record["audit"] for record in records if "audit" in record]
    return {
        layer: {metric: _mean([audit[layer][metric] for audit in audits]) for metric in audits[0][layer]}
        for layer in (audits[0] if audits else {})
    }


def _sweep(outcome: Outcome, journal: Journal) -> dict[str, Any] | None:
    """Held-out errors over rho and weight, as paired differences from plain training with its own rate."""
    cells = {cell.arm: cell for cell in outcome.cells if cell.stage == "sweep"}
    plain = _held_out_plain(outcome, journal)
    if len(cells) < len(SWEEP) or plain is None:
        return None
    rows = []
    for rho, weight in SWEEP:
        cell = cells[sweep_arm(rho, weight)]
        errors = [record["error"] for record in journal.of(cell.key, seeds(cell))]
        rows.append(
            {"rho": rho, "weight": weight, "mean": mean(errors)} | {"against": paired(errors, plain[: len(errors)])}
        )
    return {"setting": outcome.setting.name, "rows": rows, "plain": mean(plain)}


def _variants(outcome: Outcome, journal: Journal) -> dict[str, Any] | None:
    """Better shadows, on held-out points, as paired differences from the shadow as it is."""
    cells = {cell.arm: cell for cell in outcome.cells if cell.stage == "variant"}
    if not {"shadow", *VARIANTS} <= set(cells):
        return None
    errors = {arm: [record["error"] for record in journal.of(cell.key, seeds(cell))] for arm, cell in cells.items()}
    rows = [
        {"variant": arm, "mean": mean(errors[arm]), "against": paired(errors[arm], errors["shadow"])}
        for arm in VARIANTS
    ]
    return {"setting": outcome.setting.name, "rows": rows, "shadow": mean(errors["shadow"])}


def _held_out_plain(outcome: Outcome, journal: Journal) -> list[float] | None:
    cells: list[TrainingCell] = [cell for cell in outcome.cells if cell.stage == "variant" and cell.arm == "plain"]
    return [record["error"] for record in journal.of(cells[0].key, seeds(cells[0]))] if cells else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return mean(known) if known else None
