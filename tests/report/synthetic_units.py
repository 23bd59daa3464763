"""Synthetic hidden units, made without torch: one pair of layers that looks trained, others that cannot be judged."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from netaudit.results import HiddenUnits, LayerResult, Rule, curve_values

RULE = Rule("balance of norms", "a convention of these tests", "trained if the 95% interval of r lies above 0.3")


def trained(lower: str, upper: str, units: int = 400) -> HiddenUnits:
    rng = np.random.default_rng(units)
    log_in = np.sort(rng.normal(0, 0.8, 200))
    log_out = 0.9 * log_in - 0.5 + rng.normal(0, 0.3, 200)
    return HiddenUnits(
        lower=lower,
        upper=upper,
        activation="relu",
        units=units,
        dead=2,
        unused=11,
        duplicates=1,
        verdict="trained",
        n=units - 13,
        r=0.9231,
        interval=(0.9066, 0.9368),
        spearman=0.9114,
        rule=RULE,
        curve={"log_in": curve_values(log_in), "log_out": curve_values(log_out)},
        note="The norms go together. 13 dead or unused units are left out of r.",
    )


def unjudged(lower: str, upper: str, units: int = 400, note: str = "The upper layer was not audited.") -> HiddenUnits:
    return HiddenUnits(lower, upper, "relu", units, 0, None, 0, note=note)


def hidden_units(layers: Sequence[LayerResult]) -> tuple[HiddenUnits, ...]:
    """Consecutive pairs of the layers: the first looks trained, the others are not judged."""
    pairs = pairwise(layers)
    return tuple((unjudged if place else trained)(a.name, b.name, a.shape[0]) for place, (a, b) in enumerate(pairs))
