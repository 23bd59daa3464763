"""Synthetic hidden units, made without torch: one pair of layers that looks trained, others that cannot be judged."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from netaudit.analyses.network.hidden_units.payload import HiddenUnits, Training, UnitPair, UnitsCurve
from netaudit.results.payload import curve_values


def trained(lower: str, upper: str, units: int = 400, verdict: Training = "trained") -> UnitPair:
    rng = np.random.default_rng(units)
    log_in = np.sort(rng.normal(0, 0.8, 200))
    log_out = 0.9 * log_in - 0.5 + rng.normal(0, 0.3, 200)
    return UnitPair(
        lower=lower,
        upper=upper,
        activation="relu",
        units=units,
        dead=2,
        unused=11,
        duplicates=1,
        verdict=verdict,
        n=units - 13,
        r=0.9231,
        interval=(0.9066, 0.9368),
        spearman=0.9114,
        curve=UnitsCurve(curve_values(log_in), curve_values(log_out)),
    )


def unjudged(lower: str, upper: str, units: int = 400) -> UnitPair:
    return UnitPair(lower, upper, "relu", units, 0, None, 0, reasons=("upper_not_audited",))


def example(
    layers: Sequence[str] = ("classifier.1", "classifier.4", "classifier.6"), verdict: Training = "trained"
) -> HiddenUnits:
    """Consecutive pairs of the layers: the first is judged, the others are not."""
    pairs = list(pairwise(layers))
    return HiddenUnits((trained(*pairs[0], verdict=verdict), *(unjudged(*pair) for pair in pairs[1:])))
