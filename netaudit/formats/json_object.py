"""JSON objects from files that nobody vouches for."""

from __future__ import annotations

import json
from typing import Any

from netaudit.errors import UnsafeFileError


def json_object(raw: bytes, shown: str) -> dict[str, Any]:
    """Parse a JSON object whose keys are unique, which JSON itself does not ask.

    Raises:
        ValueError: the text is not JSON, or no object.
        UnsafeFileError: a key comes twice, so that two readers may take different values.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) != len(pairs):
            raise UnsafeFileError(f"{shown}: two tensors of one name; refused", hint="re-save it with safetensors")
        return table

    try:
        value = json.loads(raw, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise ValueError("no JSON") from error
    if not isinstance(value, dict):
        raise ValueError("no table")
    return value
