"""What the verdicts about one layer stand on: equivalence tests, the nulls beside them, and every metric."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.presenting import verdict_span
from netaudit.report.document.model import Column, Span, Table
from netaudit.report.document.numbering import table
from netaudit.results.payload import FEWEST_FOR_A_LEVEL, Condition, Finding, Null
from netaudit.text import NONE, count, interval, number, percent, printable, size
from netaudit.vocabulary import NullKind

PAIRED = {"_uncentred": "A − mean(A)", "_as_stored": "Fixed gauge"}
"""Endings of a metric of A as stored, and what the same metric without the ending is of."""

Claims = Mapping[Analysis, Finding]
"""The claims about one layer, in the order of the report."""


def metric(analysis: Analysis, name: str) -> str:
    """The label of a metric; an unknown one goes by its own name."""
    return analysis.labels.get(name) or printable(name.replace("_", " "), 60)


def tests(claims: Claims, name: str) -> Table:
    """One row an equivalence test."""
    columns = [
        Column("Claim"),
        Column("Verdict"),
        Column("Statistic", wide=True),
        Column("Value", numeric=True),
        Column("Interval", numeric=True),
        Column("Tolerated", numeric=True),
    ]
    rows: list[tuple[Span, ...]] = []
    for analysis, finding in claims.items():
        claim = Span(analysis.full_title)
        if not finding.conditions:
            rows.append((claim, verdict_span(finding.verdict), *(Span(NONE) for _ in range(4))))
        rows += [(claim, *_tested(analysis, condition)) for condition in finding.conditions]
    return table(f"Equivalence tests on {name}.", columns, rows)


def _tested(analysis: Analysis, condition: Condition) -> tuple[Span, ...]:
    low, high = condition.limits
    if low is None or high is None:
        tolerated = f"≥ {number(low, 3)}" if low is not None else f"≤ {number(high, 3)}" if high is not None else NONE
    else:
        tolerated = f"{number(low, 3)} to {number(high, 3)}"
    return (
        verdict_span(condition.verdict),
        Span(metric(analysis, condition.statistic)),
        Span(number(condition.value)),
        Span(interval(condition.interval) + _what_interval(condition)),
        Span(tolerated),
    )


def _what_interval(condition: Condition) -> str:
    """Its nominal level, or of how many draws it is the range; empty for neither."""
    if condition.level is not None:
        return f" ({percent(condition.level)})"
    return "" if condition.draws is None else f" (range of {count(condition.draws, 'draw')})"


def nulls(claims: Claims, name: str) -> list[Table]:
    """Each statistic beside what it is on matrices without structure; nothing without nulls."""
    every = [null for finding in claims.values() for null in finding.nulls]
    if not every:
        return []
    own_entries = [null for null in every if null.kind in ("permuted", "signs")]
    part = next((null.shape for null in own_entries if null.shape is not None), None)
    columns = [Column("Statistic"), Column("Layer", numeric=True), Column("Gaussian, 1% to 99%", numeric=True)]
    if part is not None:
        columns.append(Column("Part", numeric=True))
    if own_entries:
        columns += [Column("Permuted", numeric=True), Column("Random signs", numeric=True)]
    if any(null.kind == "independent" for null in every):
        columns.append(Column("Independent", numeric=True))
    rows = []
    for analysis, finding in claims.items():
        for statistic in dict.fromkeys(null.statistic for null in finding.nulls):
            of: dict[NullKind, Null] = {null.kind: null for null in finding.nulls if null.statistic == statistic}
            cells = {
                "Statistic": metric(analysis, statistic),
                "Layer": number(finding.metrics.get(statistic)),
                "Gaussian, 1% to 99%": _range(of.get("gaussian")),
                "Part": number(next((null.own for null in of.values() if null.own is not None), None)),
                "Permuted": _range(of.get("permuted")),
                "Random signs": _range(of.get("signs")),
                "Independent": _range(of.get("independent")),
            }
            rows.append(tuple(Span(cells[column.title]) for column in columns))
    kinds = {null.kind for null in every}
    return [table(f"Nulls beside {name}.{_legend(kinds, own_entries, part)}", columns, rows)]


def _range(null: Null | None) -> str:
    if null is None or null.q01 is None or null.q99 is None:
        return NONE
    if null.q01 == null.q99:
        return number(null.q01)
    few = f" (range of {count(null.draws, 'draw')})" if 1 < null.draws < FEWEST_FOR_A_LEVEL else ""
    return f"{number(null.q01, 3)} to {number(null.q99, 3)}{few}"


def _legend(kinds: set[NullKind], own_entries: Sequence[Null], part: tuple[int, int] | None) -> str:
    sentences = []
    if "gaussian" in kinds:
        sentences.append("Gaussian: matrices of the same shape with independent entries")
    if own_entries:
        draws = max(null.draws for null in own_entries)
        sentences.append(
            "Permuted, random signs: the layer's own entries, mean removed "
            f"({count(draws, 'draw')}{'' if part is None else f', on a random {size(part)} part of the layer'})"
        )
    if "independent" in kinds:
        sentences.append("Independent: the shadow sent through another matrix")
    return "".join(f" {text}." for text in sentences)


def metrics(claims: Claims, name: str) -> tuple[Table, ...]:
    """Every metric of each claim that was measured; a claim that does not apply says why in its note."""
    return tuple(
        _metrics(analysis, finding, name) for analysis, finding in claims.items() if any(_known(finding.metrics))
    )


def _known(found: Mapping[str, float | int | None]) -> list[bool]:
    return [value is not None for value in found.values()]


def _metrics(analysis: Analysis, finding: Finding, name: str) -> Table:
    found = finding.metrics
    ending = next((each for each in PAIRED if any(key.endswith(each) for key in found)), "_as_stored")
    paired = {key for key in found if f"{key}{ending}" in found}
    shown = [key for key in found if key.removesuffix(ending) not in paired or key in paired]

    def label(key: str) -> Span:
        missing = [each for each in (key, f"{key}{ending}") if each in found and found[each] is None]
        codes = [finding.reasons[each] for each in missing if each in finding.reasons]
        reasons = dict.fromkeys(in_words(analysis, code) for code in codes)
        return Span(metric(analysis, key) + (f": {'; '.join(reasons)}" if reasons else ""))

    def cell(key: str) -> Span:
        return Span(number(found[key]) if key in found else "")

    columns = [Column("Metric"), Column(PAIRED[ending] if paired else "Value", numeric=True)]
    rows: list[tuple[Span, ...]] = [(label(key), cell(key)) for key in shown]
    if paired:
        columns.append(Column("A as stored", numeric=True))
        rows = [(*row, cell(f"{key}{ending}")) for row, key in zip(rows, shown, strict=True)]
    return table(f"{analysis.title} of {name}.", columns, rows)


def in_words(analysis: Analysis, reason: str) -> str:
    """Why a metric is missing: the analysis' words for its code, else the code without its underscores."""
    return analysis.labels.get(reason) or printable(re.sub(r"_", " ", reason), 200)
