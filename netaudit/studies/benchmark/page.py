"""The benchmark's page, from its JSON alone."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from netaudit.analyses.presenting import verdict_span
from netaudit.report.chart import Axis, Chart, series
from netaudit.report.document.model import Block, Column, Paragraph, Section, Span, Table
from netaudit.report.document.numbering import facts, table
from netaudit.report.figures.lines import chart_figure
from netaudit.studies.harness.page import StudyPage
from netaudit.text import NONE, count, number, percent, size

ARMS = {
    "floor": "float64 Gram products and eigenvalues, once a layer",
    "analyses": "netaudit's analyses of layers with their default nulls",
    "audit": "a whole audit: hashes, analyses, head",
    "reports": "HTML, PDF and figures of that audit",
    "weightwatcher": "WeightWatcher 0.7.7, randomize and mp_fit",
}

RUNG_STEPS = {
    "special_weights": "Special weights",
    "as_drawn": "As drawn",
    "unit_scales": "Unit scales",
    "directions": "Directions",
    "lower_bound": "Lower bound",
    "local": "Locally",
    "variance_profile": "Variance profile",
}
"""The steps of the ladder in order, with the heads of their columns."""


def document(data: Mapping[str, Any]) -> StudyPage:
    """Lay the benchmark out."""
    met = [ratio["met"] for ratio in data["ratios"].values()]
    answer = "Every bar is met." if all(met) else f"{len(met) - sum(met)} of {len(met)} bars are missed."
    blocks: list[Block] = [Paragraph((Span(answer, "strong"),)), _ratios(data), _arms(data)]
    sections = [Section("summary", 1, "AlexNet's fully connected layers", tuple(blocks))]
    if data["cost"]["square"]:
        chart = _chart(data)
        exponent = number(data["cost"]["exponent"], 3)
        before, last = data["cost"]["square"][-2:]
        words = (
            f"Time grows as the side to the power {exponent}, fitted over the square layers, of which the small ones "
            f"cost what their nulls do; from {number(before['shape'][0])} to {number(last['shape'][0])} it takes "
            f"{number(last['seconds'] / before['seconds'], 2)} times as long."
        )
        cost: list[Block] = [Paragraph((Span(words),)), _costs(data), chart_figure(chart)]
        if data["cost"].get("lanczos"):  # older runs have none
            cost.append(_estimates(data))
        sections.append(Section("cost", 1, "Cost of a layer", tuple(cost)))
    if data.get("rungs"):  # older runs have none
        sections.append(_rungs(data["rungs"]))
    if data.get("lines"):  # older runs have none
        sections.append(_lines(data["lines"]))
    sections.append(_how(data, len(sections) + 1))
    return StudyPage(
        stem="benchmark",
        title="Time and memory of an audit",
        subtitle="netaudit beside WeightWatcher and beside the bare linear algebra",
        description="Time and memory of netaudit, measured beside WeightWatcher in one run.",
        sections=tuple(sections),
        data=data,
    )


def _ratios(data: Mapping[str, Any]) -> Table:
    rows = [
        (
            Span(name),
            Span(number(ratio["median"], 3)),
            Span(", ".join(number(value, 3) for value in ratio["values"])),
            Span(number(ratio["bar"])),
            Span(number(ratio["goal"])),
            verdict_span("holds" if ratio["met"] else "fails"),
        )
        for name, ratio in data["ratios"].items()
    ]
    columns = (
        Column("netaudit is", wide=True),
        Column("Median", numeric=True),
        Column("Rounds", numeric=True),
        Column("Bar", numeric=True),
        Column("Goal", numeric=True),
        Column("Bar met"),
    )
    return table("Ratios, round by round.", columns, rows)


def _arms(data: Mapping[str, Any]) -> Table:
    rows = []
    for arm, words in ARMS.items():
        if arm not in data["rounds"]:
            continue
        rounds = data["rounds"][arm]
        seconds = [found["seconds"] for found in rounds]
        rows.append(
            (
                Span(words),
                Span(number(median(seconds), 3)),
                Span(f"{number(min(seconds), 3)} to {number(max(seconds), 3)}"),
                Span(number(median(found["process_seconds"] for found in rounds), 3)),
                Span(number(max(found["peak_bytes"] for found in rounds) / 1e9, 3)),
            )
        )
    columns = (
        Column("Arm", wide=True),
        Column("Seconds, median", numeric=True),
        Column("Range", numeric=True),
        Column("Whole process", numeric=True),
        Column("Peak memory, GB", numeric=True),
    )
    return table("Each arm in fresh processes, by turns.", columns, rows)


def _costs(data: Mapping[str, Any]) -> Table:
    rate = data["machine"]["float64_matrix_rate"]
    found = [*data["cost"]["square"], *([data["cost"]["vgg16_fc6"]] if data["cost"]["vgg16_fc6"] else [])]
    rows = [
        (
            Span(size(cost["shape"])),
            Span(number(cost["seconds"], 3)),
            Span(number(cost["peak_bytes"] / 1e9, 3)),
            Span(percent(cost["operations"] / cost["seconds"] / rate)),
        )
        for cost in found
    ]
    columns = (
        Column("[out, in]"),
        Column("Seconds", numeric=True),
        Column("Peak memory, GB", numeric=True),
        Column("Share of the matrix rate", numeric=True),
    )
    caption = (
        "Analyses on one layer. Share: operations of its Gram product and eigenvalue problems (two up to a side of "
        "2048, then one) over the time for everything, against the rate of a float64 matrix product "
        f"({number(rate / 1e9, 3)} billion a second)."
    )
    return table(caption, columns, rows)


def _estimates(data: Mapping[str, Any]) -> Table:
    rows = [
        (
            Span(size(found["shape"])),
            Span(number(found["exact_seconds"], 3)),
            Span(number(found["lanczos_seconds"], 3)),
            Span(number(found["distance"], 2)),
            Span(number(found["bound"], 2)),
        )
        for found in data["cost"]["lanczos"]
    ]
    columns = (
        Column("[out, in]"),
        Column("Exact, seconds", numeric=True),
        Column("Lanczos, seconds", numeric=True),
        Column("Distance", numeric=True),
        Column("Its bound", numeric=True),
    )
    caption = (
        "Singular values alone, exactly and by stochastic Lanczos quadrature, by turns in one process. Distance: the "
        "largest between the two distribution functions, beside the bound that the audit allows for."
    )
    return table(caption, columns, rows)


def _rungs(found: Mapping[str, Any]) -> Section:
    """Each step of the ladder as a multiple of one decomposition, a row a layer."""
    words = (
        "Processor seconds of each step of the ladder on a Gaussian layer with a mean of a fiftieth of its standard "
        "deviation, which makes a direction in the large layers; on one core, over those "
        "of one float64 Gram product with its eigenvalues, in the same process. Every step is shown; an audit leaves "
        "out what it does not need. The rung up to directions holds the second decomposition, that of the scaled "
        "matrix, and so the distance of the rung up to unit scales as well. The local rung's vectors are looked for "
        "where no rung before holds, and the law of a variance profile is solved only where there are no unit scales."
    )
    rows = [
        (
            Span(size(layer["shape"])),
            Span(number(layer["seconds"]["decomposition"], 3)),
            *(Span(number(layer["seconds"][step] / layer["seconds"]["decomposition"], 2)) for step in RUNG_STEPS),
        )
        for layer in found["layers"]
    ]
    columns = (
        Column("[out, in]"),
        Column("One decomposition, seconds", numeric=True),
        *(Column(title, numeric=True) for title in RUNG_STEPS.values()),
    )
    caption = f"What each rung costs, as a multiple of one decomposition ({found['date']}, torch {found['torch']})."
    return Section("rungs", 1, "What each rung costs", (Paragraph((Span(words),)), table(caption, columns, rows)))


def _lines(found: Mapping[str, Any]) -> Section:
    """The exact line beside dense sampling, a row a number of points."""
    words = (
        "A neuron that changes its state along a segment of inputs makes a breakpoint of the network. The exact line "
        "(exact_line) computes each of them, in float64. The usual way is dense sampling: the network is evaluated at "
        "points that lie equally far apart, and a neuron that is on at one point and off at the next counts as one "
        "breakpoint, whose place is then known to one step. What changes twice within a step is not seen, and several "
        "breakpoints within a step are not told apart. Both look at the same network and the same segment in one "
        "process, on one core; seconds are of the processor."
    )
    exact = [
        f"{one['network']}, of widths {', '.join(map(number, one['widths']))}: "
        f"{count(one['exact']['breakpoints'], 'breakpoint')} in {number(one['exact']['seconds'], 3)} s"
        for one in found["networks"]
    ]
    columns = (
        Column("Network", wide=True),
        Column("Points", numeric=True),
        Column("Computed in"),
        Column("Breakpoints counted", numeric=True),
        Column("Told apart", numeric=True),
        Column("Seconds", numeric=True),
        Column("Times the exact line's", numeric=True),
        Column("Times, a breakpoint told apart", numeric=True),
    )
    rows = [_sampled(one["network"], one["exact"], own) for one in found["networks"] for own in one["sampled"]]
    caption = (
        f"Dense sampling of a segment ({found['date']}, torch {found['torch']}). Counted: in the breakpoints of the "
        "exact line; rounding in float32 can add some that are none. Told apart: steps in which a neuron changes its "
        "state, in the places of the exact line. Times: seconds over those of the exact line, for all and for one "
        "breakpoint told apart."
    )
    return Section(
        "lines",
        1,
        "Breakpoints on a line, exactly and by sampling",
        (
            Paragraph((Span(words),)),
            Paragraph((Span(f"The exact line: {'; '.join(exact)}."),)),
            table(caption, columns, rows),
        ),
    )


def _sampled(name: str, exact: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[Span, ...]:
    times = own["seconds"] / exact["seconds"]
    share = own["steps"] / exact["steps"]
    return (
        Span(name),
        Span(number(own["points"])),
        Span(own["dtype"]),
        Span(percent(own["breakpoints"] / exact["breakpoints"])),
        Span(percent(share)),
        Span(number(own["seconds"], 3)),
        Span(number(times, 2)),
        Span(number(times / share if share else None, 2)),
    )


def _chart(data: Mapping[str, Any]) -> Chart:
    points = [(cost["shape"][0], cost["seconds"]) for cost in data["cost"]["square"]]
    return Chart(
        stem="cost",
        caption="Time for one square layer over its side.",
        alt="; ".join(f"{number(side)}: {number(seconds, 3)} s" for side, seconds in points) + ".",
        x=Axis("side", log=True, ticks=tuple((side, number(side)) for side, _ in points)),
        y=Axis("seconds", log=True),
        series=(series("analyses", points, "both"),),
    )


def _how(data: Mapping[str, Any], place: int) -> Section:
    versions = ", ".join(f"{name} {version}" for name, version in data["versions"].items() if version)
    pairs = [
        ("Date", data["date"]),
        ("Command", "make bench"),
        ("Versions", versions),
        ("Threads", number(data["machine"]["threads"])),
        ("Rounds", number(len(data["rounds"]["floor"]))),
        ("Layers", ", ".join(f"{name} {size(shape)}" for name, shape in data["layers"].items())),
        ("Weights", "Gaussian, standard deviation 0.01, mean a fiftieth of it"),
        ("Peer", data["versions"]["weightwatcher"] or NONE),
    ]
    return Section("how", 1, "How it was run", (facts(pairs),))
