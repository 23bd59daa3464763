"""What two audits say of one layer: words that changed, and numbers with the interval of their change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from netaudit.comparing.payload import MOST_METRICS, MetricChange, VerdictChange
from netaudit.results.payload import LARGEST, Finding
from netaudit.results.report import LayerResult, Report

_WORDS = (("initialisation", "verdict"), ("random_likeness", "rung"))
"""Analyses that are no claims and have a word of their own."""


def changes(
    first: Report, second: Report, pairs: Sequence[tuple[str, str]]
) -> tuple[tuple[VerdictChange, ...], tuple[MetricChange, ...]]:
    """Compare the audits of the layers that go together.

    Numbers that changed beyond their interval come first, in the order of the layers, then those without an interval
    that changed at all, then the others.
    """
    ours, theirs = ({layer.name: layer for layer in report.layers} for report in (first, second))
    words: list[VerdictChange] = []
    numbers: list[MetricChange] = []
    for name, partner in pairs:
        if name in ours and partner in theirs:
            words += _words(ours[name], theirs[partner])
            numbers += _numbers(ours[name], theirs[partner])
    numbers.sort(key=_rank)
    return tuple(words), tuple(numbers[:MOST_METRICS])


def surely_changed(change: MetricChange) -> bool:
    """Whether the intervals of the two numbers lie apart."""
    return change.interval is not None and not change.interval[0] <= 0 <= change.interval[1]


def _rank(change: MetricChange) -> int:
    if change.interval is not None:
        return 0 if surely_changed(change) else 2
    return 1 if change.before != change.after else 3


def _words(first: LayerResult, second: LayerResult) -> Iterator[VerdictChange]:
    for claim, finding in first.findings.items():
        other = second.findings.get(claim)
        if other is not None and other.verdict != finding.verdict:
            yield VerdictChange(first.name, claim, finding.verdict, other.verdict)
    for analysis, field in _WORDS:
        one, two = (_field(layer, analysis, field) for layer in (first, second))
        if one is not None and two is not None and one != two:
            yield VerdictChange(first.name, f"{analysis}.{field}", one, two)


def _field(layer: LayerResult, analysis: str, field: str) -> str | None:
    payload = layer.analyses.get(analysis)
    value = getattr(payload, field, None) if isinstance(payload, msgspec.Struct) else None
    return value if isinstance(value, str) else None


def _numbers(first: LayerResult, second: LayerResult) -> Iterator[MetricChange]:
    for claim, finding in first.findings.items():
        other = second.findings.get(claim)
        if other is None:
            continue
        for metric, before in finding.metrics.items():
            after = other.metrics.get(metric)
            if before is None or after is None or max(abs(before), abs(after)) > LARGEST:
                continue
            yield MetricChange(
                first.name, claim, metric, float(before), float(after), _interval(finding, other, metric)
            )


def _interval(first: Finding, second: Finding, metric: str) -> tuple[float, float] | None:
    """From the ends of the two intervals: the widest range of the change that they allow for."""
    one, two = (
        next((each.interval for each in finding.conditions if each.statistic == metric), None)
        for finding in (first, second)
    )
    if one is None or two is None or max(map(abs, (*one, *two))) > LARGEST:
        return None
    return two[0] - one[1], two[1] - one[0]
