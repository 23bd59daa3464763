"""From the records to the study's JSON: rates with their intervals, values, curves beside their theory, criteria."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from netaudit.studies.calibration.answers import is_wanted
from netaudit.studies.calibration.cells import CalibrationPlan, Criterion, LayerCell, cell_key, tracy_widom_key
from netaudit.studies.calibration.curves import curves
from netaudit.studies.calibration.measure import NULL_EVERY, Record
from netaudit.studies.calibration.scenarios import Shape
from netaudit.studies.calibration.wishes import Wish
from netaudit.vocabulary import VERDICTS

FORMAT_VERSION = 2  # 2: answers of analyses that are no claims, and wishes

Json = dict[str, Any]


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
        "wishes": [_wish(wish, measured[cell_key(wish.scenario, wish.shape, wish.strength)]) for wish in plan.wishes],
        "cells": cells,
        "tracy_widom": moments,
        "curves": curves(cells, tolerances),
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
        "answers": {name: _answer([record["answers"][name] for record in records]) for name in cell.answers},
        "spiked": rate(sum(count > 0 for count in spikes), len(spikes)) if spikes else None,
    }


def _answer(found: Sequence[Json]) -> Json:
    """How often each answer was given, how often there were directions, and how often the intervals hold."""
    words = [each["answer"] for each in found]
    often = sorted(set(words), key=lambda word: (-words.count(word), word))
    return {
        "answers": {word: rate(words.count(word), len(words)) for word in often},
        "with_directions": rate(sum(each["count"] > 0 for each in found), len(found)),
        "coverage": coverage([each["intervals"] for each in found]),
    }


def _others(answers: Mapping[str, Json], wanted: tuple[str, ...]) -> int:
    """Layers with an answer that is not one of those wanted."""
    return sum(found["count"] for word, found in answers.items() if not is_wanted(word, wanted))


def _wish(wish: Wish, cell: Json) -> Json:
    """What theory wishes of a cell, and how many of its layers got such an answer."""
    found: Json = {}
    for name, wanted in wish.wanted.items():
        answers = cell["claims"][name]["verdicts"] if name in cell["claims"] else cell["answers"][name]["answers"]
        found[name] = {"wanted": list(wanted)} | rate(cell["seeds"] - _others(answers, wanted), cell["seeds"])
    return {"cell": cell["key"], "wished": found}


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
    elif criterion.claim in measured["answers"]:
        answers = measured["answers"][criterion.claim]["answers"]
        count = answers.get(criterion.measure, {"count": 0})["count"]
        figure = rate(_others(answers, criterion.wanted) if criterion.wanted else count, measured["seeds"])
        found = {"value": figure["rate"], "interval": figure["interval"], "count": figure["count"]}
        found |= {"seeds": measured["seeds"]}
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
        "wanted": list(criterion.wanted),
        **found,
        "bar": {"low": criterion.low, "high": criterion.high},
        "met": bool(enough and little),
    }
