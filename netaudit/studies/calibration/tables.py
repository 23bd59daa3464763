"""The study's tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from netaudit.report.document.model import Column, Span, Table
from netaudit.report.document.numbering import table
from netaudit.studies.calibration.charts import first_threshold
from netaudit.studies.calibration.claims import title
from netaudit.studies.calibration.effects import EFFECTS
from netaudit.studies.calibration.words import figure, layers, limits, met, requirement, share
from netaudit.text import NONE, number, percent, size
from netaudit.vocabulary import VERDICT_WORDS, Verdict

Json = Mapping[str, Any]
Cells = Mapping[str, Json]


def criteria_table(criteria: Sequence[Json], cells: Cells, moments: Cells) -> Table:
    """Every criterion; one line for those that ask the same of several shapes, with the one closest to being missed."""
    groups: dict[str, list[Json]] = {}
    for criterion in criteria:
        groups.setdefault(requirement(criterion, cells.get(criterion["cell"])), []).append(criterion)
    rows = []
    for text, group in groups.items():
        worst = min(group, key=slack)
        shape = (cells.get(worst["cell"]) or moments[worst["cell"]])["shape"]
        rows.append(
            (
                Span(text),
                Span(limits(worst)),
                Span(figure(worst)),
                Span(number(worst["seeds"])),
                Span(size(shape) if len(group) == 1 else f"{size(shape)}, of {number(len(group))}"),
                met(all(criterion["met"] for criterion in group)),
            )
        )
    columns = (
        Column("Asked", wide=True),
        Column("Bar"),
        Column("Measured"),
        Column("Seeds", numeric=True),
        Column("Shape"),
        Column("Met"),
    )
    caption = "Every bar of the study; with several shapes, the one that came closest to missing it. In brackets, the "
    return table(caption + "95% interval.", columns, rows)


def slack(criterion: Json) -> tuple[float, float]:
    """How far a criterion is from being missed: by the measured value, then by the end of its interval."""
    low, high, value = criterion["bar"]["low"], criterion["bar"]["high"], criterion["value"]
    ends = criterion["interval"]
    above = (math.inf, math.inf) if low is None else (value - low, ends[0] - low)
    below = (math.inf, math.inf) if high is None else (high - value, high - ends[1])
    return min(above[0], below[0]), min(above[1], below[1])


def false_alarms(cells: Sequence[Json], criteria: Sequence[Json]) -> Table:
    """Undecided and failing Gaussian layers, by claim and shape."""
    judged = {(criterion["cell"], criterion["claim"], criterion["measure"]): criterion["met"] for criterion in criteria}
    names = list(dict.fromkeys(name for cell in cells for name in cell["claims"]))
    rows = []
    for name in names:
        for cell in (cell for cell in cells if name in cell["claims"]):
            found, value = cell["claims"][name]["verdicts"], cell["claims"][name]["values"][EFFECTS[name][0].metric]
            rows.append(
                (
                    Span(title(name)),
                    Span(size(cell["shape"])),
                    Span(number(cell["seeds"])),
                    Span(NONE if value is None else f"{number(value['median'], 3)} ({_range(value)})"),
                    Span(share(found["undecided"])),
                    Span(share(found["fails"])),
                    met(all(judged.get((cell["key"], name, m), True) for m in ("undecided", "fails"))),
                )
            )
    columns = (
        Column("Claim"),
        Column("[out, in]"),
        Column("Seeds", numeric=True),
        Column("Statistic: median (5% to 95%)", wide=True),
        Column(VERDICT_WORDS["undecided"], wide=True),
        Column(VERDICT_WORDS["fails"], wide=True),
        Column("Bars"),
    )
    return table("Gaussian layers: share of each verdict, with its 95% interval.", columns, rows)


def verdicts(cells: Sequence[Json]) -> Table:
    """What every claim says of layers that are not Gaussian: its most frequent verdict, with its share."""
    names = list(dict.fromkeys(name for cell in cells for name in cell["claims"]))
    rows = [
        (Span(layers(cell)), Span(number(cell["seeds"])), *(_most_frequent(cell, name) for name in names))
        for cell in cells
    ]
    columns = (
        Column("Layers"),
        Column("Seeds", numeric=True),
        *(Column(title(name), wide=True) for name in names),
    )
    return table("The most frequent verdict on each claim, with its share of the layers.", columns, rows)


def rates(cells: Sequence[Json], name: str, caption: str) -> Table:
    """All verdicts of one claim over cells that differ in strength."""
    rows = [
        (
            Span(layers(cell)),
            Span(size(cell["shape"])),
            Span(number(cell["seeds"])),
            *(Span(share(cell["claims"][name]["verdicts"][word])) for word in ("holds", "undecided", "fails")),
        )
        for cell in cells
    ]
    words: tuple[Verdict, ...] = ("holds", "undecided", "fails")
    columns = (
        Column("Layers"),
        Column("[out, in]"),
        Column("Seeds", numeric=True),
        *(Column(VERDICT_WORDS[word], wide=True) for word in words),
    )
    return table(caption, columns, rows)


def spiked(cells: Sequence[Json]) -> Table:
    """How often a spike is found."""
    rows = [
        (Span(layers(cell)), Span(size(cell["shape"])), Span(number(cell["seeds"])), Span(share(cell["spiked"])))
        for cell in cells
    ]
    columns = (Column("Layers", wide=True), Column("[out, in]"), Column("Seeds", numeric=True), Column("With a spike"))
    return table("Share of layers in which a spike is found, with its 95% interval.", columns, rows)


def thresholds(curves: Sequence[Json]) -> Table:
    """Where theory and measurement put the strength at which the answer changes."""
    rows = []
    for curve in curves:
        half = curve["measured_thresholds"]
        about = _FOUND[curve["claim"]] if curve["shares"] == ["spiked"] else title(curve["claim"])
        rows.append(
            (
                Span(f"{about}: {_STRENGTHS[curve['scenario']]}"),
                Span(size(curve["shape"])),
                Span(number(first_threshold(curve))),
                Span(number(half.get("half spiked", half.get("half holds")))),
                Span(number(half.get("half spiked", half.get("half fails")))),
            )
        )
    columns = (
        Column("What, over which strength", wide=True),
        Column("[out, in]"),
        Column("Theory", numeric=True),
        Column("Half hold", numeric=True),
        Column("Half fail", numeric=True),
    )
    caption = "Strength at which the answer changes. For spikes, half of the layers show one at the strength given."
    return table(caption, columns, rows)


def tracy_widom(moments: Sequence[Json], criteria: Sequence[Json]) -> Table:
    """Mean and standard deviation of the scores by shape."""
    judged: dict[str, bool] = {}
    for criterion in criteria:
        judged[criterion["cell"]] = judged.get(criterion["cell"], True) and criterion["met"]
    rows = [
        (
            Span(size(found["shape"])),
            Span(number(found["draws"])),
            *(Span(_with_interval(found[name])) for name in ("mean", "std")),
            met(judged[found["key"]]),
        )
        for found in moments
    ]
    columns = (
        Column("[out, in]"),
        Column("Draws", numeric=True),
        Column("Mean", wide=True),
        Column("Standard deviation", wide=True),
        Column("Bars"),
    )
    return table(
        "Tracy-Widom scores of the largest singular value of Gaussian matrices; the law itself has mean −1.207 and "
        "standard deviation 1.268.",
        columns,
        rows,
    )


_FOUND = {"singular_law": "a spike is found", "random_likeness": "a direction is found"}
_STRENGTHS = {
    "student_t": "degrees of freedom",
    "bias": "spread in tolerances",
    "correlated": "coefficient of AR(1) rows",
    "spike": "strength of the spike",
}


def _most_frequent(cell: Json, name: str) -> Span:
    if name not in cell["claims"]:
        return Span(NONE)
    found = cell["claims"][name]["verdicts"]
    word: Verdict = max(found, key=lambda each: float(found[each]["rate"]))
    return Span(f"{VERDICT_WORDS[word]} {percent(found[word]['rate'])}", word)


def _range(value: Json) -> str:
    return f"{number(value['q05'], 3)} to {number(value['q95'], 3)}"


def _with_interval(found: Json) -> str:
    low, high = found["interval"]
    return f"{number(round(found['value'], 3))} [{number(round(low, 3))}, {number(round(high, 3))}]"
