"""The published JSON Schema of audit.json, and reading a file of it. An audit.json may come from a stranger."""

from __future__ import annotations

import json
import math
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from netaudit.errors import ReportError


@cache
def schema() -> dict[str, Any]:
    """The schema (draft 2020-12)."""
    text = resources.files("netaudit").joinpath("results/schema/audit-1.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def read(source: str | Path, version: int) -> dict[str, Any]:
    """The object in an audit.json: a path, or the text itself (a string that begins with ``{``).

    Raises:
        ReportError: not a file, not JSON, another format version, or not of the schema.
    """
    text, name = _text(source)
    try:
        data = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite_float)
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{name}: not JSON: {error}") from error
    found = data.get("format_version") if isinstance(data, dict) else None
    if found != version:
        raise ReportError(
            f"{name}: format_version {found!r}, but this netaudit reads {version}",
            hint="run the audit again with this version, or render with the one that wrote the file",
        )
    problem = _problem(data)
    if problem:
        raise ReportError(f"{name}: not an audit.json: {problem}")
    checked: dict[str, Any] = data
    return checked


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:30]} is no finite number")
    return value


def _text(source: str | Path) -> tuple[str, str]:
    if isinstance(source, str) and source.lstrip().startswith("{"):
        return source, "audit.json"
    path = Path(source)
    try:
        return path.read_text(encoding="utf-8"), path.name
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ReportError(
            f"{path}: {reason}", hint="netaudit render takes the audit.json that an audit wrote"
        ) from error


def _problem(data: Any) -> str | None:
    from jsonschema import Draft202012Validator

    error = next(iter(Draft202012Validator(schema()).iter_errors(data)), None)
    return None if error is None else f"{error.json_path}: {error.message[:200]}"
