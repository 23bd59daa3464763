"""H2: sorted biases, their median and the band that counts as constant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netaudit.analyses.layer.constant_bias.payload import BiasCurve
from netaudit.report.figures.style import BLUE, DARK, ORANGE, legend

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(curve: BiasCurve, figure: Figure) -> None:
    """Draw the quantile function of the biases."""
    axes = figure.subplots()
    axes.axhspan(*curve.band, color=ORANGE, alpha=0.25, linewidth=0, label="constant")
    axes.axhline(curve.median, color=DARK, linestyle="--", linewidth=0.9, label="median")
    axes.plot(curve.probability, curve.bias, color=BLUE, label="biases, sorted")
    ends = [*curve.band, min(curve.bias), max(curve.bias)]
    middle, half = (max(ends) + min(ends)) / 2, (max(ends) - min(ends)) / 2
    if half <= 1e-9 * abs(middle):  # every bias the same: an axis of their rounding errors would mislead
        half = abs(middle) / 10 or 1.0
    axes.set_ylim(middle - 1.08 * half, middle + 1.08 * half)
    axes.set(xlabel="share of the biases below", ylabel="bias", xlim=(0, 1))
    legend(figure)
