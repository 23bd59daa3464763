"""A small study whose page is built from its data alone, as every study's is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netaudit.analyses.presenting import verdict_span
from netaudit.report.chart import Axis, Chart, Mark, series
from netaudit.report.document.model import Column, Pair, Paragraph, Section, Span
from netaudit.report.document.numbering import facts, table
from netaudit.report.figures.lines import chart_figure
from netaudit.studies.harness.page import StudyPage

EVIL = "<script>alert(1)</script> $x^2$ _b_ *c* #panic() \u202e层"


def data(name: str = "random rows") -> dict[str, Any]:
    """What such a study would have measured."""
    strengths = [0.5 + 0.25 * step for step in range(11)]
    found = [min(1.0, max(0.0, (s - 0.8) / 0.9)) for s in strengths]
    return {
        "name": name,
        "points": [[s, f, max(0.0, f - 0.08), min(1.0, f + 0.08)] for s, f in zip(strengths, found, strict=True)],
        "errors": [[10**e, 3 * 10 ** (-e / 2)] for e in range(1, 5)],
        "bars": [{"what": name, "value": 0.97, "met": True}],
        "versions": {"netaudit": "0.1.0"},
    }


def charts(found: Mapping[str, Any]) -> tuple[Chart, Chart, Chart]:
    """Its three charts."""
    name = found["name"]
    power = Chart(
        stem="power",
        caption=f"How often {name} are found.",
        alt=f"Nothing below 0.75, all from {found['points'][-2][0]} on.",
        x=Axis("strength of the signal"),
        y=Axis(f"share found: {name}", percent=True, low=-0.03, high=1.03),
        series=(
            series(name, found["points"], look=0),
            series("theory", [(x, y) for x, y, _, _ in found["points"]], "line", look=0),
            series("another shape, with a band", [(x, y**2, lo**2, hi**2) for x, y, lo, hi in found["points"]], "line"),
        ),
        marks=(Mark(1.0, "detection threshold"), Mark(0.95, "bar", vertical=False)),
    )
    errors = Chart(
        stem="errors",
        caption="Error over the width.",
        alt="It falls as the square root.",
        x=Axis("width", log=True),
        y=Axis("relative error", log=True),
        series=(series("measured", found["errors"], "points"),),
    )
    single = Chart(
        stem="single",
        caption="A chart with names for ticks.",
        alt="Both arms are close to one half.",
        x=Axis("arm", ticks=((0, "plain"), (1, name[:12])), low=-0.5, high=1.5),
        y=Axis("error"),
        series=(series("error", [(0, 0.5, 0.4, 0.6), (1, None, None, None)], "points"),),
    )
    return power, errors, single


def document(found: Mapping[str, Any]) -> StudyPage:
    """The page of that data."""
    name = found["name"]
    power, errors, single = charts(found)
    bars = table(
        "Bars.",
        (Column("What", wide=True), Column("Value", numeric=True), Column("Met")),
        [
            (Span(b["what"]), Span(str(b["value"])), verdict_span("holds" if b["met"] else "fails"))
            for b in found["bars"]
        ],
    )
    summary = Section(
        "summary",
        1,
        "Summary",
        (
            Paragraph((Span("Every bar is met. ", "strong"), Span(f"The study is about {name}."))),
            bars,
            Pair((chart_figure(power), chart_figure(errors))),
        ),
    )
    more = Section("run", 1, "How it was run", (facts([("Seeds", "0 to 9")]), chart_figure(single)))
    return StudyPage(
        stem="theory",
        title=f"A study of {name}",
        subtitle="Does it say what it should?",
        description="A synthetic study.",
        sections=(summary, more),
        data=found,
    )
