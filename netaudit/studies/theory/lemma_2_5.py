"""Lemma 2.5: ||A x - h||_inf <= delta ||h|| with delta = O~(1 / sqrt(rho n)).

Source: arXiv:1511.05653, Lemma 2.5. The constant: z_i - h_i is close to N(0, s^2), s^2 = 2 ||h||^2 / (rho n), so that
delta sqrt(rho n) is close to sqrt(2) E max_i |g_i| over m Gaussians, with the envelope sqrt(4 ln m).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from netaudit.numerics.laws.gaussian import expected_largest
from netaudit.report.chart import Axis, series
from netaudit.studies.theory.charts import chart
from netaudit.studies.theory.lab import Lab
from netaudit.studies.theory.one_layer import Figures, LayerGrid, Pass, measure_grid
from netaudit.studies.theory.scale import Scale
from netaudit.studies.theory.statement import Statement, check, exponent, point, tightest

SHARP = 0.05
FEWEST_KEPT = 400  # rho n from which the closed forms are held to 5 %
FEWEST_ACTIVE = 10  # k likewise: below, the variance on the support is larger by a visible share
GROWTH = 0.05


@dataclass(frozen=True)
class Sizes:
    """Shapes and replicates; k is a share of m."""

    shapes: tuple[tuple[int, int], ...]
    shares: tuple[float, ...]
    rhos: tuple[float, ...]
    draws: int
    matrices: int
    tolerance: float = SHARP


SIZES: Mapping[Scale, Sizes] = {
    "quick": Sizes(((256, 1024), (512, 1024), (512, 4096)), (0.02, 0.2), (1.0, 0.5, 0.1), 32, 6, tolerance=0.1),
    "full": Sizes(
        ((512, 2048), (1024, 4096), (2048, 4096), (4096, 9216)), (0.0025, 0.025, 0.25), (1.0, 0.5, 0.1),
        draws=64, matrices=8,
    ),
    "large": Sizes(
        ((512, 2048), (4096, 9216), (8192, 16384), (16384, 32768)), (0.0025, 0.025, 0.25), (1.0, 0.5, 0.1),
        draws=128, matrices=8,
    ),
}  # fmt: skip


def run(sizes: Sizes, lab: Lab) -> Statement:
    """Measure delta sqrt(rho n) over shapes, sparsity and dropout."""
    work = np.cumsum([0.0, *(m * n for m, n in sizes.shapes)])
    found = {}
    for (m, n), begin, end in zip(sizes.shapes, work, work[1:], strict=False):
        rows = tuple((k, sizes.draws) for k in sorted({max(1, round(m * share)) for share in sizes.shares}))
        grid = LayerGrid(m, n, rows, sizes.rhos, sizes.matrices)
        part = (float(begin / work[-1]), float(end / work[-1]))
        for cell, figures in measure_grid(lab, f"lemma_2.5 {m} × {n}", grid, _largest, part=part):
            found[m, n, cell.k, cell.rho] = figures["constant"]
    judged = {
        place: samples for place, samples in found.items()
        if place[2] >= FEWEST_ACTIVE and place[3] * place[1] >= FEWEST_KEPT
    }  # fmt: skip
    predicted = {m: float(np.sqrt(2)) * expected_largest(m) for m, _ in sizes.shapes}
    middle = {(m, n): sorted({p[2] for p in found if p[:2] == (m, n)})[len(sizes.shares) // 2] for m, n in sizes.shapes}
    top = sizes.shapes[-1]
    scaled = np.stack(
        [found[m, n, middle[m, n], 1.0] / np.sqrt(4 * np.log(m)) for m, n in sizes.shapes], axis=1
    )  # fmt: skip
    checks = (
        tightest(
            "constant / √2 E max|g|",
            (
                (
                    f"{m} × {n}, k = {k}, ρ = {rho:g}",
                    check("", samples / predicted[m], 1 - sizes.tolerance, 1 + sizes.tolerance),
                )
                for (m, n, k, rho), samples in judged.items()
            ),
        ),
        tightest(
            "constant / √(4 ln m)",
            (
                (f"{m} × {n}, k = {k}, ρ = {rho:g}", check("", samples / np.sqrt(4 * np.log(m)), high=1.0))
                for (m, n, k, rho), samples in judged.items()
            ),
        ),
        check(
            "exponent of constant / √(4 ln m) in n", exponent([float(n) for _, n in sizes.shapes], scaled), high=GROWTH
        ),
    )
    outputs = [float(m) for m, _ in sizes.shapes]
    over_size = chart(
        "lemma_2_5_size",
        "The constant of Lemma 2.5, ‖A x − h‖∞ √(ρn) / ‖h‖, over the number of outputs m, at the middle k of each "
        "shape: measured, √2 E max|g| (the prediction), and the envelope √(4 ln m).",
        Axis("m, outputs", log=True),
        Axis("constant"),
        [
            *(
                series(
                    f"ρ = {rho:g}",
                    [point(m * 1.04**shift, found[m, n, middle[m, n], rho]) for m, n in sizes.shapes],
                    "points",
                    look,
                )
                for look, (shift, rho) in enumerate(zip((-1, 0, 1), sizes.rhos, strict=True))
            ),
            series("√2 E max|g|", [(m, predicted[int(m)]) for m in outputs], "line", 4),
            series("√(4 ln m)", [(m, float(np.sqrt(4 * np.log(m)))) for m in outputs], "line", 3),
        ],
    )
    over_k = chart(
        "lemma_2_5_k",
        f"Measured constant over the prediction at {top[0]} × {top[1]}, over the sparsity k.",
        Axis("k, non-zeros of h", log=True),
        Axis("measured / predicted", low=0.9, high=1.1),
        [
            series(
                f"ρ = {rho:g}",
                [
                    point(k * 1.06**shift, found[*top, k, rho] / predicted[top[0]])
                    for k in sorted({place[2] for place in found if place[:2] == top})
                ],
                "both",
                look,
            )
            for look, (shift, rho) in enumerate(zip((-1, 0, 1), sizes.rhos, strict=True))
        ],
    )
    biggest = [float(found[*top, middle[top], rho].mean()) for rho in sizes.rhos]
    return Statement(
        id="lemma_2.5",
        title="Lemma 2.5",
        statement="What comes back from a shadow is h up to an error that no coordinate exceeds: ‖A x − h‖∞ ≤ δ‖h‖ "
        f"with δ of the order 1/√(ρn) up to logarithms. Tested: that δ√(ρn) is within {sizes.tolerance:.0%} of √2 E "
        f"max|gᵢ| over m Gaussians and below its envelope √(4 ln m), at every shape with ρn ≥ {FEWEST_KEPT} and k ≥ "
        f"{FEWEST_ACTIVE}, and that it does not grow with n once the logarithm is taken out. Cells with fewer kept "
        "coordinates or fewer non-zeros are drawn and not judged.",
        found=f"At {top[0]} × {top[1]} and k = {middle[top]} the constant is "
        f"{', '.join(f'{value:.2f} (ρ = {rho:g})' for value, rho in zip(biggest, sizes.rhos, strict=True))}; "
        f"the prediction is {predicted[top[0]]:.2f}, the envelope {np.sqrt(4 * np.log(top[0])):.2f}.",
        checks=checks,
        settings={
            "shapes": [f"{m} × {n}" for m, n in sizes.shapes],
            "k / m": list(sizes.shares),
            "rho": list(sizes.rhos),
            "draws of h": sizes.draws,
            "matrices": sizes.matrices,
            "cells": len(found),
            "judged": len(judged),
        },
        panels=(over_size, over_k),
    )


def _largest(sent: Pass) -> Figures:
    largest = (sent.z - sent.h).abs().amax(1) / sent.norm[:, 0]
    return {"constant": largest * (sent.cell.rho * sent.n) ** 0.5}
