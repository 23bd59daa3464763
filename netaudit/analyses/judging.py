"""How values become verdicts: equivalence tests of an effect size, with its interval, against a stated tolerance.

A condition holds when its whole interval lies within the limits, fails when all of it lies outside, and is undecided
otherwise; a claim is as good as its worst condition. What an interval is, each claim says itself, with its nominal
level, or the number of draws whose range it is. For a small layer the tolerance widens to twice the noise of Gaussian
layers, since no value of a random layer would fit between the limits otherwise.

Source: S. Wellek, Testing Statistical Hypotheses of Equivalence and Noninferiority, 2nd ed. (2010), the
confidence-interval inclusion rule; the tolerances are netaudit's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from netaudit.results.payload import FEWEST_FOR_A_LEVEL, Condition, Null, number
from netaudit.vocabulary import NullKind, Verdict


def judge(
    statistic: str,
    value: float,
    interval: tuple[float, float],
    limits: tuple[float | None, float | None],
    *,
    level: float | None = None,
    draws: int | None = None,
) -> Condition:
    """One equivalence test. ``level`` and ``draws`` say what the interval is; see :class:`Condition`.

    >>> judge("ks", 0.04, (0.03, 0.06), (None, 0.05)).verdict
    'undecided'
    """
    low, high = (-np.inf if limits[0] is None else limits[0]), (np.inf if limits[1] is None else limits[1])
    if low <= interval[0] and interval[1] <= high:
        verdict: Verdict = "holds"
    else:
        verdict = "fails" if interval[0] > high or interval[1] < low else "undecided"
    return Condition(statistic, value, interval, limits, verdict, level, draws)


def of_null(null: Null, level: float) -> dict[str, Any]:
    """What an interval is that comes from a null: of that level, or the range of its draws where they are too few."""
    return {"level": level} if null.draws >= FEWEST_FOR_A_LEVEL else {"draws": null.draws}


def widened(tolerance: float, noise: float) -> float:
    """The tolerance, or twice the noise if that is larger."""
    return max(tolerance, 2 * noise)


def worst(conditions: Iterable[Condition]) -> Verdict:
    """All conditions must hold; one that fails decides."""
    found = {condition.verdict for condition in conditions}
    return "fails" if "fails" in found else "undecided" if "undecided" in found else "holds"


def null_of(
    kind: NullKind,
    statistic: str,
    draws: Sequence[float],
    *,
    own: float | None = None,
    shape: tuple[int, int] | None = None,
    drawn_at: int | None = None,
) -> Null:
    """The null of a statistic from its draws; draws that are not finite are left out."""
    kept = np.asarray([draw for draw in draws if np.isfinite(draw)], dtype=np.float64)
    own = None if own is None else number(own)
    if not kept.size:
        return Null(kind, statistic, 0, None, None, None, own, shape, drawn_at)
    low, median, high = (float(q) for q in np.quantile(kept, [0.01, 0.5, 0.99]))
    return Null(kind, statistic, int(kept.size), low, median, high, own, shape, drawn_at)


def finite(
    metrics: Mapping[str, float | int | None], reasons: Mapping[str, str]
) -> tuple[dict[str, float | int | None], dict[str, str]]:
    """Metrics fit for JSON, with their reasons: what is not finite becomes None, and the reason says so."""
    values: dict[str, float | int | None] = {}
    why = dict(reasons)
    for name, value in metrics.items():
        values[name] = value if isinstance(value, int) else None if value is None else number(value)
        if values[name] is None:
            why.setdefault(name, "not a finite number")
    return values, {name: reason for name, reason in why.items() if values.get(name) is None and name in values}
