"""The order in which a person lists layers: ``fc2`` before ``fc10``.

natsort gives the same order, but fails on a name with more digits than ``int`` takes (4,300), and a file may hold one.
"""

from __future__ import annotations

import re


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts ``fc2`` before ``fc10``."""
    # Numbers by their length, then digit by digit: a name may hold more digits than int() takes.
    numbers = ((piece.isdecimal(), piece.lstrip("0")) for piece in re.split(r"(\d+)", name))
    return [(0, len(digits), digits) if is_number else (1, 0, digits) for is_number, digits in numbers]
