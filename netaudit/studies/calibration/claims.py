"""The claims that the study judges layers by, and what they are set to: its only door to the table of analyses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netaudit.analyses.table import BUILT_IN
from netaudit.results.payload import Condition

if TYPE_CHECKING:
    from netaudit.analyses.context import LayerContext

_KEYS = {"bulk_variance_share": "outside"}
"""What the study's JSON calls the tolerance of a statistic, where a claim has more than one."""
_BY_CLAIM = {analysis.name: analysis for analysis in BUILT_IN if analysis.claim}
_OF_LAYER = {analysis.name: analysis for analysis in BUILT_IN if analysis.scope == "layer"}


@dataclass(frozen=True)
class Judgement:
    """What an audit says of one claim about one layer."""

    verdict: str
    statistic: str | None
    """The metric that the verdict rests on first."""
    metrics: Mapping[str, Any]
    conditions: tuple[Condition, ...] = ()
    """The equivalence tests, with their intervals."""


def judge_claim(claim: str, context: LayerContext) -> Judgement:
    """Judge one claim about a layer as an audit does.

    Raises:
        KeyError: there is no such claim.
    """
    from netaudit.analyses.needs import missing_of_layer

    analysis = _BY_CLAIM[claim]
    missing = missing_of_layer(analysis.needs, context)
    finding: Any = analysis.not_applicable(missing) if missing else analysis.measure(context)
    return Judgement(finding.verdict, finding.statistic, finding.metrics, finding.conditions)


def tolerances() -> dict[str, dict[str, float]]:
    """Give every number that the judgement of a claim is set to, by claim and by its name in the study's JSON."""
    return {
        name: {_KEYS.get(statistic, "tolerance"): value for statistic, value in analysis.claim.tolerances.items()}
        for name, analysis in _BY_CLAIM.items()
        if analysis.claim
    }


def title(claim: str) -> str:
    """What an analysis of a layer is called in the report; one that is gone goes by its own name."""
    analysis = _OF_LAYER.get(claim)
    return claim.replace("_", " ") if analysis is None else analysis.full_title
