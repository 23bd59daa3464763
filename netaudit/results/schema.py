"""The JSON Schema of audit.json, made from the types: their names, bounds and docstrings."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

import msgspec

from netaudit.results.payload import Finding, NotApplicable, Payload, Record
from netaudit.results.reading import PayloadTypes
from netaudit.results.report import FORMAT_VERSION, SCHEMA_ID, Report

SCHEMA_FILE = f"audit-{FORMAT_VERSION}.schema.json"


def shipped_schema() -> dict[str, Any]:
    """The schema as it ships with the package, of the built-in analyses (draft 2020-12)."""
    text = resources.files("netaudit.results").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def make_schema(of_layers: PayloadTypes, of_network: PayloadTypes) -> dict[str, Any]:
    """The schema of a report with the payloads of these analyses; those of others may be any object."""
    types: list[Any] = [Report, NotApplicable, *of_layers.values(), *of_network.values()]
    _, parts = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    for kind in _records(types):
        part = parts.get(kind.__name__)
        if part is None:
            continue
        part["description"] = inspect.getdoc(kind) or ""
        for name, text in field_docs(kind).items():
            if name in part["properties"]:
                part["properties"][name]["description"] = text
    _refer(parts["LayerResult"], of_layers)
    report = parts.pop("Report")
    _refer(report, of_network)
    report["properties"] = {"$schema": {"const": SCHEMA_ID}} | report["properties"]
    report["properties"]["format_version"] = {"const": FORMAT_VERSION}
    report["required"] = ["$schema", "format_version", *report["required"]]
    report["description"] = "One audit of a trained network: every number that its reports show."
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID}
    return (
        head | report | {"title": f"netaudit audit.json, format {FORMAT_VERSION}", "$defs": dict(sorted(parts.items()))}
    )


def _refer(part: dict[str, Any], types: PayloadTypes) -> None:
    """Name the payload types under ``analyses``."""
    properties = {}
    for name, kind in types.items():
        own = {"$ref": f"#/$defs/{kind.__name__}"}
        properties[name] = own if issubclass(kind, Finding) else {"anyOf": [own, {"$ref": "#/$defs/NotApplicable"}]}
    part["properties"]["analyses"] = part["properties"]["analyses"] | {
        "properties": properties,
        "additionalProperties": {"type": "object"},
    }


@cache
def field_docs(kind: type[Record]) -> Mapping[str, str]:
    """The docstring under each field of a record, its base classes' too, on one line each."""
    docs: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if not (isinstance(base, type) and issubclass(base, msgspec.Struct) and base is not msgspec.Struct):
            continue
        tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(base)))
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for field, text in pairwise(body):
            named = isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            constant = text.value if isinstance(text, ast.Expr) else None
            if named and isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                docs[field.target.id] = " ".join(constant.value.split())  # type: ignore[union-attr]
    return docs


def _records(types: list[Any]) -> list[type[Payload]]:
    """Every record type that these types are made of."""
    found: dict[str, Any] = {}
    for info in msgspec.inspect.multi_type_info(types):
        _walk(info, found)
    return list(found.values())


def _walk(info: Any, found: dict[str, Any]) -> None:
    if isinstance(info, msgspec.inspect.StructType):
        if info.cls.__name__ in found:
            return
        found[info.cls.__name__] = info.cls
        parts: list[Any] = [field.type for field in info.fields]
    else:
        parts = [getattr(info, name) for name in ("item_type", "key_type", "value_type", "type") if hasattr(info, name)]
        parts += [*getattr(info, "item_types", ()), *getattr(info, "types", ())]
    for part in parts:
        _walk(part, found)
