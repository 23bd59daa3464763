"""Edits of JSON: other values, keys left out, renamed and twice, values that change places."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

DEEP: Any = []
for _ in range(300):
    DEEP = [DEEP]
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 3, 0.5, -0.0, 1e308, 5e-324, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**30),
    *("", "\x1b[31mred", "a\nb", "‮", "../x", "/etc/passwd", "nan", "x" * 5000, "\ud800", "0", "<script>", "{}"),
    *([], {}, [[]], [0], [2**40, 2**40], [-1], ["x"], {"x": 1}, [None] * 50, DEEP, [1.5, 2], [0, 2**62]),
)
"""What is put in the place of a value."""
RAW = ("NaN", "Infinity", "-Infinity", "1e400", "9" * 400, "9" * 5000, "{", "", '"', "[" * 5000, "{}{}", "\u0000")
"""The same, of what is no JSON or no finite number."""
_MARK = "@@raw@@"


NUMBERS = (0, 1, -1, 2, 0.5, 1e-12, 1e12, 8e300, -8e300, 5e-324, 2**31, 2**53, 10**18, 0.999999, 1e4, -0.0)


def edited(random: Random, value: Any) -> str:
    """JSON text of a value after some edits; in half of the cases of numbers alone, so that a schema still holds."""
    value, raw = copy.deepcopy(value), None
    holders = [(holder, key) for holder in _holders(value) for key in _keys(holder) if _is_number(holder[key])]
    if holders and random.random() < 0.5:
        for holder, key in random.choices(holders, k=random.choice((1, 1, 2, 5))):
            whole = isinstance(holder[key], int)
            holder[key] = random.choice([number for number in NUMBERS if isinstance(number, int) or not whole])
        return json.dumps(value)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        holders = list(_holders(value))
        if not holders:
            break
        holder = random.choice(holders)
        key = random.choice(_keys(holder))
        kind = random.randrange(10)
        if kind < 3:
            holder[key] = copy.deepcopy(random.choice(VALUES))
        elif kind == 3:
            holder[key], raw = _MARK, random.choice(RAW)
        elif kind == 4:
            del holder[key]
        elif kind == 5:
            other = random.choice(holders)
            place = random.choice(_keys(other))
            holder[key], other[place] = copy.deepcopy(other[place]), copy.deepcopy(holder[key])
        elif kind == 6 and isinstance(holder, dict):
            holder[random.choice((*holder, "x", "", "\x1b[2J", "__metadata__", "__class__"))] = holder.pop(key)
        elif kind == 7 and isinstance(holder[key], (int, float)):
            holder[key] = random.choice((holder[key] + 1, holder[key] - 1, holder[key] * 2, -holder[key], 0))
        elif kind == 8 and isinstance(holder, list):
            holder.insert(key, copy.deepcopy(random.choice((holder[key], *VALUES))))
        elif isinstance(holder, dict):
            twice = f"{key} @@twice@@"
            holder[twice] = copy.deepcopy(random.choice((holder[key], *VALUES)))
    text = json.dumps(value).replace(" @@twice@@", "")
    return text if raw is None else text.replace(f'"{_MARK}"', raw)


def edited_bytes(random: Random, data: bytes) -> bytes:
    """The same, of a file of JSON."""
    return edited(random, json.loads(data)).encode("utf-8", "surrogatepass")


def borders(data: bytes) -> list[int]:
    """Where JSON's own characters are."""
    return [place for place, byte in enumerate(data[:20_000]) if byte in b'{}[]:,"']


def _keys(holder: Any) -> list[Any]:
    return list(holder) if isinstance(holder, dict) else list(range(len(holder)))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _holders(value: Any) -> Iterator[Any]:
    """Every list and object that holds something; long ones of numbers count once."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, (dict, list)) and item:
            yield item
            waiting.extend(item.values() if isinstance(item, dict) else item[:20])
