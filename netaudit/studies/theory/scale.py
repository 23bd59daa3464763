"""How large a study is."""

from typing import Literal

Scale = Literal["quick", "full", "large"]
"""``quick`` takes seconds and small layers, ``full`` minutes on two cores, ``large`` is for a GPU."""
SCALES: tuple[Scale, ...] = ("quick", "full", "large")
