"""Which figures there are: one list that the drawings, the captions and the files all follow."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from netaudit.report.curves import Curve, UnitsCurve, read_curve, read_units
from netaudit.report.images import ImageGrid, read_images
from netaudit.report.selection import shown_in_full
from netaudit.results import AuditReport, Finding, HiddenUnits, LayerResult, StackResult

_STEMS = {
    "gaussian_weights": "weights",
    "constant_bias": "biases",
    "singular_law": "singular_values",
    "shadow_inversion": "shadow_error",
}
STACK = "stack_labels"
PAIRS_DRAWN = 4  # of hidden units: two rows of figures
IMAGES = "stack_images"


@dataclass(frozen=True)
class PlannedFigure:
    """A figure of one finding, or why there is none."""

    stem: str
    """File name without ``.svg``: numbered, never made from a layer's name."""
    layer: LayerResult
    finding: Finding
    curve: Curve | str
    """The data, or the reason why nothing is drawn."""


@dataclass(frozen=True)
class PlannedUnits:
    """The figure of the hidden units between two layers."""

    stem: str
    pair: HiddenUnits
    curve: UnitsCurve


@dataclass(frozen=True)
class Plan:
    """The layers shown in full, each with its figures; the stack, when it has runs; the hidden units drawn."""

    layers: dict[int, tuple[PlannedFigure, ...]]
    """By index in the report."""
    stack: StackResult | None
    units: tuple[PlannedUnits, ...] = ()
    images: ImageGrid | str | None = None
    """The shadow images, why they cannot be drawn, or None when there are none."""


def plan(report: AuditReport) -> Plan:
    """Choose the layers and name their figures."""
    digits = max(3, len(str(len(report.layers))))
    layers = {
        index: tuple(
            PlannedFigure(
                f"layer_{index + 1:0{digits}}_{_STEMS[finding.claim]}",
                report.layers[index],
                finding,
                read_curve(finding),
            )
            for finding in report.layers[index].findings
            if finding.claim in _STEMS
        )
        for index in shown_in_full(report)
    }
    units = (
        PlannedUnits(f"hidden_units_{index:03}", pair, curve)
        for index, pair in enumerate(report.units, start=1)
        if isinstance(curve := read_units(pair), UnitsCurve)
    )
    images = None if report.stack.images is None else read_images(report.stack.images)
    return Plan(layers, report.stack if report.stack.runs else None, tuple(islice(units, PAIRS_DRAWN)), images)
