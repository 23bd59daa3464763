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

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from netaudit.analyses.network.hidden_units.norms import Floats, LayerNorms, measure
from netaudit.network.layers import FCLayer, Head, HeadLayer, SkippedLayer
from netaudit.results import HiddenUnits, Rule, Training, curve_values

THRESHOLD = 0.3
RULE = Rule(
    "balance of norms",
    "a convention of netaudit: at r = 0.3 the two norms share a tenth of their variance. Of 10 to 500 units with "
    "independent Gaussian or uniform weights, fewer than 1% of draws were called trained",
    f"trained if the 95% interval of r lies above {THRESHOLD}, as at initialisation if within {THRESHOLD} of 0, "
    f"opposed if below minus {THRESHOLD}, undecided otherwise",
)
FEWEST = 10  # units; a convention: with 10 the interval of r = 0 already reaches to +-.63
LEVEL = 0.95
_DRAWN = 200  # points of the figure: 37 kB of SVG

_HOMOGENEOUS = frozenset(("relu", "leaky_relu", "linear"))

_NOTES: dict[Training, str] = {
    "trained": "The norms of a unit's incoming and outgoing weights go together, as gradient descent leaves them. "
    "Those of independent weights do not.",
    "as_at_initialisation": "The norms of a unit's incoming and outgoing weights go together no more than those of "
    "independent weights. This is so at initialisation, and training need not change it.",
    "opposed": "Large incoming weights go with small outgoing ones. No initialisation of independent weights gives "
    "this, and neither does plain gradient descent; a rescaling of units does.",
    "undecided": "The interval of r is too wide, or too near the threshold, to tell.",
}


class StackNorms:
    """Collects what hidden units need from the layers of a stack, one layer in memory at a time."""

    def __init__(self, stack: Head | None) -> None:
        self._layers = stack.layers if stack else ()
        self._found: dict[str, LayerNorms | str] = {}
        """By layer; or why it has none, as a predicate."""

    def add(self, layer: FCLayer) -> None:
        """Measure a layer if it belongs to a pair."""
        if len(self._layers) > 1 and any(layer.name == step.name for step in self._layers):
            self._found[layer.name] = measure(layer)

    def hidden_units(
        self, shapes: Mapping[str, tuple[int, int]], skipped: Sequence[SkippedLayer]
    ) -> tuple[HiddenUnits, ...]:
        """One entry a pair of consecutive layers of which the lower one's outputs are the upper one's inputs.

        ``shapes`` gives ``(out, in)`` of every layer of the stack, ``skipped`` those that were not audited.
        """
        reasons = {layer.name: f"was not audited ({layer.reason})" for layer in skipped}
        found = reasons | self._found
        return tuple(
            judge(lower, upper.name, shapes[lower.name][0], found[lower.name], found[upper.name])
            for lower, upper in pairwise(self._layers)
            if shapes[lower.name][0] == shapes[upper.name][1]
        )


def judge(lower: HeadLayer, upper: str, units: int, below: LayerNorms | str, above: LayerNorms | str) -> HiddenUnits:
    """Judge the units between two layers; a layer without norms says why, as a predicate."""
    unjudged = HiddenUnits(
        lower=lower.name,
        upper=upper,
        activation=lower.activation,
        units=units,
        dead=None if isinstance(below, str) else int(below.dead.sum()),
        unused=None if isinstance(above, str) else int(above.unused.sum()),
        duplicates=None if isinstance(below, str) else below.duplicates,
    )
    points = _points(below, above)
    if isinstance(points, str):
        return replace(unjudged, note=f"{points[0].upper()}{points[1:]}.")
    x, y = points
    r, interval, spearman = correlate(x, y)
    verdict = verdict_on(interval)
    return replace(
        unjudged,
        verdict=verdict,
        n=len(x),
        r=r,
        interval=interval,
        spearman=spearman,
        rule=RULE,
        curve=_curve(x, y),
        note=_note(verdict, lower.activation, units - len(x)),
    )


def _points(below: LayerNorms | str, above: LayerNorms | str) -> tuple[Floats, Floats] | str:
    """log(||w_in||^2 + b^2) and log ||w_out||^2 of the units that are neither dead nor unused; or why there is no r."""
    if isinstance(below, str) or isinstance(above, str):
        sides = (("lower", below), ("upper", above))
        return " and ".join(f"the {side} layer {why}" for side, why in sides if isinstance(why, str))
    kept = ~(below.dead | above.unused)
    x, y = below.incoming[kept], above.outgoing[kept]
    if len(x) < FEWEST:
        return f"fewer than {FEWEST} units are neither dead nor unused"
    for side, values, blur in (("incoming", x, below.blur[0]), ("outgoing", y, above.blur[1])):
        if values.std() <= blur:
            return f"the {side} weights of all units have the same norm up to rounding"
    return x, y


def correlate(x: Floats, y: Floats) -> tuple[float, tuple[float, float], float]:
    """Pearson's r, its 95% interval by Fisher's transformation ``tanh(artanh r +- 1.96 / sqrt(n - 3))``, Spearman's."""
    from scipy import stats

    pearson = stats.pearsonr(x, y)
    low, high = pearson.confidence_interval(LEVEL)
    return float(pearson.statistic), (float(low), float(high)), float(stats.spearmanr(x, y).statistic)


def verdict_on(interval: tuple[float, float]) -> Training:
    """The rule ``balance of norms``."""
    low, high = interval
    if low > THRESHOLD:
        return "trained"
    if high < -THRESHOLD:
        return "opposed"
    return "as_at_initialisation" if max(-low, high) <= THRESHOLD else "undecided"


def _curve(x: Floats, y: Floats) -> dict[str, list[float]]:
    """At most 200 units, evenly over their order by incoming norm, with both ends: the same for units in any order."""
    order = np.lexsort((y, x))
    kept = order[np.linspace(0, len(x) - 1, min(len(x), _DRAWN)).round().astype(int)]
    return {"log_in": curve_values(x[kept]), "log_out": curve_values(y[kept])}


def _note(verdict: Training, activation: str, idle: int) -> str:
    notes = [_NOTES[verdict]]
    if activation not in _HOMOGENEOUS:
        notes.append(f"With {activation} between the layers gradient descent need not balance the norms.")
    if idle:
        notes.append(f"{idle} dead or unused unit{' is' if idle == 1 else 's are'} left out of r.")
    return " ".join(notes)
