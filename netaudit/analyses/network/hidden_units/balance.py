"""Trained or not: do the norms of a hidden unit's incoming and outgoing weights go together?

Gradient flow keeps ||w_in||^2 + b^2 - ||w_out||^2 of every ReLU, leaky ReLU or linear unit as it was at initialisation
(Du, Hu and Lee 2018, arXiv:1806.00900; the bias is the weight of a constant input), and weight decay shrinks it. Where
training makes the norms grow well beyond their start, both grow alike, and

    r = corr(log(||w_in||^2 + b^2), log ||w_out||^2)        over the hidden units

is high. At initialisation the two are independent, and r is 0 up to 1/sqrt(n), n the number of units.

Measured: .96 and .89 in the bundled mnist-mlp; -.75 to .79 in 28 pairs of layers of ten published networks (the .h5 in
cifar-10-model 7.4.0, the .onnx in speechmos 0.0.1.1), five of them above .7. So a high r is a sign of training; a low
one is no sign that there was none: large weights at the start, few or adaptive steps, another activation, a
normalisation, or a rescaling of units (c and 1/c, which a ReLU network does not notice) leave it low.
"""

from __future__ import annotations

import numpy as np

from netaudit.analyses.network.hidden_units.norms import Floats, LayerNorms, Unmeasured
from netaudit.analyses.network.hidden_units.payload import (
    FEWEST,
    LEVEL,
    THRESHOLD,
    Reason,
    Training,
    UnitPair,
    UnitsCurve,
)
from netaudit.network.layers import HeadLayer
from netaudit.results.payload import curve_values

_DRAWN = 200  # points of the figure: 37 kB of SVG
_LOWER: dict[Unmeasured, Reason] = {
    "empty": "lower_empty",
    "not_finite": "lower_not_finite",
    "not_audited": "lower_not_audited",
}
_UPPER: dict[Unmeasured, Reason] = {
    "empty": "upper_empty",
    "not_finite": "upper_not_finite",
    "not_audited": "upper_not_audited",
}


def judge(
    lower: HeadLayer, upper: str, units: int, below: LayerNorms | Unmeasured, above: LayerNorms | Unmeasured
) -> UnitPair:
    """Judge the units between two layers.

    Args:
        lower: the lower layer, with what follows it.
        upper: name of the upper layer.
        units: number of the lower layer's outputs.
        below: the norms of the lower layer, or why there are none.
        above: the same of the upper layer.
    """
    dead = None if isinstance(below, str) else int(below.dead.sum())
    unused = None if isinstance(above, str) else int(above.unused.sum())
    duplicates = None if isinstance(below, str) else below.duplicates
    points = _points(below, above)
    if isinstance(points, list):
        return UnitPair(lower.name, upper, lower.activation, units, dead, unused, duplicates, reasons=tuple(points))
    x, y = points
    r, interval, spearman = correlate(x, y)
    return UnitPair(
        lower=lower.name,
        upper=upper,
        activation=lower.activation,
        units=units,
        dead=dead,
        unused=unused,
        duplicates=duplicates,
        verdict=verdict_on(interval),
        n=len(x),
        r=r,
        interval=interval,
        spearman=spearman,
        curve=_curve(x, y),
    )


def _points(below: LayerNorms | Unmeasured, above: LayerNorms | Unmeasured) -> tuple[Floats, Floats] | list[Reason]:
    """log(||w_in||^2 + b^2) and log ||w_out||^2 of the units that are neither dead nor unused; or why there is no r."""
    if isinstance(below, str) or isinstance(above, str):
        lower = [_LOWER[below]] if isinstance(below, str) else []
        return lower + ([_UPPER[above]] if isinstance(above, str) else [])
    kept = ~(below.dead | above.unused)
    x, y = below.incoming[kept], above.outgoing[kept]
    if len(x) < FEWEST:
        return ["few_units"]
    if x.std() <= below.blur[0]:
        return ["equal_incoming_norms"]
    if y.std() <= above.blur[1]:
        return ["equal_outgoing_norms"]
    return x, y


def correlate(x: Floats, y: Floats) -> tuple[float, tuple[float, float], float]:
    """Pearson's r, its 95% interval by Fisher's transformation ``tanh(artanh r +- 1.96 / sqrt(n - 3))``, Spearman's."""
    from scipy import stats

    pearson = stats.pearsonr(x, y)
    low, high = pearson.confidence_interval(LEVEL)
    return float(pearson.statistic), (float(low), float(high)), float(stats.spearmanr(x, y).statistic)


def verdict_on(interval: tuple[float, float]) -> Training:
    """Where the interval of r lies, by the rule ``balance_of_norms``."""
    low, high = interval
    if low > THRESHOLD:
        return "trained"
    if high < -THRESHOLD:
        return "opposed"
    return "untrained_like" if max(-low, high) <= THRESHOLD else "undecided"


def _curve(x: Floats, y: Floats) -> UnitsCurve:
    """At most 200 units, evenly over their order by incoming norm, with both ends: the same for units in any order."""
    order = np.lexsort((y, x))
    kept = order[np.linspace(0, len(x) - 1, min(len(x), _DRAWN)).round().astype(int)]
    return UnitsCurve(curve_values(x[kept]), curve_values(y[kept]))
