"""JSON text for people and for git: two spaces a level, and a list of numbers on one line.

With each number of a curve on a line of its own, a third of an audit.json would be spaces.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

_STEP = "  "
_NUMBERS = frozenset((int, float, bool, type(None)))
_text = json.JSONEncoder(allow_nan=False).encode
_string = json.encoder.encode_basestring_ascii


def json_layout(value: Any) -> str:
    """The value as ASCII text, one newline at the end. The same value gives the same text.

    Raises:
        ValueError: a number is NaN or infinite.
        TypeError: a value or a key that JSON does not have.

    >>> print(json_layout({"name": "fc", "shape": [10, 784], "events": []}), end="")
    {
      "name": "fc",
      "shape": [10, 784],
      "events": []
    }
    """
    parts: list[str] = []
    _add(value, "\n", parts)
    return "".join(parts) + "\n"


def _add(value: Any, start: str, parts: list[str]) -> None:
    """Append the text of a value; ``start`` is a newline and the indent of the line that it begins on."""
    if isinstance(value, dict):
        comma, inner = "{", start + _STEP
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"keys of JSON are strings, not {type(key).__name__}")
            parts += comma, inner, _string(key), ": "
            _add(item, inner, parts)
            comma = ","
        parts.append(start + "}" if value else "{}")
    elif isinstance(value, (list, tuple)) and not _NUMBERS.issuperset(map(type, value)):
        comma, inner = "[", start + _STEP
        for item in value:
            parts += comma, inner
            _add(item, inner, parts)
            comma = ","
        parts.append(start + "]")
    elif isinstance(value, (list, tuple)):
        parts.append(f"[{', '.join(map(_number, value))}]")
    else:
        parts.append(_string(value) if isinstance(value, str) else _number(value))


def _number(value: Any) -> str:
    """A number, true, false or null. The encoder of the standard library takes ten times as long for one number."""
    if type(value) is float and isfinite(value):
        return repr(value)
    return str(value) if type(value) is int else _text(value)
