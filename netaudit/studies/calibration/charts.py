"""The study's charts: how verdicts and values move with the strength of what is wrong, beside what theory says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netaudit.report.chart import Axis, Chart, Mark, Series, series
from netaudit.studies.calibration.effects import EFFECTS, Effect
from netaudit.studies.calibration.words import spiked
from netaudit.text import number, percent, size

Json = Mapping[str, Any]

_SHARES = (("fails", 1), ("undecided", 3), ("holds", 2))  # verdict and look
_SHARE = Axis("share of layers", percent=True, low=-0.03, high=1.03)

# scenario of a curve -> stem, strength, whether its axis is logarithmic, and whether that of the effect is
_ABOUT = {
    "student_t": ("h1", "degrees of freedom of Student-t entries", True, False),
    "bias": ("h2", "spread of the biases, in tolerances", False, False),
    "correlated": ("h3", "coefficient of AR(1) rows", False, False),
    "spike": ("h4", "strength of a rank-one spike", True, True),
}
_LINES = {
    ("law", "ks_gaussian"): "theory",
    ("law", "ks_marchenko_pastur"): "theory of the distance",
    ("law", "bulk_variance_share"): "theory of the share",
    ("rho = 1", "cross_talk_inflation"): "theory, ρ = 1",
    ("rho = 0.5", "cross_talk_inflation"): "theory, ρ = 0.5",
}


def verdict_chart(curve: Json, cells: Mapping[str, Json]) -> Chart:
    """Shares of each verdict over the strength, with the threshold that theory gives."""
    stem, label, log, _ = _ABOUT[curve["scenario"]]
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


def effect_chart(curve: Json, cells: Mapping[str, Json], tolerances: Mapping[str, float]) -> Chart:
    """The effects that the verdict rests on, over the strength, with theory's lines and the tolerances."""
    stem, label, log, log_effect = _ABOUT[curve["scenario"]]
    points = [cells[key] for key in curve["points"]]
    effects = EFFECTS[curve["claim"]]
    rows, told = [], []
    for look, effect in enumerate(effects):
        found = [(cell["strength"], cell["claims"][curve["claim"]]["values"][effect.metric]) for cell in points]
        name = effect.label if len(effects) > 1 else "measured"
        rows.append(series(name, [(x, *_ends(effect, value)) for x, value in found], "points", look))
        told.append(
            f"{effect.label}: " + "; ".join(f"{number(effect.of(v['mean']), 3)} at {number(x)}" for x, v in found)
        )
        lines = [line for line in curve["theory"] if line["metric"] == effect.metric]
        rows += [
            series(_LINES[line["name"], effect.metric], line["line"], "line", look + i) for i, line in enumerate(lines)
        ]
    limits = dict.fromkeys(tolerances[effect.tolerance] for effect in effects if effect.tolerance in tolerances)
    names = " and the ".join(effect.label for effect in effects)
    return Chart(
        stem=f"{stem}_effect",
        caption=f"The {names} over the {_of(label)}: mean, and range of 90% of the layers.",
        alt=f"Mean {'. '.join(told)}.",
        x=Axis(label, log=log, ticks=_ticks(points) if log else ()),
        y=Axis(effects[0].label if len(effects) == 1 else "distance, share of variance", log=log_effect),
        series=tuple(rows),
        marks=tuple(Mark(limit, "tolerance", vertical=False) for limit in limits),
    )


def _ends(effect: Effect, value: Json) -> tuple[float, float, float]:
    """Mean and range of the effect."""
    low, high = sorted((effect.of(value["q05"]), effect.of(value["q95"])))
    return effect.of(value["mean"]), low, high


def spike_chart(curves: Sequence[Json], cells: Mapping[str, Json]) -> Chart:
    """How often a spike is found, by its strength and the layers' shape."""
    rows, told = [], []
    for look, curve in enumerate(curves):
        found = [(cells[key]["strength"], spiked(cells[key], curve["claim"])) for key in curve["points"]]
        rows.append(_shares(size(curve["shape"]), found, look))
        told.append(f"{size(curve['shape'])}: half at {number(curve['measured_thresholds']['half spiked'])}")
    stem, how = _FOUND[curves[0]["claim"]]
    return Chart(
        stem=stem,
        caption=f"Share of layers in which a spike is found {how}, over its strength in units of σ ⁴√(mn). Theory has "
        "a spike leave the bulk at 1 in an infinite layer of any shape.",
        alt=f"Half of the spikes are found at these strengths. {'; '.join(told)}.",
        x=Axis("strength of the spike"),
        y=_SHARE,
        series=tuple(rows),
        marks=(Mark(1.0, "threshold (BBP)"),),
    )


_FOUND = {
    "singular_law": ("spikes", "of the singular value law"),
    "random_likeness": ("directions", "as a direction, with the scales"),
}
"""Stem, and how a spike is found, by the analysis that finds it."""


def _shares(label: str, found: Sequence[tuple[float, Json]], look: int) -> Series:
    return series(label, [(x, rate["rate"], *rate["interval"]) for x, rate in found], look=look)


def _threshold(curve: Json) -> str:
    half = {share: value for share, value in curve["measured_thresholds"].items() if value is not None}
    told = [f"{share.removeprefix('half ').removesuffix('s')} at {number(value)}" for share, value in half.items()]
    return f"Half of the layers {', half '.join(told)}." if told else "No verdict changes sides within the range."


def _mark(curve: Json, label: str) -> tuple[Mark, ...]:
    at = first_threshold(curve)
    return () if at is None else (Mark(at, label),)


def first_threshold(curve: Json) -> float | None:
    """The strength at which theory has the first effect reach its tolerance."""
    known = [value for value in curve["theoretical_thresholds"].values() if value is not None]
    return min(known) if known else None


def _ticks(points: Sequence[Json]) -> tuple[tuple[float, str], ...]:
    """The strengths used, less those whose numbers would touch on a logarithmic axis."""
    kept: list[float] = []
    for strength in (cell["strength"] for cell in points):
        if not kept or strength >= 1.25 * kept[-1]:
            kept.append(strength)
    return tuple((strength, number(strength)) for strength in kept)


def _of(label: str) -> str:
    return label.split(",")[0]
