"""The paired comparisons of the shadow with its controls, with p-values that are corrected for their number.

A p-value is that of the paired t test over seeds. Two controls whose runs are the same, seed by seed, are one: with
plain SGD the same points again at half the rate take the same steps. Of such only the first counts, and the p-values
are corrected by Holm's method over all that count, in all settings together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtr

from netaudit.numerics.laws.multiplicity import holm

Data = Mapping[str, Any]

LEVEL = 0.05
"""Chance of any false difference among all comparisons, at most."""
BASES = ("plain", "repeat", "random", "noise", "mixup")
"""What the shadow is compared with, in the order of the page."""


@dataclass(frozen=True)
class Comparison:
    """The shadow against one arm of one setting."""

    setting: str
    base: str
    mean: float
    """Mean difference of the test errors, as a share; below 0 the shadow is better."""
    p: float
    """Of the paired t test, two-sided."""
    adjusted: float
    """By Holm's method over all comparisons that count."""
    same_as: str | None
    """The earlier arm whose runs are bit for bit the same: this comparison is that one, and not counted again."""

    @property
    def sign(self) -> int:
        """-1 or 1 where the difference is clear after correction, else 0."""
        return 0 if self.adjusted > LEVEL else -1 if self.mean < 0 else 1


def comparisons(data: Data) -> dict[tuple[str, str], Comparison]:
    """Every comparison by setting and base."""
    found: list[tuple[str, str, float, float, str | None]] = []
    for setting in data["settings"]:
        errors: dict[str, Sequence[float]] = {arm: each["errors"] for arm, each in setting["arms"].items()}
        if "shadow" not in errors:
            continue
        there = [base for base in BASES if base in errors]
        for place, base in enumerate(there):
            same = next((other for other in there[:place] if errors[other] == errors[base]), None)
            mean, p = paired_p(errors["shadow"], errors[base])
            found.append((setting["name"], base, mean, p, same))
    adjusted = iter(holm([p for *_, p, same in found if same is None]))
    made: dict[tuple[str, str], Comparison] = {}
    for name, base, mean, p, same in found:
        value = next(adjusted) if same is None else made[name, same].adjusted
        made[name, base] = Comparison(name, base, mean, p, value, same)
    return made


def distinct(found: Mapping[tuple[str, str], Comparison]) -> int:
    """How many comparisons count."""
    return sum(entry.same_as is None for entry in found.values())


def paired_p(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """The mean of ours - theirs, and the two-sided p-value of the paired t test; 1 where all differences are 0.

    >>> mean, p = paired_p([0.1, 0.2, 0.3], [0.2, 0.4, 0.6])
    >>> round(mean, 3), round(p, 4)
    (-0.2, 0.0742)
    """
    differences = np.asarray(ours) - np.asarray(theirs)
    mean, spread = float(differences.mean()), float(differences.std(ddof=1))
    if not spread:
        return mean, 0.0 if mean else 1.0
    return mean, float(2 * stdtr(differences.size - 1, -abs(mean) * np.sqrt(differences.size) / spread))


def at_the_end(setting: Data) -> list[str]:
    """The arms whose best rate is the smallest or the largest of the list: a better one may lie beyond."""
    ends = (min(setting["rates"]), max(setting["rates"]))
    return [arm for arm, found in setting["arms"].items() if found["rate"] in ends]
