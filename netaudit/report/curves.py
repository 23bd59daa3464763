"""The binned data in a finding's ``curve``, checked: what a figure can be drawn from.

An audit.json may come from anywhere, and the schema leaves curves open. What does not fit gives a reason in words,
which the report prints in the figure's place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from netaudit.results import Finding, HiddenUnits

Floats = NDArray[np.float64]
AnyCurve = TypeVar("AnyCurve")

_LONGEST = 600  # values of one array, three times what our analysers store: a figure stays below 100 kB
_LARGEST = 1e100  # magnitude: differences and products stay finite when axes are scaled
_MOST_CELLS = 100
_MOST_SPIKES = 200  # drawn


@dataclass(frozen=True)
class GaussianCurve:
    """H1, in units of the standard deviation after removing the mean."""

    edges: Floats
    """Bin edges, ``[B + 1]``."""
    density: Floats
    """``[B]``."""
    gaussian: Floats
    """The fitted Gaussian's density at the bins' centres, ``[B]``."""
    clipped: tuple[float, float]
    """Share of the weights below and above the bins."""
    theoretical: Floats
    """Gaussian quantiles, ``[Q]``; empty when there are none."""
    sample: Floats
    """The weights' quantiles, ``[Q]``."""


@dataclass(frozen=True)
class BiasCurve:
    """H2, in the bias's own units."""

    probability: Floats
    bias: Floats
    """Quantiles at ``probability``, ``[Q]``."""
    median: float
    band: tuple[float, float]


@dataclass(frozen=True)
class SpectrumCurve:
    """H3, in u = s / (sigma sqrt(N))."""

    edges: Floats
    density: Floats
    u: Floats
    law: Floats
    """The law's density at ``u``."""
    law_edge: float
    tracy_widom_edge: float
    """Where the noise ends: the largest value of a Gaussian matrix with the variance that the spikes leave."""
    spikes: Floats
    """Values beyond the edge of the noise, largest first; at most 200 are stored."""


@dataclass(frozen=True)
class Cell:
    """H4, one cell of the grid."""

    k: int
    rho: float
    used: bool
    measured: float
    predicted: float


@dataclass(frozen=True)
class InversionCurve:
    """H4: relative error over the grid of k and rho."""

    cells: tuple[Cell, ...]

    @property
    def rhos(self) -> list[float]:
        """Distinct rho, largest first."""
        return sorted({cell.rho for cell in self.cells}, reverse=True)


@dataclass(frozen=True)
class UnitsCurve:
    """Hidden units, in natural logarithms of squared norms."""

    log_in: Floats
    log_out: Floats
    """``[U]`` both; our own have at most 200 units."""


Curve = GaussianCurve | BiasCurve | SpectrumCurve | InversionCurve


def read_curve(finding: Finding) -> Curve | str:
    """The finding's curve, or why there is none to draw."""
    reader = _READERS.get(finding.claim)
    if reader is None:
        return "no figure is known for this claim"
    return _read(reader, finding.curve)


def read_units(units: HiddenUnits) -> UnitsCurve | str:
    """The points of a pair of layers, or why there are none to draw."""
    return _read(_units, units.curve)


def _read(reader: Callable[[Mapping[str, Any]], AnyCurve], curve: Mapping[str, Any] | None) -> AnyCurve | str:
    if curve is None:
        return "there is no curve to draw"
    try:
        return reader(curve)
    except KeyError as error:
        return f"the curve has no {error.args[0]}"
    except (TypeError, ValueError, OverflowError) as error:
        return f"the curve cannot be drawn: {error}"


def _gaussian(curve: Mapping[str, Any]) -> GaussianCurve:
    edges, density, gaussian = (_floats(curve, key, 1) for key in ("edges", "density", "gaussian"))
    _histogram(edges, density)
    _same_length(density, gaussian)
    qq = curve.get("qq") or {"theoretical": [], "sample": []}
    theoretical, sample = _floats(qq, "theoretical"), _floats(qq, "sample")
    _same_length(theoretical, sample)
    return GaussianCurve(edges, density, gaussian, _pair(curve, "clipped"), theoretical, sample)


def _bias(curve: Mapping[str, Any]) -> BiasCurve:
    probability, bias = _floats(curve, "probability", 1), _floats(curve, "bias", 1)
    _same_length(probability, bias)
    return BiasCurve(probability, bias, _finite(curve["median"]), _pair(curve, "band"))


def _spectrum(curve: Mapping[str, Any]) -> SpectrumCurve:
    edges, density, u, law = (_floats(curve, key, 1) for key in ("edges", "density", "u", "law"))
    _histogram(edges, density)
    _same_length(u, law)
    ends = _finite(curve["law_edge"]), _finite(curve["tracy_widom_edge"])
    if min(ends) <= 0:
        raise ValueError("the law ends at or below 0")
    spikes = np.sort(_floats(curve, "spikes"))[::-1][:_MOST_SPIKES]
    return SpectrumCurve(edges, density, u, law, *ends, spikes)


def _inversion(curve: Mapping[str, Any]) -> InversionCurve:
    cells = []
    if len(curve["cells"]) > _MOST_CELLS:
        raise ValueError(f"it has more than {_MOST_CELLS} cells")
    for cell in curve["cells"]:
        pair = (cell["relative_error"], cell["predicted_relative_error"])
        if None not in pair:
            measured, predicted = (_finite(value) for value in pair)
            cells.append(Cell(int(cell["k"]), _finite(cell["rho"]), bool(cell["used"]), measured, predicted))
    cells = [cell for cell in cells if min(cell.k, cell.rho, cell.measured, cell.predicted) > 0]  # drawn on log axes
    if not cells:
        raise ValueError("no cell of the grid has both a measured and a predicted error")
    return InversionCurve(tuple(sorted(cells, key=lambda cell: (-cell.rho, cell.k))))


def _units(curve: Mapping[str, Any]) -> UnitsCurve:
    log_in, log_out = _floats(curve, "log_in", 1), _floats(curve, "log_out", 1)
    _same_length(log_in, log_out)
    return UnitsCurve(log_in, log_out)


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Curve]] = {
    "gaussian_weights": _gaussian,
    "constant_bias": _bias,
    "singular_law": _spectrum,
    "shadow_inversion": _inversion,
}


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _LARGEST:
        raise ValueError("it holds something that is not a number, or too large")
    return float(value)


def _floats(curve: Mapping[str, Any], key: str, at_least: int = 0) -> Floats:
    values: Sequence[Any] = curve[key]
    if not isinstance(values, (list, tuple)) or len(values) < at_least:
        raise ValueError(f"{key} is not a list of numbers")
    if len(values) > _LONGEST:
        raise ValueError(f"{key} has more than {_LONGEST} values")
    return np.array([_finite(value) for value in values], dtype=np.float64)


def _pair(curve: Mapping[str, Any], key: str) -> tuple[float, float]:
    low, high = _floats(curve, key, 2)
    return float(low), float(high)


def _histogram(edges: Floats, density: Floats) -> None:
    _same_length(edges[1:], density)
    if not (np.diff(edges) > 0).all():
        raise ValueError("its bin edges do not increase")


def _same_length(*arrays: Floats) -> None:
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(f"its arrays have lengths {lengths} that do not fit")
