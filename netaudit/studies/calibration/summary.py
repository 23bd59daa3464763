"""From the records to the study's JSON: rates with their intervals, values, curves beside their theory, criteria."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from netaudit.studies.calibration import asymptotics
from netaudit.studies.calibration.effects import EFFECTS
from netaudit.studies.calibration.measure import NULL_EVERY, Record
from netaudit.studies.calibration.plan import POWER, CalibrationPlan, Criterion, LayerCell, tracy_widom_key
from netaudit.studies.calibration.scenarios import Shape
from netaudit.vocabulary import VERDICTS

FORMAT_VERSION = 1
_LINE = 60  # points of a theory's line

Json = dict[str, Any]
Thresholds = Mapping[str, float | None]
_Line = tuple[str, str, Callable[[float], float]]
"""Name and metric of a theory, and the effect that it gives at a strength."""


def study_data(
    plan: CalibrationPlan,
    records: Callable[[str, Sequence[int]], list[Record]],
    tolerances: Mapping[str, Mapping[str, float]],
    versions: Mapping[str, str],
    runs: Sequence[Json],
) -> Json:
    """The study's data, which the page and every test read.

    Args:
        plan: what was run.
        records: the records of a cell's key for some seeds, in their order.
        tolerances: what the analyses were set to, by claim.
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
        "bars": [_judged(criterion, measured[criterion.cell]) for criterion in plan.criteria],
        "cells": cells,
        "tracy_widom": moments,
        "curves": _curves(cells, tolerances),
    }


def rate(count: int, total: int) -> Json:
    """A share with its Clopper-Pearson 95 % interval."""
    from scipy.stats import binomtest

    ends = binomtest(count, total).proportion_ci(0.95, method="exact")
    return {"count": count, "rate": count / total, "interval": [float(ends.low), float(ends.high)]}


def _cell(cell: LayerCell, records: Sequence[Record]) -> Json:
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
    values: dict[str, Json | None] = {}
    for metric in findings[0]["values"]:
        known = [finding["values"][metric] for finding in findings if finding["values"][metric] is not None]
        values[metric] = _spread(known) if known else None
    return {
        "verdicts": {verdict: rate(verdicts.count(verdict), len(verdicts)) for verdict in VERDICTS},
        "values": values,
        "coverage": coverage([finding["intervals"] for finding in findings if "intervals" in finding]),
    }


def coverage(found: Sequence[Json]) -> Json:
    """How often the interval of each statistic holds its mean over the layers of the cell, ``{statistic: {...}}``.

    The mean over fresh layers of one law stands for the value of that law. A statistic without an interval is left out.
    """
    covered: Json = {}
    for statistic in dict.fromkeys(name for intervals in found for name in intervals):
        of = [intervals[statistic] for intervals in found if statistic in intervals]
        if len(of) < 2 or all(each["interval"][0] == each["interval"][1] for each in of):
            continue
        mean = float(np.mean([each["value"] for each in of]))
        holds = sum(each["interval"][0] <= mean <= each["interval"][1] for each in of)
        covered[statistic] = {"level": of[0]["level"], "mean": float(f"{mean:.6g}"), "seeds": len(of)}
        covered[statistic] |= rate(holds, len(of))
    return covered


def _spread(values: Sequence[float]) -> Json:
    """Where the values lie, to six significant digits."""
    q05, median, q95 = np.quantile(values, [0.05, 0.5, 0.95])
    figures = {"mean": np.mean(values), "min": min(values), "q05": q05, "median": median, "q95": q95}
    return {name: float(f"{value:.6g}") for name, value in (figures | {"max": max(values)}).items()}


def _moments(shape: Shape, scores: Sequence[float]) -> Json:
    """Mean and standard deviation of Tracy-Widom scores, each with a 95 % interval of the delta method."""
    from scipy.stats import norm

    x, n = np.asarray(scores), len(scores)
    mean, std = float(x.mean()), float(x.std(ddof=1))
    excess = float(np.mean(((x - mean) / x.std()) ** 4)) - 1
    errors = {"mean": (mean, std / np.sqrt(n)), "std": (std, std * np.sqrt(excess / (4 * n)))}
    figures = {
        name: {
            "value": round(value, 4),
            "interval": [round(float(end), 4) for end in norm.interval(0.95, value, error)],
        }
        for name, (value, error) in errors.items()
    }
    return {"key": tracy_widom_key(shape), "shape": list(shape), "draws": n} | figures


