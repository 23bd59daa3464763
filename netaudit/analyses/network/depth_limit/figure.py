"""The steps of layers or blocks, and what leaving out the last of them changes beside its bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netaudit.analyses.network.depth_limit.payload import RunOnData, Stage
from netaudit.report.figures.style import BLUE, GREEN, GREY, PURPLE, VERMILLION, legend
from netaudit.report.figures.ticks import plain_decades
from netaudit.text import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_steps(stages: Sequence[Stage], figure: Figure) -> None:
    """Draw the step of each block, a line a stage, one stage after the other."""
    axes = figure.subplots()
    place = 1
    for number, stage in enumerate(stages):
        places = list(range(place, place + len(stage.steps)))
        colour, marker = (BLUE, "o") if number % 2 == 0 else (VERMILLION, "s")
        axes.plot(places, stage.steps, color=colour, marker=marker)
        place += len(stage.steps)
    axes.set(xlabel="residual block, bottom to top", ylabel="relative step")
    _places(axes, place - 1)
    axes.set_ylim(0, 1.1 * max((step for stage in stages for step in stage.steps), default=0) or 1)


def draw_truncation(stage: Stage, kept: Sequence[tuple[int, float]], figure: Figure) -> None:
    """Draw what leaving out the last blocks of a stage changes, and below it the labels that are kept."""
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    places = list(range(len(stage.errors), 0, -1))
    if stage.bounds is not None:
        above.plot(places, stage.bounds, color=PURPLE, marker="^", linestyle=":", label="bound by the weights")
    above.plot(places, stage.paths, color=VERMILLION, marker="s", linestyle="--", label="sum of the steps")
    above.plot(places, stage.errors, color=BLUE, marker="o", label="change of the stream")
    _logarithmic(above, [*stage.errors, *stage.paths, *(stage.bounds or ())])
    above.set_ylabel("relative change")
    if kept:
        below.plot([left for left, _ in kept], [share for _, share in kept], color=GREEN, marker="D")
    below.set_ylim(0, 1.05)
    below.set_yticks([0, 0.5, 1], [percent(share) for share in (0, 0.5, 1)])
    below.set(xlabel="last blocks of the stage that are left out", ylabel="labels kept")
    _places(below, len(places))
    legend(figure, columns=2)


def draw_run(data: RunOnData, figure: Figure) -> None:
    """Draw the steps of square layers beside a random run's, and the change beside its bound."""
    above, below = figure.subplots(2, 1, sharex=True)
    places = list(range(1, len(data.steps) + 1))
    above.plot(places, data.control_steps, color=GREY, marker="o", markerfacecolor="white", linestyle="--",
               label="step of a random layer")  # fmt: skip
    above.plot(places, data.steps, color=BLUE, marker="o", label="step of the layer")
    above.set_ylim(bottom=0)
    above.set_ylabel("relative step")
    below.plot(places, data.bounds, color=PURPLE, marker="^", linestyle=":", label="bound")
    below.plot(places, data.errors, color=VERMILLION, marker="s", label="change without it and all above")
    _logarithmic(below, [*data.errors, *data.bounds])
    below.set(xlabel="layer of the run, bottom to top", ylabel="relative change")
    _places(below, len(places))
    legend(figure, columns=2)


def _logarithmic(axes: Axes, values: Sequence[float]) -> None:
    if values and min(values) > 0:
        axes.set_yscale("log")
        plain_decades(axes.yaxis)


def _places(axes: Axes, most: int) -> None:
    step = max(1, -(-most // 12))
    axes.set_xticks(range(1, most + 1, step))
