"""The order in which a person lists layers: ``fc2`` before ``fc10``.

natsort gives the same order, but fails on a name with more digits than ``int`` takes (4,300), and a file may hold one.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(\d+)")


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts ``fc2`` before ``fc10``."""
    key = []
    for piece in _NUMBER.split(name):  # numbers by their length, then digit by digit
        digits = piece.lstrip("0")
        key.append((0, len(digits), digits) if piece.isdecimal() else (1, 0, digits))
    return key
