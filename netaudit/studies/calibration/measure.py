"""One layer of a cell, drawn and judged: what the journal keeps of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from netaudit.analyses.context import LayerContext
from netaudit.network.layers import FCLayer
from netaudit.numerics import device as devices
from netaudit.numerics.laws import tracy_widom
from netaudit.numerics.laws.ensembles import gaussian_largest
from netaudit.studies.calibration import scenarios, starts, structured
from netaudit.studies.calibration.answers import ANSWERS
from netaudit.studies.calibration.cells import LayerCell, size, tracy_widom_key
from netaudit.studies.calibration.claims import judge_claim, tolerances
from netaudit.studies.calibration.effects import EFFECTS
from netaudit.studies.calibration.scenarios import Shape

Record = dict[str, Any]

NULL_EVERY = 20
"""Layers that share an audit seed, and so a matched null: the null's own randomness is part of the study."""


WEIGHTS = scenarios.WEIGHTS | structured.WEIGHTS | starts.WEIGHTS


@dataclass(frozen=True)
class Task:
    """Seeds of one cell, or a shape's Tracy-Widom draws, done in one process one after the other."""

    cell: LayerCell | None
    seeds: tuple[int, ...] = ()
    shape: Shape | None = None
    draws: int = 0


def measure(task: Task) -> Iterator[Record]:
    """Yield the records of a task, one by one."""
    if task.cell is not None:
        for seed in task.seeds:
            yield judge(task.cell, seed)
    if task.shape is not None:
        yield tracy_widom_scores(task.shape, task.draws)


def judge(cell: LayerCell, seed: int) -> Record:
    """Draw the layer of this seed, and judge the cell's claims and other analyses on it.

    Returns:
        ``{cell, seed, seconds, findings: {claim: {verdict, values, intervals}}}``, with ``spikes`` where the singular
        values were judged, and ``answers`` where the cell asks for some.
    """
    started = time.perf_counter()
    context = draw(cell, seed)
    findings: dict[str, dict[str, Any]] = {}
    spikes = None
    for claim in cell.claims:
        found = judge_claim(claim, context)
        values = {effect.metric: found.metrics[effect.metric] for effect in EFFECTS[claim]}
        intervals = {
            c.statistic: {"value": c.value, "interval": list(c.interval), "level": c.level} for c in found.conditions
        }
        findings[claim] = {"verdict": found.verdict, "values": values, "intervals": intervals}
        if claim == "singular_law":
            spikes = found.metrics["spikes"]
    record: Record = {"cell": cell.key, "seed": seed, "findings": findings}
    if spikes is not None:
        record["spikes"] = spikes
    if cell.answers:
        record["answers"] = {name: ANSWERS[name](context) for name in cell.answers}
    return record | {"seconds": round(time.perf_counter() - started, 4)}


def draw(cell: LayerCell, seed: int) -> LayerContext:
    """The layer of a cell and seed, ready to be judged; the same wherever it is drawn."""
    import torch

    tolerance = tolerances()["constant_bias"]["tolerance"]
    weight = WEIGHTS[cell.scenario](
        cell.shape, cell.strength, devices.generator(seed, "calibration", cell.key, "weight")
    )
    generator = devices.generator(seed, "calibration", cell.key, "bias")
    if cell.scenario in starts.WEIGHTS:
        bias = starts.bias(cell.scenario, cell.shape, generator)
    else:
        bias = scenarios.bias(cell.scenario, cell.shape, cell.strength, tolerance, generator)
    # the analyses' own draws depend on the audit seed and the name: a name for each layer makes them fresh
    layer = FCLayer(f"{cell.key} seed {seed}", weight, bias)
    norm = scenarios.input_norm(cell.scenario, cell.shape)
    return LayerContext(
        layer, seed=seed // NULL_EVERY, device=torch.device("cpu"), input_norm=norm, preactivation_scale=norm
    )


def tracy_widom_scores(shape: Shape, draws: int) -> Record:
    """Scores of the largest singular value of ``draws`` Gaussian matrices of that shape: ``{cell, seed, scores}``."""
    m, n = shape
    generator = devices.numpy_generator(0, "calibration", "tracy_widom", size(shape))
    scores = [tracy_widom.score(gaussian_largest(m, n, generator), 1.0, m, n) for _ in range(draws)]
    return {"cell": tracy_widom_key(shape), "seed": draws, "scores": scores}
