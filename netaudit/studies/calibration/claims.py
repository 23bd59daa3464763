"""The claims that the study judges layers by, and what they are set to: its only door to the table of analyses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from netaudit.analyses.context import AuditedLayer
from netaudit.analyses.table import ANALYSERS


@dataclass(frozen=True)
class Judgement:
    """What an audit says of one claim about one layer."""

    verdict: str
    statistic: str | None
    """The metric that the verdict rests on first."""
    metrics: Mapping[str, Any]


def judge_claim(claim: str, audited: AuditedLayer) -> Judgement:
    """Judge one claim about a layer as an audit does.

    Raises:
        KeyError: there is no such claim.
    """
    finding = _BY_CLAIM[claim](audited)
    return Judgement(finding.verdict, finding.statistic, finding.metrics)


def tolerances() -> dict[str, dict[str, float]]:
    """Give every number that the judgement of a claim is set to, by claim and name."""
    return {
        claim: {
            field.name: float(value)
            for field in fields(analyser)  # type: ignore[arg-type]
            if isinstance(value := getattr(analyser, field.name), (int, float)) and not isinstance(value, bool)
        }
        for claim, analyser in _BY_CLAIM.items()
    }


_BY_CLAIM = {analyser.claim: analyser for analyser in ANALYSERS}
