"""The study's charts: how verdicts and values move with the strength of what is wrong, beside what theory says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netaudit.report.chart import Axis, Chart, Mark, Series, series
from netaudit.report.document.text import number, percent, size

Json = Mapping[str, Any]

_SHARES = (("fails", 1), ("undecided", 3), ("holds", 2))  # verdict and look
_SHARE = Axis("share of layers", percent=True, low=-0.03, high=1.03)

# scenario of a curve -> stem, strength, whether its axis is logarithmic, the statistic, whether that is logarithmic
_ABOUT = {
    "student_t": ("h1", "degrees of freedom of Student-t entries", True, "KS distance to the Gaussian", False),
    "bias": ("h2", "spread of the biases, in tolerances", False, "", False),
    "correlated": ("h3", "coefficient of AR(1) rows", False, "KS distance to the law", False),
    "spike": ("h4", "strength of a rank-one spike", True, "cross-talk inflation", True),
}
_LINES = {"law": "theory, infinite size", "rho = 1": "theory, ρ = 1", "rho = 0.5": "theory, ρ = 0.5"}


def verdict_chart(curve: Json, cells: Mapping[str, Json]) -> Chart:
    """Shares of each verdict over the strength, with the threshold that theory gives."""
    stem, label, log, _, _ = _ABOUT[curve["scenario"]]
    points = [cells[key] for key in curve["points"]]
    verdicts = [(cell["strength"], cell["claims"][curve["claim"]]["verdicts"]) for cell in points]
    rows = tuple(_shares(word, [(x, found[word]) for x, found in verdicts], look) for word, look in _SHARES)
    told = "; ".join(f"{number(x)}: {percent(found['fails']['rate'])}" for x, found in verdicts)
    return Chart(
        stem=f"{stem}_verdicts",
        caption=f"Verdicts on {size(curve['shape'])} layers over the {_of(label)}. {_threshold(curve)}",
        alt=f"Share that fails at {told}.",
        x=Axis(label, log=log, ticks=_ticks(points) if log else ()),
        y=_SHARE,
        series=rows,
        marks=_mark(curve, "tolerance, by theory"),
    )


def value_chart(curve: Json, cells: Mapping[str, Json], tolerance: float) -> Chart:
    """The statistic over the strength, with theory's line and the tolerance."""
    stem, label, log, statistic, log_value = _ABOUT[curve["scenario"]]
    points = [cells[key] for key in curve["points"]]
    values = [(cell["strength"], cell["claims"][curve["claim"]]["value"]) for cell in points]
    measured = series("measured", [(x, v["mean"], v["q05"], v["q95"]) for x, v in values], "points", look=0)
    lines = tuple(series(_LINES[name], line, "line", look) for look, (name, line) in enumerate(curve["theory"].items()))
    return Chart(
        stem=f"{stem}_value",
        caption=f"The {statistic} over the {_of(label)}: mean, and range of 90% of the layers.",
        alt="Mean at " + "; ".join(f"{number(x)}: {number(v['mean'], 3)}" for x, v in values) + ".",
        x=Axis(label, log=log, ticks=_ticks(points) if log else ()),
        y=Axis(statistic, log=log_value),
        series=(measured, *lines),
        marks=(Mark(tolerance, "tolerance", vertical=False),),
    )


def spike_chart(curves: Sequence[Json], cells: Mapping[str, Json]) -> Chart:
    """How often a spike is found, by its strength and the layers' shape."""
    rows, told = [], []
    for look, curve in enumerate(curves):
        found = [(cells[key]["strength"], cells[key]["spiked"]) for key in curve["points"]]
        rows.append(_shares(size(curve["shape"]), found, look))
        told.append(f"{size(curve['shape'])}: half at {number(curve['measured_threshold']['half spiked'])}")
    return Chart(
        stem="spikes",
        caption="Share of layers in which a spike is found, over its strength in units of σ ⁴√(mn). Theory has a spike "
        "leave the bulk at 1 in an infinite layer of any shape.",
        alt=f"Half of the spikes are found at these strengths. {'; '.join(told)}.",
        x=Axis("strength of the spike"),
        y=_SHARE,
        series=tuple(rows),
        marks=(Mark(1.0, "threshold (BBP)"),),
    )


def _shares(label: str, found: Sequence[tuple[float, Json]], look: int) -> Series:
    return series(label, [(x, rate["rate"], *rate["interval"]) for x, rate in found], look=look)


def _threshold(curve: Json) -> str:
    half = {share: value for share, value in curve["measured_threshold"].items() if value is not None}
    told = [f"{share.removeprefix('half ').removesuffix('s')} at {number(value)}" for share, value in half.items()]
    return f"Half of the layers {', half '.join(told)}." if told else "No verdict changes sides within the range."


def _mark(curve: Json, label: str) -> tuple[Mark, ...]:
    at = curve["theoretical_threshold"]
    return () if at is None else (Mark(at, label),)


def _ticks(points: Sequence[Json]) -> tuple[tuple[float, str], ...]:
    """The strengths used, less those whose numbers would touch on a logarithmic axis."""
    kept: list[float] = []
    for strength in (cell["strength"] for cell in points):
        if not kept or strength >= 1.25 * kept[-1]:
            kept.append(strength)
    return tuple((strength, number(strength)) for strength in kept)


def _of(label: str) -> str:
    return label.split(",")[0]
