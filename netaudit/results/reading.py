"""The report from its JSON, whose schema has been checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netaudit.network.layers import SkippedLayer
from netaudit.results.finding import Condition, Finding, Null, Rule
from netaudit.results.layer import LayerResult, SpectralFigures
from netaudit.results.network import HiddenUnits, PValue, PValues, ShadowImages, StackResult, StackRun
from netaudit.results.report import AuditReport, Coverage, Provenance


def report_from(data: Mapping[str, Any]) -> AuditReport:
    """The report of a JSON object that meets the schema."""
    stack = dict(data["stack"])
    stack["runs"] = tuple(StackRun(**run) for run in stack["runs"])
    stack["layers"], stack["activations"] = tuple(stack["layers"]), tuple(stack["activations"])
    if stack.get("images") is not None:
        lists = {key: tuple(part) for key, part in stack["images"].items() if isinstance(part, list)}
        stack["images"] = ShadowImages(**(stack["images"] | lists))
    return AuditReport(
        target=data["target"],
        model=data["model"],
        provenance=Provenance(**data["provenance"]),
        coverage=Coverage(**data["coverage"]),
        layers=tuple(_layer_from(layer) for layer in data["layers"]),
        skipped=tuple(SkippedLayer(**(entry | {"shape": tuple(entry["shape"])})) for entry in data["skipped"]),
        stack=StackResult(**stack),
        p_values=PValues(
            **(data["p_values"] | {"tests": tuple(PValue(**entry) for entry in data["p_values"]["tests"])})
        ),
        summary=data["summary"],
        units=tuple(_units_from(units) for units in data["units"]),
        format_version=data["format_version"],
    )


def _layer_from(data: Mapping[str, Any]) -> LayerResult:
    findings = tuple(_finding_from(finding) for finding in data["findings"])
    figures = None if data["figures"] is None else _figures_from(data["figures"])
    return LayerResult(**(dict(data) | {"shape": tuple(data["shape"]), "findings": findings, "figures": figures}))


def _figures_from(data: Mapping[str, Any]) -> SpectralFigures:
    nulls = {name: data[name] and _null_from(data[name]) for name in ("alpha_null", "D_null")}
    interval = data["alpha_interval"]
    return SpectralFigures(**(dict(data) | nulls | {"alpha_interval": None if interval is None else tuple(interval)}))


def _null_from(data: Mapping[str, Any]) -> Null:
    return Null(**(dict(data) | {"shape": None if data["shape"] is None else tuple(data["shape"])}))


def _finding_from(data: Mapping[str, Any]) -> Finding:
    conditions = tuple(
        Condition(**(entry | {"interval": tuple(entry["interval"]), "limits": tuple(entry["limits"])}))
        for entry in data["conditions"]
    )
    nulls = tuple(_null_from(entry) for entry in data["nulls"])
    rule = None if data["rule"] is None else Rule(**data["rule"])
    parts = {"conditions": conditions, "nulls": nulls, "rule": rule, "warnings": tuple(data["warnings"])}
    return Finding(**(dict(data) | parts))


def _units_from(data: Mapping[str, Any]) -> HiddenUnits:
    rule, interval = data["rule"], data["interval"]
    ends = {"rule": None if rule is None else Rule(**rule), "interval": None if interval is None else tuple(interval)}
    return HiddenUnits(**(dict(data) | ends))
