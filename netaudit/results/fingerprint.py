"""The fingerprint of an audit.json: whether a word or a number of it has changed since it was written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

FIELD = "fingerprint"
"""The key of the JSON that carries it."""


def fingerprint(data: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of the canonical form of an audit without its field ``fingerprint``.

    The canonical form is JSON in ASCII with sorted keys and without blanks; a number is written as Python prints it,
    with as few digits as give the same float64 again. So layout, order of keys and ways to write a number do not count.
    It finds damage and carelessness. Whoever wants to deceive can compute it anew.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    counted = {key: value for key, value in data.items() if key != FIELD}
    text = json.dumps(counted, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode("ascii")).hexdigest()
