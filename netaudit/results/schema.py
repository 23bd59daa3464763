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

from netaudit.results.fingerprint import FIELD
from netaudit.results.payload import Finding, NotApplicable
from netaudit.results.reading import PayloadTypes
from netaudit.results.report import FORMAT_VERSION, SCHEMA_ID, Report

SCHEMA_FILE = f"audit-{FORMAT_VERSION}.schema.json"


def shipped_schema() -> dict[str, Any]:
    """The schema as it ships with the package, of the built-in analyses (draft 2020-12)."""
    text = resources.files("netaudit.results").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def make_schema(of_layers: PayloadTypes, of_network: PayloadTypes) -> dict[str, Any]:
    """The schema of a report with the payloads of these analyses; those of others may be any object.

    Raises:
        ValueError: two record types of one name, or a field without a docstring.
    """
    parts = described([Report, NotApplicable, *of_layers.values(), *of_network.values()])
    _refer(parts["LayerResult"], of_layers)
    _refer(parts["Report"], of_network)
    says = "One audit of a trained network: every number that its reports show."
    return whole(parts, "Report", SCHEMA_ID, FORMAT_VERSION, f"netaudit audit.json, format {FORMAT_VERSION}", says)


def described(types: list[Any]) -> dict[str, Any]:
    """The schema of each record that some types are made of, by its name, with the docstrings of the fields.

    Raises:
        ValueError: two record types of one name, or a field without a docstring.
    """
    _, parts = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    missing = []
    for kind in _records(types):
        part, docs = parts[kind.__name__], field_docs(kind)
        part["description"] = inspect.getdoc(kind) or ""
        missing += [f"{kind.__name__}.{name}" for name in part["properties"] if name not in docs]
        for name, field in part["properties"].items():
            field["description"] = docs.get(name, "")
    if missing:
        raise ValueError(f"fields without a docstring: {', '.join(missing)}")
    return dict(parts)


def whole(parts: dict[str, Any], record: str, identifier: str, version: int, title: str, says: str) -> dict[str, Any]:
    """The schema of a file: that of one record, with the name of the schema, the version and the fingerprint."""
    report = parts.pop(record)
    report["properties"] = {"$schema": {"const": identifier}} | report["properties"]
    report["properties"]["$schema"]["description"] = "The name of this schema."
    report["properties"]["format_version"] |= {"const": version}
    del report["properties"]["format_version"]["default"]
    report["properties"][FIELD] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    report["properties"][FIELD]["description"] = (
        "SHA-256 of this object without this field, as JSON in ASCII with sorted keys and without blanks."
    )
    report["required"] = ["$schema", "format_version", *report["required"], FIELD]
    report["description"] = says
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": identifier}
    made: dict[str, Any] = head | report | {"title": title, "$defs": dict(sorted(parts.items()))}
    return made


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
def field_docs(kind: type[msgspec.Struct]) -> Mapping[str, str]:
    """The docstring under each field of a record, its base classes' too, on one line each."""
    docs: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if not (isinstance(base, type) and issubclass(base, msgspec.Struct) and base is not msgspec.Struct):
            continue
        tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(base)))
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for field, text in pairwise(body):
            name = field.target.id if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) else ""
            constant = text.value if isinstance(text, ast.Expr) else None
            if name and isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                docs[name] = " ".join(constant.value.split())
    return docs


def _records(types: list[Any]) -> list[type[msgspec.Struct]]:
    """Every record type that these types are made of."""
    found: dict[str, type[msgspec.Struct]] = {}
    for info in msgspec.inspect.multi_type_info(types):
        _walk(info, found)
    return list(found.values())


def _walk(info: Any, found: dict[str, type[msgspec.Struct]]) -> None:
    if isinstance(info, msgspec.inspect.StructType):
        known = found.get(info.cls.__name__)
        if known is info.cls:
            return
        if known is not None:
            raise ValueError(f"two record types are called {info.cls.__name__}: {known!r} and {info.cls!r}")
        found[info.cls.__name__] = info.cls
        parts: list[Any] = [field.type for field in info.fields]
    else:
        parts = [getattr(info, name) for name in ("item_type", "key_type", "value_type", "type") if hasattr(info, name)]
        parts += [*getattr(info, "item_types", ()), *getattr(info, "types", ())]
    for part in parts:
        _walk(part, found)
