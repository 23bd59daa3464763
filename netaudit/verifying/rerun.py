"""The audit once more, with the settings that the report names, and its numbers beside those of the report."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from netaudit.results.fingerprint import FIELD
from netaudit.results.report import Report
from netaudit.text import number, printable
from netaudit.verifying.check import Check, compared

RELATIVE = 1e-4
"""How far a number may lie from the report's, as a share of it: ten times the most that another number of threads
changed in a figure of the bundled networks (see :attr:`netaudit.results.report.Provenance.threads`)."""
ABSOLUTE = 1e-9
"""The same for numbers about zero."""
_ELSEWHERE = ("versions", "threads", "device", "file_sha256", "hash_matches_name")
"""Of the provenance what may be another on another machine, or in another file of the same weights."""
_NAMES = ("target", "model", "notes", "events")
"""What a file is called, and what is said of how it was read."""


def same_numbers(report: Report, again: Report) -> Check:
    """Compare every number, verdict and word of two audits of the same weights, within the tolerances above."""
    return within_tolerance("the audit once more", _counted(report), _counted(again))


def within_tolerance(what: str, report: Mapping[str, Any], again: Mapping[str, Any]) -> Check:
    """Compare all that two reports say."""
    within = f"every verdict, and every number within {RELATIVE:g} of itself"
    return compared(what, list(_different(report, again, "")), within)


def _counted(report: Report) -> dict[str, Any]:
    data = {key: value for key, value in report.to_dict().items() if key not in (FIELD, *_NAMES)}
    data["provenance"] = {key: value for key, value in data["provenance"].items() if key not in _ELSEWHERE}
    settings = data["provenance"]["settings"]
    data["provenance"]["settings"] = {key: _unnamed(value) for key, value in settings.items() if key != "hash"}
    data["data"] = _unnamed(data["data"])
    for layer in data["layers"]:
        layer.pop("events", None)
    return data


def _unnamed(value: Any) -> Any:
    """What is known of a file apart from its name."""
    return {key: item for key, item in value.items() if key != "name"} if isinstance(value, dict) else value


def _different(report: Any, again: Any, place: str) -> Iterator[str]:
    if isinstance(report, Mapping) and isinstance(again, Mapping):
        for key in dict.fromkeys([*report, *again]):
            inner = f"{place}.{printable(str(key), 60)}".lstrip(".")
            if key not in report or key not in again:
                yield f"{inner} is only in {'the report' if key in report else 'the new audit'}"
            else:
                yield from _different(report[key], again[key], inner)
    elif isinstance(report, list) and isinstance(again, list):
        if len(report) != len(again):
            yield f"{place} has {len(report)} entries, and {len(again)} in the new audit"
        for index, (one, other) in enumerate(zip(report, again, strict=False)):
            yield from _different(one, other, f"{place}[{index}]")
    elif _is_number(report) and _is_number(again):
        if not math.isclose(report, again, rel_tol=RELATIVE, abs_tol=ABSOLUTE):
            yield f"{place} is {number(report, 6)}, and {number(again, 6)} in the new audit"
    elif report != again or type(report) is not type(again):
        yield f"{place} is {_shown(report)}, and {_shown(again)} in the new audit"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    return printable(repr(value), 60)
