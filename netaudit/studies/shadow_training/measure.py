"""One run of the study: train one arm from one seed, and what the journal keeps of it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from netaudit.api import audit
from netaudit.studies.shadow_training import arms, points
from netaudit.studies.shadow_training.plan import TrainingCell, seeds, steps
from netaudit.training.data import Images
from netaudit.training.loop import TrainingRun, accuracy, epoch, start

FOLLOWED = 1000  # test points on which a shadow arm is followed from epoch to epoch
DIVERGED = 1.0
"""Error of a run whose loss was no longer finite."""
AUDITED = ("plain", "shadow", "noise", "mixup")
_AUDITED_SEEDS = 3
_AUDIT = {
    "gaussian_weights": ("ks_gaussian", "excess_kurtosis"),
    "singular_law": ("ks_marchenko_pastur", "bulk_variance_share", "spikes"),
    "shadow_inversion": ("cross_talk_inflation", "gain", "relative_error_ratio"),
}


@dataclass(frozen=True)
class Task:
    """The runs of one cell whose records are missing."""

    cell: TrainingCell
    seeds: tuple[int, ...]
    root: Path


def work(task: Task) -> Iterator[dict[str, Any]]:
    """Yield the records of a task, one by one."""
    for seed in task.seeds:
        yield train(task.cell, seed, task.root)


def train(cell: TrainingCell, seed: int, root: Path) -> dict[str, Any]:
    """Train one arm.

    Returns:
        ``{cell, seed, error, curves, audit, seconds}``: the share of wrong labels at the end, on the points that the
        cell is judged on (``DIVERGED`` if the loss was no longer finite); for shadow arms, the errors after each
        epoch; for some, figures of each fully connected layer.
    """
    started = time.perf_counter()
    setting, recipe = cell.setting, cell.setting.recipe
    images, judge = points.labelled(setting, root, seed), points.judged_on(setting, root, cell.stage)
    run = start(recipe, seed, recipe.epochs, torch.device("cpu"), setting.precision)
    arm = arms.build(cell.arm, run.model, seed, steps(setting))
    followed = Images(judge.x[:FOLLOWED], judge.y[:FOLLOWED]) if arm.shadow and cell.stage == "test" else None
    curves: list[dict[str, float]] = []
    finite = True
    while run.done < run.epochs and finite:
        rate = cell.rate * recipe.rate_at(run.done, run.epochs) / recipe.rate
        finite = math.isfinite(epoch(run, images, rate, arm, lambda message, done, total: None))
        run.history += [{}] * (2 if not run.history else 1)  # what `done` counts, with the initialisation's entry
        if followed is not None and arm.shadow is not None:
            found = arm.shadow.figures()
            curves.append(
                {
                    "real": round(found["real_error"], 5),
                    "shadow": round(found["shadow_error"], 5),
                    "test": round(1 - accuracy(run.model, followed, run.device), 5),
                }
            )
    record: dict[str, Any] = {"cell": cell.key, "seed": seed}
    record["error"] = round(1 - accuracy(run.model, judge, run.device), 6) if finite else DIVERGED
    if curves:
        record["curves"] = curves
    if cell.stage == "test" and cell.arm in AUDITED and seed in seeds(cell)[:_AUDITED_SEEDS] and finite:
        record["audit"] = _audit(run)
    return record | {"seconds": round(time.perf_counter() - started, 2)}


def _audit(run: TrainingRun) -> dict[str, dict[str, float | int | None]]:
    """Figures of each hidden layer, by ``claim.metric``."""
    state = {name: tensor for name, tensor in run.model.state_dict().items() if tensor.ndim == 2}
    report = audit(state, seed=run.seed, nulls="none")
    return {
        layer.name: {
            f"{claim}.{metric}": finding.metrics.get(metric)
            for claim, finding in layer.findings.items()
            for metric in _AUDIT.get(claim, ())
        }
        for layer in report.layers
    }
