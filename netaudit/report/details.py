"""The tables in a finding's ``details``, checked: an audit.json may come from anywhere, and the schema is open here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from netaudit.results import Finding

_LONGEST = 100  # rows of one table
_LARGEST = 1e100


@dataclass(frozen=True)
class Spike:
    """H3: one singular value beyond the edge of the noise."""

    u: float
    """s / (sigma sqrt N)."""
    score: float
    """Tracy-Widom score."""
    p: float
    strength: float
    """Of the signal behind it, in units of the detection threshold."""
    variance_share: float
    top_rows_share: float
    """Share of its singular vector's weight in the top 1 % of the outputs."""


@dataclass(frozen=True)
class Alternative:
    """H1: one family of distributions, fitted."""

    name: str
    location: float
    scale: float
    degrees: float | None
    gain: float
    """Over the Gaussian, in nats a weight."""


@dataclass(frozen=True)
class Recovered:
    """H4: how one kind of h comes back at one keep probability."""

    kind: str
    """``real``, ``synthetic`` or ``gaussian``."""
    rho: float
    n: int
    k: float
    cosine: float
    relative_error: float
    support_auc: float


Row = TypeVar("Row", Spike, Alternative, Recovered)


def read_spikes(finding: Finding) -> tuple[Spike, ...] | str:
    """The spikes of a finding, none if it has none; or why they cannot be shown."""
    return _read(finding, "spikes", Spike)


def read_alternatives(finding: Finding) -> tuple[Alternative, ...] | str:
    """The fitted families of a finding, best first; or why they cannot be shown."""
    return _read(finding, "alternatives", Alternative)


def read_recovered(finding: Finding) -> tuple[Recovered, ...] | str:
    """How real activations came back; none without real inputs; or why they cannot be shown."""
    return _read(finding, "recovered", Recovered)


def _read(finding: Finding, key: str, kind: type[Row]) -> tuple[Row, ...] | str:
    rows = (finding.details or {}).get(key, ())
    if not isinstance(rows, Sequence) or isinstance(rows, str) or len(rows) > _LONGEST:
        return f"{key} is not a list of at most {_LONGEST} rows"
    try:
        return tuple(kind(**_checked(row, kind)) for row in rows)
    except (KeyError, TypeError, ValueError) as error:
        return f"{key} cannot be shown: {error}"


def _checked(row: Any, kind: type[Row]) -> dict[str, Any]:
    if not isinstance(row, Mapping):
        raise TypeError("a row is not an object")
    values = {field.name: row[field.name] for field in fields(kind)}
    for name, value in values.items():
        text, missing = name in ("name", "kind"), name == "degrees" and value is None
        fits = isinstance(value, str) if text else isinstance(value, (int, float)) and not isinstance(value, bool)
        if not missing and (not fits or (not text and not abs(value) <= _LARGEST)):
            raise ValueError(f"{name} is not what it should be")
    return values
