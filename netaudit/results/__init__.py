"""The result of an audit: what every analysis shares, and the report. No PyTorch, no Matplotlib."""

from netaudit.results.payload import (
    Condition,
    Finding,
    NotApplicable,
    Null,
    Payload,
    Record,
    Rule,
    curve_values,
    number,
    six_digits,
)
from netaudit.results.report import (
    FORMAT_VERSION,
    SCHEMA_ID,
    Coverage,
    DataResult,
    HeadResult,
    LayerResult,
    Model,
    Provenance,
    Report,
    Summary,
)

__all__ = [
    "FORMAT_VERSION",
    "SCHEMA_ID",
    "Condition",
    "Coverage",
    "DataResult",
    "Finding",
    "HeadResult",
    "LayerResult",
    "Model",
    "NotApplicable",
    "Null",
    "Payload",
    "Provenance",
    "Record",
    "Report",
    "Rule",
    "Summary",
    "curve_values",
    "number",
    "six_digits",
]
