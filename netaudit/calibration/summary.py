"""From the records to the study's JSON: rates with their intervals, values, curves beside their theory, bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from netaudit.calibration import theory
from netaudit.calibration.measure import NULL_EVERY, Record
from netaudit.calibration.plan import POWER, Bar, Cell, Plan, size, tracy_widom_key
from netaudit.calibration.scenarios import Shape
from netaudit.results import VERDICTS

FORMAT_VERSION = 1
_LINE = 80  # points of a theory's line

Json = dict[str, Any]


def summarise(
    plan: Plan,
    records: Callable[[str, Sequence[int]], list[Record]],
    tolerances: Mapping[str, Mapping[str, float]],
    versions: Mapping[str, str],
    runs: Sequence[Json],
) -> Json:
    """The study's data, which the page and every test read.

    Args:
        plan: what was run.
        records: the records of a cell's key for some seeds, in their order.
        tolerances: what the analysers were set to, by claim.
        versions: of the software.
        runs: when, from which commit and by which command.
    """
    cells = [_cell(cell, records(cell.key, range(cell.seeds))) for cell in plan.cells]
    draws = plan.tracy_widom_draws
    moments = [_moments(shape, records(tracy_widom_key(shape), [draws])[0]["scores"]) for shape in plan.tracy_widom]
    measured = {entry["key"]: entry for entry in [*cells, *moments]}
    return {
        "study": "calibration",
        "format_version": FORMAT_VERSION,
        "versions": dict(versions),
        "runs": list(runs),
        "seeds": f"0 to seeds - 1 in every cell; audit seed: seed // {NULL_EVERY}",
        "null_every": NULL_EVERY,
        "seconds": round(sum(cell["seconds"]["total"] for cell in cells), 1),
        "tolerances": {claim: dict(values) for claim, values in tolerances.items()},
        "bars": [_judged(bar, measured[bar.cell]) for bar in plan.bars],
        "cells": cells,
        "tracy_widom": moments,
        "curves": _curves(cells, tolerances),
    }


def rate(count: int, total: int) -> Json:
    """A share with its Clopper-Pearson 95 % interval."""
    from scipy.stats import binomtest

    ends = binomtest(count, total).proportion_ci(0.95, method="exact")
    return {"count": count, "rate": count / total, "interval": [float(ends.low), float(ends.high)]}


def _cell(cell: Cell, records: Sequence[Record]) -> Json:
    seconds = [record["seconds"] for record in records]
    spikes = [record["spikes"] for record in records if "spikes" in record]
    return {
        "key": cell.key,
        "scenario": cell.scenario,
        "shape": list(cell.shape),
        "strength": cell.strength,
        "seeds": len(records),
        "seconds": {"mean": round(float(np.mean(seconds)), 4), "total": round(float(np.sum(seconds)), 1)},
        "claims": {claim: _claim([record["findings"][claim] for record in records]) for claim in cell.claims},
        "spiked": rate(sum(count > 0 for count in spikes), len(spikes)) if spikes else None,
    }


def _claim(findings: Sequence[Json]) -> Json:
    verdicts = [finding["verdict"] for finding in findings]
    values = [finding["value"] for finding in findings if finding["value"] is not None]
    return {
        "verdicts": {verdict: rate(verdicts.count(verdict), len(verdicts)) for verdict in VERDICTS},
        "value": _spread(values) if values else None,
    }


def _spread(values: Sequence[float]) -> Json:
    """Where the values lie, to six significant digits."""
    q05, median, q95 = np.quantile(values, [0.05, 0.5, 0.95])
    figures = {"mean": np.mean(values), "min": min(values), "q05": q05, "median": median, "q95": q95}
    return {name: float(f"{value:.6g}") for name, value in (figures | {"max": max(values)}).items()}


def _moments(shape: Shape, scores: Sequence[float]) -> Json:
    """Mean and standard deviation of Tracy-Widom scores, each with a 95 % interval of the delta method."""
    x, n = np.asarray(scores), len(scores)
    mean, std = float(x.mean()), float(x.std(ddof=1))
    excess = float(np.mean(((x - mean) / x.std()) ** 4)) - 1
    margins = 1.96 * std / np.sqrt(n), 1.96 * std * np.sqrt(excess / (4 * n))
    figures = {
        name: {"value": round(value, 4), "interval": [round(float(value - by), 4), round(float(value + by), 4)]}
        for name, value, by in (("mean", mean, margins[0]), ("std", std, margins[1]))
    }
    return {"key": tracy_widom_key(shape), "shape": list(shape), "draws": n} | figures


def _judged(bar: Bar, measured: Json) -> Json:
    """The bar with what was measured, and whether it is met."""
    if bar.claim is None:
        figure = measured[bar.measure.removeprefix("tracy_widom_")]
        found = {"value": figure["value"], "interval": figure["interval"], "count": None, "seeds": measured["draws"]}
    else:
        verdicts = measured["claims"][bar.claim]["verdicts"]
        figure = measured["spiked"] if bar.measure == "spiked" else verdicts[bar.measure]
        found = {"value": figure["rate"], "interval": figure["interval"], "count": figure["count"]}
        found |= {"seeds": measured["seeds"]}
    met = (bar.low is None or found["value"] >= bar.low) and (bar.high is None or found["value"] <= bar.high)
    return {
        "requirement": bar.requirement,
        "cell": bar.cell,
        "claim": bar.claim,
        "measure": bar.measure,
        **found,
        "bar": {"low": bar.low, "high": bar.high},
        "met": bool(met),
    }


def _curves(cells: Sequence[Json], tolerances: Mapping[str, Mapping[str, float]]) -> list[Json]:
    """Each curve: its cells, the line that theory draws, and where theory and measurement put the threshold."""
    tolerance = {claim: values["tolerance"] for claim, values in tolerances.items()}
    m, n = POWER

    def correlated(coefficient: float) -> float:
        return theory.correlated_distance(coefficient, m, n)

    def inflation(strength: float) -> float:
        return theory.spike_inflation(strength, m, n, 1.0)

    curves = [
        _curve(
            cells, "student_t", POWER, "gaussian_weights",
            {"law": theory.student_t_distance},
            theory.reached(theory.student_t_distance, tolerance["gaussian_weights"], 2.1, 100),
        ),
        _curve(cells, "bias", POWER, "constant_bias", {}, 1.0),
        _curve(
            cells, "correlated", POWER, "singular_law",
            {"law": correlated}, theory.reached(correlated, tolerance["singular_law"], 0.01, 0.9),
        ),
        _curve(
            cells, "spike", POWER, "shadow_inversion",
            {"rho = 1": inflation, "rho = 0.5": lambda strength: theory.spike_inflation(strength, m, n, 0.5)},
            theory.reached(inflation, tolerance["shadow_inversion"], 0.0, 100),
        ),
    ]  # fmt: skip
    shapes = list(dict.fromkeys(tuple(cell["shape"]) for cell in cells if cell["scenario"] == "spike"))
    curves += [_curve(cells, "spike", shape, "singular_law", {}, 1.0, "spiked") for shape in shapes]
    return [curve for curve in curves if len(curve["points"]) > 1]


def _curve(
    cells: Sequence[Json],
    scenario: str,
    shape: Shape,
    claim: str,
    lines: Mapping[str, Callable[[float], float]],
    threshold: float | None,
    measure: str = "verdicts",
) -> Json:
    chosen = [c for c in cells if c["scenario"] == scenario and tuple(c["shape"]) == shape and claim in c["claims"]]
    chosen.sort(key=lambda cell: float(cell["strength"]))
    strengths = [cell["strength"] for cell in chosen]
    shares = {
        share: [_share(cell, claim, share) for cell in chosen]
        for share in (("spiked",) if measure == "spiked" else ("holds", "fails"))
    }
    at = np.geomspace(strengths[0], strengths[-1], _LINE).tolist() if chosen else []
    return {
        "key": f"{scenario} {size(shape)} {claim} {measure}",
        "scenario": scenario,
        "shape": list(shape),
        "claim": claim,
        "measure": measure,
        "points": [cell["key"] for cell in chosen],
        "theory": {name: [[float(f"{x:.6g}"), float(f"{line(x):.6g}")] for x in at] for name, line in lines.items()},
        "theoretical_threshold": threshold,
        "measured_threshold": {f"half {share}": theory.crossing(strengths, shares[share]) for share in shares},
    }


def _share(cell: Json, claim: str, share: str) -> float:
    found = cell["spiked"] if share == "spiked" else cell["claims"][claim]["verdicts"][share]
    return float(found["rate"])
