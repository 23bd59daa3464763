"""A report from its JSON, strictly: an audit.json may come from a stranger."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from netaudit.errors import ReportError
from netaudit.results.fingerprint import FIELD, fingerprint
from netaudit.results.payload import Finding, NotApplicable, Payload
from netaudit.results.report import FORMAT_VERSION, SCHEMA_ID, LayerResult, Report
from netaudit.text import printable

_LONGEST = 280  # characters of a reason: with the file's name and our own words an error stays below 400

PayloadTypes = Mapping[str, type[Payload]]
"""The type of each analysis' payload, by the analysis' name."""


def read_report(
    source: str | Path, of_layers: PayloadTypes, of_network: PayloadTypes, *, changed: bool = False
) -> Report:
    """Read an audit.json: a path, or the text itself (a string that begins with ``{``).

    Payloads of other analyses than those ``of_layers`` and ``of_network`` stay JSON objects. ``changed`` reads also
    what was changed since it was written.

    Raises:
        ReportError: not a file, not JSON, another format version, not of the published schema, or not what its
            fingerprint is of. A file without a fingerprint is read.
    """
    data, name = load_json(source)
    try:
        report = _report(data, of_layers, of_network)
    except (ValueError, RecursionError) as error:  # msgspec's own, and UnicodeEncodeError of a lone surrogate
        raise ReportError(f"{name}: not an audit.json: {printable(str(error), _LONGEST)}") from error
    if not changed and not is_as_written(data):
        raise ReportError(
            f"{name}: a word or a number was changed since it was written: the fingerprint in it is of another content",
            hint='audit the weights again, or take the line with "fingerprint" out to read the file as it is',
        )
    return report


def load_json(source: str | Path) -> tuple[dict[str, Any], str]:
    """The JSON object of an audit.json, a path or the text itself, and its name for messages.

    Raises:
        ReportError: not a file, not JSON, or of another format version.
    """
    data, name = parsed(source)
    _check_version(data, name)
    return data, name


def parsed(source: str | Path, called: str = "audit.json") -> tuple[Any, str]:
    """What a JSON file holds, a path or the text itself, and its name for messages: ``called`` that of a text.

    No number may be NaN or infinite, and no key may come twice.

    Raises:
        ReportError: not a file, or not such JSON.
    """
    text, name = _text(source, called)
    try:
        return _json(text), name
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{name}: not JSON: {printable(str(error), _LONGEST)}") from error


def is_as_written(data: Mapping[str, Any]) -> bool:
    """Whether an audit's fingerprint is the one of its content, or it has none."""
    return FIELD not in data or data[FIELD] == fingerprint(data)


def read_layer(data: Any, types: PayloadTypes) -> LayerResult:
    """Read the result of one layer from its JSON object.

    Payloads of other analyses than those of ``types`` stay JSON objects.

    Raises:
        ValueError: it is not of the published schema.
    """
    return _layer(msgspec.convert(data, type=LayerResult), types, "layer")


def read_payload(text: str, kind: type[Payload], name: str) -> Payload:
    """Read the payload of the analysis ``name`` from its JSON text.

    Raises:
        ValueError: not JSON, or not of the payload's schema.
    """
    return _payload(_json(text), kind, name)


def read_kept_payload(data: Any, kind: type[Payload], name: str) -> Payload:
    """Read the payload of the analysis ``name`` from its JSON object.

    Raises:
        ValueError: it is not of the payload's schema.
    """
    return _payload(data, kind, name)


def _json(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite_float, object_pairs_hook=_unique)


def _report(data: dict[str, Any], of_layers: PayloadTypes, of_network: PayloadTypes) -> Report:
    fields = {key: value for key, value in data.items() if key not in ("$schema", FIELD)}
    report = msgspec.convert(fields, type=Report)
    layers = tuple(_layer(layer, of_layers, f"layers[{index}]") for index, layer in enumerate(report.layers))
    return msgspec.structs.replace(report, layers=layers, analyses=_payloads(report.analyses, of_network, "analyses"))


def _layer(layer: LayerResult, types: PayloadTypes, place: str) -> LayerResult:
    return msgspec.structs.replace(layer, analyses=_payloads(layer.analyses, types, f"{place}.analyses"))


def _payloads(found: Mapping[str, Any], types: PayloadTypes, place: str) -> dict[str, Any]:
    payloads: dict[str, Any] = {}
    for name, value in found.items():
        if not isinstance(value, Mapping):
            raise ValueError(f"Expected an object - at `$.{place}.{printable(name, 80)}`")
        payloads[name] = _payload(value, types[name], f"{place}.{name}") if name in types else value
    return payloads


def _payload(value: Any, kind: type[Payload], place: str) -> Payload:
    applies = not (isinstance(value, Mapping) and value.keys() == {"note", "verdict"})
    try:
        return msgspec.convert(value, type=kind if applies or issubclass(kind, Finding) else NotApplicable)
    except ValueError as error:
        reason, _, where = str(error).partition(" - at `$")
        raise ValueError(f"{printable(reason, 160)} - at `$.{place}{printable(where or '`', 100)}") from error


def _check_version(data: Any, name: str) -> None:
    version = data.get("format_version") if isinstance(data, dict) else None
    if version == FORMAT_VERSION:
        named = data.get("$schema")
        if named != SCHEMA_ID:
            shown = printable(repr(named), 80)
            raise ReportError(f"{name}: not an audit.json: $schema is {shown}, not {SCHEMA_ID!r}")
        return
    if version == 1:
        raise ReportError(
            f"{name}: written in format 1, which this netaudit no longer reads; it reads format {FORMAT_VERSION}",
            hint="audit the weights again (netaudit TARGET): the same numbers are written in the new format",
        )
    raise ReportError(
        f"{name}: format_version {printable(repr(version), 40)}, but this netaudit reads {FORMAT_VERSION}",
        hint="run the audit again with this version, or render with the one that wrote the file",
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key comes twice in one object")
    return dict(pairs)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:30]} is no finite number")
    return value


def _text(source: str | Path, called: str) -> tuple[str, str]:
    if isinstance(source, str) and source.lstrip().startswith("{"):
        return source, called
    path = Path(source)
    try:
        return path.read_text(encoding="utf-8"), printable(path.name, 80)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        audit = "netaudit render takes the audit.json that an audit wrote"
        hint = audit if called == "audit.json" else f"give the {called} that netaudit wrote"
        raise ReportError(f"{printable(str(path), _LONGEST)}: {reason}", hint=hint) from error