def _judged(criterion: Criterion, measured: Json) -> Json:
    """The criterion with what was measured, and whether it is met."""
    if criterion.claim is None:
        figure = measured[criterion.measure.removeprefix("tracy_widom_")]
        found = {"value": figure["value"], "interval": figure["interval"], "count": None, "seeds": measured["draws"]}
    else:
        verdicts = measured["claims"][criterion.claim]["verdicts"]
        figure = measured["spiked"] if criterion.measure == "spiked" else verdicts[criterion.measure]
        found = {"value": figure["rate"], "interval": figure["interval"], "count": figure["count"]}
        found |= {"seeds": measured["seeds"]}
    enough = criterion.low is None or found["value"] >= criterion.low
    little = criterion.high is None or found["value"] <= criterion.high
    return {
        "requirement": criterion.requirement,
        "cell": criterion.cell,
        "claim": criterion.claim,
        "measure": criterion.measure,
        **found,
        "bar": {"low": criterion.low, "high": criterion.high},
        "met": bool(enough and little),
    }


def _curves(cells: Sequence[Json], tolerances: Mapping[str, Mapping[str, float]]) -> list[Json]:
    """Each curve: its cells, the lines that theory draws, and where theory and measurement put the threshold."""
    m, n = POWER

    def distance(coefficient: float) -> float:
        return asymptotics.correlated_distance(coefficient, m, n)

    def outside(coefficient: float) -> float:
        return asymptotics.correlated_outside(coefficient, m, n)

    def inflation(strength: float, rho: float = 1.0) -> float:
        return asymptotics.spike_inflation(strength, m, n, rho)

    student, spread = (("law", "ks_gaussian", asymptotics.student_t_distance),), {"spread": 1.0}
    rows = (("law", "ks_marchenko_pastur", distance), ("law", "bulk_variance_share", outside))
    spikes: tuple[_Line, ...] = (
        ("rho = 1", "cross_talk_inflation", inflation),
        ("rho = 0.5", "cross_talk_inflation", lambda strength: inflation(strength, 0.5)),
    )
    h1, h3, h4 = tolerances["gaussian_weights"], tolerances["singular_law"], tolerances["shadow_inversion"]
    curves = [
        _curve(cells, "student_t", POWER, "gaussian_weights", student, _reached(student, h1, (2.1, 100.0))),
        _curve(cells, "bias", POWER, "constant_bias", (), spread),
        _curve(cells, "correlated", POWER, "singular_law", rows, _reached(rows, h3, (0.01, 0.9))),
        _curve(cells, "spike", POWER, "shadow_inversion", spikes, _reached(spikes[:1], h4, (0.0, 100.0))),
    ]
    shapes = list(dict.fromkeys(tuple(cell["shape"]) for cell in cells if cell["scenario"] == "spike"))
    curves += [_curve(cells, "spike", shape, "singular_law", (), {"bulk": 1.0}, ("spiked",)) for shape in shapes]
    return [curve for curve in curves if len(curve["points"]) > 1]


def _reached(lines: Sequence[_Line], tolerances: Mapping[str, float], ends: tuple[float, float]) -> Thresholds:
    """Where each line reaches the tolerance on its effect."""
    effects = {effect.metric: effect for found in EFFECTS.values() for effect in found}
    return {
        metric: asymptotics.reached(line, tolerances[effects[metric].tolerance], *ends)
        for _, metric, line in lines
        if effects[metric].tolerance in tolerances
    }


def _curve(
    cells: Sequence[Json],
    scenario: str,
    shape: Shape,
    claim: str,
    lines: Sequence[_Line],
    thresholds: Thresholds,
    shares: Sequence[str] = ("holds", "fails"),
) -> Json:
    chosen = [c for c in cells if c["scenario"] == scenario and tuple(c["shape"]) == shape and claim in c["claims"]]
    chosen.sort(key=lambda cell: float(cell["strength"]))
    strengths = [cell["strength"] for cell in chosen]
    at = np.geomspace(strengths[0], strengths[-1], _LINE).tolist() if chosen else []
    at_half = {s: asymptotics.crossing(strengths, [_share(cell, claim, s) for cell in chosen]) for s in shares}
    return {
        "scenario": scenario,
        "shape": list(shape),
        "claim": claim,
        "shares": list(shares),
        "points": [cell["key"] for cell in chosen],
        "theory": [
            {
                "name": name,
                "metric": metric,
                "line": [[float(f"{x:.6g}"), float(f"{line(x):.6g}")] for x in at],
            }
            for name, metric, line in lines
        ],
        "theoretical_thresholds": dict(thresholds),
        "measured_thresholds": {f"half {share}": value for share, value in at_half.items()},
    }


def _share(cell: Json, claim: str, share: str) -> float:
    found = cell["spiked"] if share == "spiked" else cell["claims"][claim]["verdicts"][share]
    return float(found["rate"])
