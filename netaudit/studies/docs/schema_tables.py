"""The JSON of an audit as tables of fields, from the JSON Schema that is made from the types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from netaudit.report.document.markdown import table_markdown
from netaudit.results.payload import COUNTED

Schema = Mapping[str, Any]

_WORDS = {"string": "text", "integer": "integer", "number": "number", "boolean": "true or false", "null": "null"}
_ROOT = "The report"


def schema_markdown(schema: Schema, level: int) -> str:
    """One table of the report's own fields, then one of each record type, in alphabetical order."""
    parts = [_record(_ROOT, schema, level)]
    parts += [_record(name, part, level) for name, part in sorted(schema["$defs"].items())]
    return "\n\n".join(parts)


def type_words(part: Schema) -> str:
    """What a value may be, in words, with links to the tables of records.

    >>> type_words({"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "maxItems": 600})
    'list of number from 0 to 1, at most 600'
    >>> type_words({"anyOf": [{"$ref": "#/$defs/Rule"}, {"type": "null"}]})
    '[Rule](#rule) or null'
    """
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in part:
        return " or ".join(type_words(option) for option in part["anyOf"])
    if "const" in part:
        return f"`{part['const']}`"
    if "enum" in part:
        return " or ".join(f"`{value}`" for value in part["enum"])
    kind = part.get("type")
    if kind == "array":
        return _array(part)
    if kind == "object":
        return _object(part)
    if kind is None:
        return "any value"
    pattern = f" matching `{part['pattern']}`" if "pattern" in part else ""
    return _WORDS[kind] + pattern + _bounds(part, "minimum", "maximum") + _lengths(part, "Length", "characters")


def _array(part: Schema) -> str:
    if "prefixItems" in part:
        return f"[{', '.join(map(type_words, part['prefixItems']))}]"
    of = type_words(part["items"]) if part.get("items") else "any value"
    return f"list of {of}" + _lengths(part, "Items")


def _object(part: Schema) -> str:
    values = part.get("additionalProperties")
    named = ", ".join(f"`{name}`: {type_words(value)}" for name, value in part.get("properties", {}).items())
    rest = type_words(values) if isinstance(values, Mapping) and values else "any value"
    if named:
        return f"object with {named}; under any other name: {rest}"
    keys = part.get("propertyNames", {}).get("enum")
    by = f", by {' or '.join(f'`{key}`' for key in keys)}" if keys else ""
    return "object" if rest in ("object", "any value") and not by else f"object of {rest}{by}"


def _bounds(part: Schema, low: str, high: str) -> str:
    above = part.get("exclusiveMinimum")
    least, most = part.get(low), part.get(high)
    if (least, most) == (0, COUNTED):  # a count; no reader needs the bound
        most = None
    if above is not None:
        return f" above {_number(above)}" + ("" if most is None else f", at most {_number(most)}")
    if least is not None and most is not None:
        return f" from {_number(least)} to {_number(most)}"
    return f" of at least {_number(least)}" if least is not None else f" up to {_number(most)}" if most else ""


def _lengths(part: Schema, suffix: str, unit: str = "") -> str:
    words = {"min": "at least", "max": "at most"}
    found = [f"{word} {part[end + suffix]:,} {unit}".rstrip() for end, word in words.items() if end + suffix in part]
    return f", {', '.join(found)}" if found else ""


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}".replace("e+", "e")


def _record(name: str, part: Schema, level: int) -> str:
    required = set(part.get("required", ()))
    text = part.get("description", "").partition("\n\nRaises:")[0]
    rows = [
        (f"`{field}`", type_words(value) + _default(field, value, required), _description(value))
        for field, value in part.get("properties", {}).items()
    ]
    table = table_markdown(("field", "value", "meaning"), rows)
    return "\n\n".join(_parts(f"{'#' * level} {name}", _marked(text), table))


def _parts(*parts: str) -> Iterator[str]:
    return (part for part in parts if part)


def _description(value: Schema) -> str:
    return _marked(value.get("description", ""))


def _default(field: str, value: Schema, required: set[str]) -> str:
    if field in required:
        return ""
    default = value.get("default")
    shown = {"[]": "an empty list", "{}": "an empty object", "": "empty"}.get(str(default), f"`{_json(default)}`")
    return f"; {shown} where it is absent"


def _json(value: Any) -> str:
    return {"None": "null", "True": "true", "False": "false"}.get(str(value), str(value))


def _marked(text: str) -> str:
    """A docstring as Markdown: one line, names of code between single backticks, no marks of its own outside them."""
    flat = re.sub(r":\w+:`~?\.?([^`]+)`", r"``\1``", " ".join(text.split()))
    pieces = flat.split("``")
    return "".join(
        f"`{piece}`" if index % 2 else re.sub(r"([*_<\[\]$])", r"\\\1", piece) for index, piece in enumerate(pieces)
    )
