"""Every single number of an audit as one row: the long form, for data frames, CSV and macros.

A payload is walked field by field, so that an analysis of a third party has rows, too. Curves and lists are left out:
they are in audit.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any, NamedTuple

import msgspec

from netaudit.results.payload import Finding, Null, Record
from netaudit.results.report import LayerResult, Report


class Row(NamedTuple):
    """One number, or one word, of one analysis."""

    layer: str
    """As in the model or the file; empty for the network as a whole."""
    analysis: str
    """Name of the analysis."""
    metric: str
    """Name of the number, with a point before the field of a record in a record; ``verdict`` for the verdict."""
    value: float | None
    """None where it could not be computed, and for a word."""
    low: float | None
    """Lower end of its interval; None without one."""
    high: float | None
    """Upper end."""
    verdict: str
    """What was concluded from the number, or the word itself; empty for a number that nothing rests on."""


def layer_rows(report: Report, layers: Iterable[LayerResult] | None = None) -> list[Row]:
    """The rows of the layers, in the order of the report; of some of them where those are given."""
    return [
        Row(layer.name, name, *row)
        for layer in (report.layers if layers is None else layers)
        for name, payload in layer.analyses.items()
        for row in _payload(payload)
    ]


def network_rows(report: Report) -> list[Row]:
    """The rows of the network as a whole."""
    return [Row("", name, *row) for name, payload in report.analyses.items() for row in _payload(payload)]


_Part = tuple[str, float | None, float | None, float | None, str]


def _payload(payload: Any) -> Iterator[_Part]:
    if isinstance(payload, Finding):
        yield from _finding(payload)
    elif isinstance(payload, Record):
        fields = {name: getattr(payload, name) for name in payload.__struct_fields__}
        if isinstance(fields.get("verdict"), str):
            yield ("verdict", None, None, None, fields.pop("verdict"))
        yield from _fields("", fields)
    elif isinstance(payload, Mapping):  # of an analysis that is not installed here
        yield from _fields("", payload)


def _finding(finding: Finding) -> Iterator[_Part]:
    """A claim's verdict, then its metrics; one that was judged has the interval and the verdict of its test."""
    yield ("verdict", None, None, None, finding.verdict)
    tests = {condition.statistic: condition for condition in finding.conditions}
    for name, value in finding.metrics.items():
        test = tests.get(name)
        low, high = test.interval if test else (None, None)
        yield (name, _number(value), low, high, test.verdict if test else "")


def _fields(prefix: str, fields: Mapping[str, Any]) -> Iterator[_Part]:
    """The numbers and words among the fields; ``interval`` and ``NAME_interval`` become the ends of their number."""
    taken = {f"{name}_interval" for name in fields} & fields.keys()
    for name, value in fields.items():
        label = f"{prefix}{name}"
        if name in taken or name in ("note", "reasons") or isinstance(value, Null):
            continue
        if isinstance(value, bool):
            yield (label, float(value), None, None, "")
        elif isinstance(value, (int, float)):
            yield (label, _number(value), *_ends(fields.get(f"{name}_interval")), "")
        elif isinstance(value, str):
            yield (label, None, None, None, value)
        elif name.endswith("interval") and _ends(value) != (None, None):
            yield (label, None, *_ends(value), "")
        elif isinstance(value, Record):
            yield from _fields(f"{label}.", msgspec.structs.asdict(value))
        elif isinstance(value, Mapping):
            yield from _fields(f"{label}.", value)


def _ends(value: Any) -> tuple[float | None, float | None]:
    pair = isinstance(value, (tuple, list)) and len(value) == 2
    if not pair or not all(isinstance(end, (int, float)) for end in value):
        return None, None
    return float(value[0]), float(value[1])


def _number(value: float | None) -> float | None:
    """A float; None for what no number is: integers of a file that no float can hold, NaN and infinity."""
    try:
        found = None if value is None else float(value)
    except OverflowError:
        return None
    return found if found is not None and isfinite(found) else None
