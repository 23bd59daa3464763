"""The tables of a paper: verdicts by layer, how many layers a verdict, and the tests that the verdicts rest on."""

from __future__ import annotations

from collections.abc import Sequence

from netaudit.analyses.analysis import Analysis
from netaudit.audit_page.claims import metric
from netaudit.audit_page.selection import worst_first
from netaudit.report.document.model import Column, Span
from netaudit.results.report import LayerResult, Report
from netaudit.text import interval, number, printable, shown_name, size
from netaudit.vocabulary import VERDICTS, Verdict

WORDS: dict[Verdict, str] = {"holds": "holds", "fails": "fails", "undecided": "undecided", "not_applicable": "n/a"}
ON_A_PAGE = 40
"""Rows of a table in the text of a paper: with more, it would not fit on a page."""
CLAIMS_A_TABLE = 5
"""Columns of verdicts that a column of 3.25 inches holds beside the names."""

Rows = list[tuple[Span, ...]]


def short(analysis: Analysis) -> str:
    """The number of a claim, such as H1; its title where it has none."""
    return analysis.claim.number if analysis.claim and analysis.claim.number else printable(analysis.title, 40)


def verdicts(
    report: Report, claims: Sequence[Analysis], most: int | None = None
) -> list[tuple[tuple[Column, ...], Rows]]:
    """One row a layer, one column a claim; several tables for many claims; the ``most`` worst layers in their order."""
    order = range(len(report.layers)) if most is None else sorted(worst_first(report)[:most])
    return [
        (
            (Column("Layer", wide=True), Column("Shape"), *(Column(short(claim)) for claim in part)),
            [_verdict_row(report.layers[place], part) for place in order],
        )
        for start in range(0, len(claims), CLAIMS_A_TABLE)
        if (part := claims[start : start + CLAIMS_A_TABLE])
    ]


def counts(report: Report, claims: Sequence[Analysis]) -> tuple[tuple[Column, ...], Rows]:
    """One row a claim: in how many layers it holds, fails, is undecided or does not apply."""
    columns = (Column("Claim", wide=True), *(Column(WORDS[verdict], numeric=True) for verdict in VERDICTS))
    rows: Rows = [
        (
            Span(printable(claim.full_title, 60)),
            *(Span(number(report.summary.claims[claim.name].get(verdict, 0))) for verdict in VERDICTS),
        )
        for claim in claims
        if claim.name in report.summary.claims
    ]
    return columns, rows


def tests(report: Report, claims: Sequence[Analysis]) -> tuple[tuple[Column, ...], Rows]:
    """One row a test: what was measured, its interval, what is tolerated, and the verdict of this test alone."""
    columns = (
        Column("Layer", wide=True), Column("Claim"), Column("Statistic", wide=True), Column("Value", numeric=True),
        Column("Interval", numeric=True), Column("Tolerated", numeric=True), Column("Verdict"),
    )  # fmt: skip
    rows: Rows = []
    for layer in report.layers:
        for claim in claims:
            finding = layer.findings.get(claim.name)
            for test in finding.conditions if finding else ():
                rows.append(
                    (
                        Span(shown_name(layer.name, 120), "name"),
                        Span(short(claim)),
                        Span(metric(claim, test.statistic)),
                        Span(number(test.value, 3)),
                        Span(interval(test.interval)),
                        Span(_limits(test.limits)),
                        Span(WORDS[test.verdict]),
                    )
                )
    return columns, rows


def facts(pairs: Sequence[tuple[str, str]]) -> tuple[tuple[Column, ...], Rows]:
    """Names and values."""
    return (Column("Of the network", wide=True), Column("Value", wide=True)), [
        (Span(printable(name, 200)), Span(printable(value, 300))) for name, value in pairs
    ]


def _verdict_row(layer: LayerResult, claims: Sequence[Analysis]) -> tuple[Span, ...]:
    found = layer.findings
    cells = (Span(WORDS[found[claim.name].verdict] if claim.name in found else "--") for claim in claims)
    return (Span(shown_name(layer.name, 120), "name"), Span(size(layer.shape)), *cells)


def _limits(limits: tuple[float | None, float | None]) -> str:
    low, high = limits
    if low is None or high is None:
        return f"≥ {number(low, 3)}" if low is not None else f"≤ {number(high, 3)}"
    return f"{number(low, 3)} to {number(high, 3)}"
