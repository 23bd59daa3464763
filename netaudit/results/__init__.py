"""The result of an audit. No torch, no matplotlib."""

from netaudit.results.finding import VERDICTS, Condition, Finding, Null, NullKind, Rule, Verdict
from netaudit.results.layer import LayerResult, SpectralFigures
from netaudit.results.network import (
    TRAINING,
    HiddenUnits,
    PValue,
    PValues,
    ShadowImages,
    StackResult,
    StackRun,
    Training,
)
from netaudit.results.numbers import curve_values, number
from netaudit.results.report import FORMAT_VERSION, SCHEMA_ID, AuditReport, Coverage, Provenance

__all__ = [
    "FORMAT_VERSION",
    "SCHEMA_ID",
    "TRAINING",
    "VERDICTS",
    "AuditReport",
    "Condition",
    "Coverage",
    "Finding",
    "HiddenUnits",
    "LayerResult",
    "Null",
    "NullKind",
    "PValue",
    "PValues",
    "Provenance",
    "Rule",
    "ShadowImages",
    "SpectralFigures",
    "StackResult",
    "StackRun",
    "Training",
    "Verdict",
    "curve_values",
    "number",
]
