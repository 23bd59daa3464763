"""Each curve of the study: its cells, the lines that theory draws, and where both put the threshold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from netaudit.studies.calibration import asymptotics
from netaudit.studies.calibration.cells import LADDER
from netaudit.studies.calibration.criteria import POWER
from netaudit.studies.calibration.effects import EFFECTS
from netaudit.studies.calibration.scenarios import Shape
from netaudit.studies.calibration.words import spiked

_LINE = 60  # points of a theory's line

Json = dict[str, Any]
Thresholds = Mapping[str, float | None]
_Line = tuple[str, str, Callable[[float], float]]
"""Name and metric of a theory, and the effect that it gives at a strength."""


def curves(cells: Sequence[Json], tolerances: Mapping[str, Mapping[str, float]]) -> list[Json]:
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
    for claim in ("singular_law", LADDER):
        curves += [_curve(cells, "spike", shape, claim, (), {"bulk": 1.0}, ("spiked",)) for shape in shapes]
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
    of_kind = [cell for cell in cells if cell["scenario"] == scenario and tuple(cell["shape"]) == shape]
    chosen = [cell for cell in of_kind if claim in cell["claims"] or claim in cell["answers"]]
    if "spiked" in shares:  # there is none of a layer with few outputs, whose singular values are not judged
        chosen = [cell for cell in chosen if spiked(cell, claim) is not None]
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
    found = spiked(cell, claim) if share == "spiked" else cell["claims"][claim]["verdicts"][share]
    return float(found["rate"])
