"""Numbers as JSON has them."""

import math
from collections.abc import Iterable


def number(value: float) -> float | None:
    """A Python float, or None for NaN and infinity, which JSON does not have."""
    return float(value) if math.isfinite(value) else None


def curve_values(values: Iterable[float]) -> list[float]:
    """Numbers for a drawn curve, to six significant digits: enough for any figure, a third of the JSON."""
    return [float(f"{value:.6g}") for value in values]
