"""Dropout robustness: each coordinate of x is kept with probability 1/2 and doubled, and h still comes back.

Source: arXiv:1511.05653, Theorems 2.1 and 3.1. For one layer, dropout going forward is the same as more dropout in the
shadow: :mod:`netaudit.shadow.prediction` holds with rho / 2 for rho, which is exactly twice the variance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netaudit.report.chart import Axis, Chart, Series, series
from netaudit.studies.theory import theorem_2_1, theorem_3_1
from netaudit.studies.theory.charts import chart
from netaudit.studies.theory.deep import (
    FORWARD_KEEP,
    SLOPE,
    SMALL,
    Point,
    Sweep,
    as_predicted,
    falls,
    first_power,
    measured,
    run_sweep,
)
from netaudit.studies.theory.deep_charts import errors
from netaudit.studies.theory.lab import Lab
from netaudit.studies.theory.one_layer import Figures, Floats, GridCell, LayerGrid, Pass, measure_grid
from netaudit.studies.theory.scale import SCALES, Scale
from netaudit.studies.theory.statement import Check, Statement, check, point, tightest
from netaudit.text import number

SHARP = 0.05
LARGEST_ERROR = 0.5  # predicted: beyond, the error saturates
DOUBLED = 2.0  # dropout doubles the variance; the error of the best offset can at most double


@dataclass(frozen=True)
class Sizes:
    """One layer of its own; the nets are those of Theorems 2.1 and 3.1, measured there with dropout too."""

    grid: LayerGrid
    two: Sweep
    three: theorem_3_1.Sizes
    tolerance: float = SHARP
    two_tolerance: float = theorem_2_1.TOLERANCE
    slope: float = SLOPE


_GRIDS: Mapping[Scale, tuple[LayerGrid, float]] = {
    "quick": (LayerGrid(512, 2048, ((10, 64), (50, 32)), (1.0, 0.4), 8), 0.1),
    "full": (LayerGrid(4096, 9216, ((10, 256), (40, 128), (100, 64), (400, 64)), (1.0, 0.5, 0.2), 6), SHARP),
    "large": (LayerGrid(16384, 36864, ((10, 256), (40, 128), (100, 64), (1000, 64)), (1.0, 0.5, 0.1), 8), SHARP),
}
SIZES: Mapping[Scale, Sizes] = {
    scale: Sizes(
        _GRIDS[scale][0],
        theorem_2_1.SIZES[scale].wide[0],
        theorem_3_1.SIZES[scale],
        _GRIDS[scale][1],
        theorem_2_1.SIZES[scale].tolerance,
        theorem_2_1.SIZES[scale].slope,
    )
    for scale in SCALES
}

Found = list[tuple[GridCell, dict[str, Floats]]]


def run(sizes: Sizes, lab: Lab) -> Statement:
    """Dropout 1/2 on x: one layer against the closed form, nets against the same nets without it."""
    grid = sizes.grid
    single = measure_grid(lab, "dropout", grid, _figures, forward_keep=FORWARD_KEEP)
    two = run_sweep(lab, sizes.two)
    three = run_sweep(lab, sizes.three.sweep)[: len(sizes.three.joint)]
    over_two, over_three = theorem_2_1.ratios(two), theorem_2_1.ratios(three)
    near = 1 - sizes.tolerance, 1 + sizes.tolerance
    checks = (
        tightest(
            "variance / 2 s², one layer",
            ((cell.where, check("", figures["variance"], *near)) for cell, figures in single),
        ),
        tightest(
            "error / predicted, one layer",
            (
                (cell.where, check("", figures["error"] / cell.prediction.relative_error, *near))
                for cell, figures in single
                if cell.prediction.relative_error <= LARGEST_ERROR
            ),
        ),
        falls("two layers", over_two, measured(two, dropout=True)),
        falls("three layers", over_three, measured(three, dropout=True)),
        first_power("two layers", over_two, two, sizes.slope, dropout=True),
        _at_most_double("two layers", over_two, two),
        _at_most_double("three layers", over_three, three),
        as_predicted("two layers", two, sizes.two_tolerance, dropout=True),
        as_predicted("three layers", three, sizes.three.tolerance, dropout=True),
    )
    last_two, last_three = two[-1], three[-1]
    return Statement(
        id="dropout_robustness",
        title="Dropout robustness",
        statement="The inversion survives dropout in the forward pass: each coordinate of x is kept with "
        "probability ½ and doubled. Tested: that one layer's noise has twice the variance within "
        f"{sizes.tolerance:.0%}, and its error is the closed form's with ρ/2 for ρ; that in two and three layers "
        "the error still falls from each ratio of sparsities to the next, with a local slope of 1 within "
        f"{sizes.slope:g} where it is at most {SMALL} τ² in two layers, that it is at most twice the error without "
        f"dropout wherever either is small, and that the closed form is met within {sizes.two_tolerance:.0%} and "
        f"{sizes.three.tolerance:.0%}. Dropout of the hidden layers going forward is not tested.",
        found=f"At the smallest error dropout raises it from {last_two.plain.measured.mean():.3f} to "
        f"{last_two.dropout.measured.mean():.3f} τ² in two layers "
        f"({(last_two.dropout.measured / last_two.plain.measured).mean():.2f}-fold), and from "
        f"{last_three.plain.measured.mean():.3f} to {last_three.dropout.measured.mean():.3f} τ² in three "
        f"({(last_three.dropout.measured / last_three.plain.measured).mean():.2f}-fold): the noise that the upper "
        "layers add is not doubled.",
        checks=checks,
        settings={
            "keep probability going forward": FORWARD_KEEP,
            "one layer": grid.settings(),
            "two layers": "the first wide net of Theorem 2.1",
            "three layers": "the net of Theorem 3.1, first sweep",
        },
        panels=(
            _one_layer(single, grid),
            errors(
                "dropout_nets",
                "Error in units of τ² with dropout ½ on x going forward and without, in the wide two-layer net "
                "over k₂/k₁ and the three-layer net over k₃/k₂.",
                "sparsity of the top over the layer below",
                [
                    ("two layers", over_two, two, False),
                    ("two layers, dropout ½", over_two, two, True),
                    ("three layers", over_three, three, False),
                    ("three layers, dropout ½", over_three, three, True),
                ],
            ),
        ),
    )


def _figures(sent: Pass) -> Figures:
    off = (sent.h == 0).to(sent.z.dtype)
    return {
        "variance": (sent.z.square() * off).sum(1) / off.sum(1) / sent.s[:, 0].square(),
        "error": sent.error((sent.z - sent.cell.prediction.offset * sent.s).relu()),
    }


def _at_most_double(what: str, ratios: Sequence[float], points: Sequence[Point]) -> Check:
    """Error with dropout over the error without, where the latter is small: pairs from the same nets."""
    return tightest(
        f"error with dropout / without, {what}",
        (
            (f"ratio {number(ratio, 3)}", check("", point.dropout.measured / point.plain.measured, high=DOUBLED))
            for ratio, point in zip(ratios, points, strict=True)
            if point.plain.predicted <= SMALL
        ),
    )


def _one_layer(single: Found, grid: LayerGrid) -> Chart:
    parts: list[Series] = []
    for look, rho in enumerate(grid.rhos):
        cells = [(cell, figures) for cell, figures in single if cell.rho == rho]
        parts += [
            series(f"ρ = {rho:g}", [point(cell.k, f["error"], log=True) for cell, f in cells], "points", look),
            series("", [(cell.k, cell.prediction.relative_error) for cell, _ in cells], "line", look),
        ]
    return chart(
        "dropout_one_layer",
        f"One layer with dropout ½ going forward, {grid.m} × {grid.n}: relative error at the best constant offset, "
        "measured and predicted (lines).",
        Axis("k, non-zeros of h", log=True),
        Axis("relative error", log=True),
        parts,
    )
