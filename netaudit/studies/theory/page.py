"""The study's page, built from its JSON alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netaudit.analyses.presenting import verdict_span
from netaudit.report.chart import Axis, Chart, Mark, Series
from netaudit.report.document.model import Block, Column, Items, Pair, Paragraph, Section, Span, Table
from netaudit.report.document.numbering import facts, table
from netaudit.report.figures.lines import chart_figure
from netaudit.studies.harness.page import StudyPage
from netaudit.studies.theory.statement import RULE
from netaudit.text import flat, interval, number, plain
from netaudit.vocabulary import VERDICT_WORDS, Verdict

_SCALES = {
    "quick": "Quick run: small layers and wide tolerances. The full study is the one to cite.",
    "full": "Full study.",
    "large": "Full study at the larger sizes for a GPU.",
}
_TESTS = (
    "That a statement holds says that matrices with independent random entries meet netaudit's closed form or constant "
    "for it, within the tolerance stated; it is no proof of the paper's asymptotic bound, and says nothing of trained "
    "networks."
)
_PASSED: Mapping[bool | None, Verdict] = {True: "holds", False: "fails", None: "undecided"}
_COUNTED: Mapping[Verdict, str] = {"holds": "hold", "undecided": "are undecided", "fails": "do not hold"}
_ABOUT = (
    "Every matrix here has independent random entries, as the theorems of Arora, Liang and Ma (2015) assume; what "
    "is left to see is the constants, and what happens outside the conditions. No trained network takes part. "
    "Predictions are closed forms without free constants; they and their derivations are netaudit's. Every number "
    "was measured by this run: none is quoted from the paper.",
    "An asymptotic bound Õ(·) cannot be refuted at finite size. What is tested is that its constant, with the "
    "logarithm taken out where it is known, stays bounded over the sizes, and wherever there is a sharp "
    "prediction, that it is met.",
)
_REFERENCE = (
    "S. Arora, Y. Liang and T. Ma (2015). Why are deep nets reversible: a simple theory, with implications for "
    "training. arXiv:1511.05653."
)


def document(data: Mapping[str, Any]) -> StudyPage:
    """Lay the study out: a summary, a section a statement, and how it was run."""
    sections = [_summary(data)]
    for statement in data["statements"]:
        section = _statement(statement)
        sections.append(section)
    sections.append(_run(data))
    sections.append(Section("references", 1, "References", (Items(((Span(_REFERENCE),),)),), numbered=False))
    holding = sum(statement["holds"] is True for statement in data["statements"])
    return StudyPage(
        stem="theory",
        title="The theory of reversible nets, tested on random matrices",
        subtitle="Which statements hold at real sizes, with which constants, and where do they end?",
        description=f"{holding} of {len(data['statements'])} statements, with netaudit's closed forms for their "
        "constants, hold on random matrices at the sizes tested.",
        sections=tuple(sections),
        data=data,
    )


def verdict_of(statement: Mapping[str, Any]) -> Verdict:
    """The verdict's name in the reports."""
    return _PASSED[statement["holds"]]


def _summary(data: Mapping[str, Any]) -> Section:
    statements = data["statements"]
    counts = {name: sum(verdict_of(s) == name for s in statements) for name in _COUNTED}
    words = ", ".join(f"{n} {_COUNTED[name]}" for name, n in counts.items() if n)
    rows = [
        (
            Span(s["title"], link=_anchor(s)),
            verdict_span(verdict_of(s)),
            Span(s["measure"]),
            Span(number(s["value"])),
            Span(interval((s["interval"][0], s["interval"][1]))),
        )
        for s in statements
    ]
    columns = (
        Column("Statement"),
        Column("Verdict"),
        Column("Headline check", wide=True),
        Column("Value", numeric=True),
        Column("95% interval", numeric=True),
    )
    return Section(
        "summary",
        1,
        "Summary",
        (
            Paragraph(
                (
                    Span(f"Of {len(statements)} statements: {words}. ", "strong"),
                    Span(f"{_TESTS} {_SCALES[data['scale']]}"),
                )
            ),
            table(f"The statements, each with its first check, or the first that is not passed. {RULE}", columns, rows),
            *(Paragraph((Span(text),)) for text in _ABOUT),
        ),
    )


def _statement(statement: Mapping[str, Any]) -> Section:
    charts = [_chart(panel, statement) for panel in statement["panels"]]
    blocks: list[Block] = [
        Paragraph((verdict_span(verdict_of(statement)), Span(". " + statement["statement"]))),
        Paragraph((Span("Found. ", "strong"), Span(statement["found"]))),
        _checks(statement),
    ]
    figures = [chart_figure(chart) for chart in charts]
    blocks += [Pair(tuple(figures[begin : begin + 2])) for begin in range(0, len(figures), 2)]
    return Section(_anchor(statement), 1, str(statement["title"]), tuple(blocks))


def _checks(statement: Mapping[str, Any]) -> Table:
    rows = [
        (
            Span(check["what"]),
            verdict_span(_PASSED[check["passed"]]),
            Span(number(check["value"])),
            Span(interval((check["interval"][0], check["interval"][1]))),
            Span(_tolerance(check["low"], check["high"])),
        )
        for check in statement["checks"]
    ]
    columns = (
        Column("Check", wide=True),
        Column("Verdict"),
        Column("Value", numeric=True),
        Column("95% interval", numeric=True),
        Column("Tolerance", numeric=True),
    )
    return table(f"{statement['title']}: the checks.", columns, rows)


def _tolerance(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{number(low)} to {number(high)}"
    return f"≤ {number(high)}" if low is None else f"≥ {number(low)}"


def _chart(panel: Mapping[str, Any], statement: Mapping[str, Any]) -> Chart:
    """The chart of a panel, its caption led by the statement it tests and the verdict."""

    def axis(found: Mapping[str, Any]) -> Axis:
        return Axis(**(dict(found) | {"ticks": tuple((at, name) for at, name in found["ticks"])}))

    def row(found: Mapping[str, Any]) -> Series:
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in found.items()}
        return Series(**plain)

    return Chart(
        panel["stem"],
        f"{statement['title']}, {VERDICT_WORDS[verdict_of(statement)]}. {panel['caption']}",
        panel["alt"],
        axis(panel["x"]),
        axis(panel["y"]),
        tuple(map(row, panel["series"])),
        tuple(Mark(**mark) for mark in panel["marks"]),
    )


def _run(data: Mapping[str, Any]) -> Section:
    pairs = [(f"Version of {name}", version) for name, version in flat(data["versions"])]
    pairs += [(name.capitalize(), value) for name, value in flat(data["provenance"])]
    pairs += [("Scale", data["scale"]), ("Format of theory.json", f"version {data['format_version']}")]
    rows = [
        (Span(f"{statement['title']}: {name}"), Span(_setting(value)))
        for statement in data["statements"]
        for name, value in statement["settings"].items()
    ]
    settings = table("Settings.", (Column("Setting"), Column("Value", wide=True)), rows)
    return Section("run", 1, "How it was run", (facts(pairs), settings))


def _setting(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {plain(item)}" for name, item in value.items())
    return plain(value)


def _anchor(statement: Mapping[str, Any]) -> str:
    return str(statement["id"]).replace("_", "-").replace(".", "-")
