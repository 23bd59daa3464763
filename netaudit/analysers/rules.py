"""How values become verdicts: an effect size against a stated tolerance, with a band between holds and fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from netaudit.results import Finding, Null, Verdict, number

BAND = 2.0
"""A claim fails beyond ``BAND`` times the tolerance; between, it is undecided. A convention of netaudit: an effect
that is neither within the tolerance nor clearly outside it is not called."""


def at_most(value: float | None, threshold: float, failing: float | None = None) -> Verdict:
    """``holds`` up to the threshold, ``fails`` beyond ``failing`` (``BAND`` thresholds), ``undecided`` between."""
    if value is None:
        return "undecided"
    if value <= threshold:
        return "holds"
    return "fails" if value > (BAND * threshold if failing is None else failing) else "undecided"


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """All conditions must hold; one that fails decides."""
    found = set(verdicts)
    return "fails" if "fails" in found else "undecided" if "undecided" in found else "holds"


def summarise(draws: Sequence[float], kind: str, shape: tuple[int, int] | None = None) -> Null:
    """Quantiles of a statistic drawn under the null; draws that are not finite are left out."""
    kept = np.asarray([draw for draw in draws if np.isfinite(draw)], dtype=np.float64)
    if not kept.size:
        return Null(kind, 0, shape=shape)
    low, median, high = np.quantile(kept, [0.01, 0.5, 0.99])
    return Null(kind, int(kept.size), float(low), float(median), float(high), shape)


def not_applicable(claim: str, why: str, metrics: Iterable[str]) -> Finding:
    """A finding that says why the claim cannot be judged; every metric is null for that reason."""
    names = tuple(metrics)
    return Finding(
        claim=claim,
        verdict="not_applicable",
        statistic=None,
        value=None,
        interval=None,
        null=None,
        rule=None,
        metrics=dict.fromkeys(names),
        reasons=dict.fromkeys(names, why),
        note=why[0].upper() + why[1:] + ".",
    )


def clean(
    metrics: Mapping[str, float | int | None], reasons: Mapping[str, str]
) -> tuple[dict[str, float | int | None], dict[str, str]]:
    """Metrics fit for JSON: what is not finite becomes None with a reason."""
    values: dict[str, float | int | None] = {}
    why = dict(reasons)
    for name, value in metrics.items():
        values[name] = value if isinstance(value, int) else None if value is None else number(value)
        if values[name] is None:
            why.setdefault(name, "not a finite number")
    return values, {name: reason for name, reason in why.items() if values.get(name) is None and name in values}


def floor_interval(value: float, spread: float | None) -> tuple[float, float] | None:
    """A distance known up to ``spread`` (triangle inequality): ``[max(0, value - spread), value + spread]``."""
    return None if spread is None else (max(0.0, value - spread), value + spread)
