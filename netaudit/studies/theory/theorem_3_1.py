"""Theorem 3.1, three layers: as Theorem 2.1, if also sqrt(k_3) k_2 < k_0.

Source: arXiv:1511.05653, Theorem 3.1. The closed form is in :mod:`netaudit.shadow.multilayer_prediction`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from netaudit.report.chart import Chart, Mark
from netaudit.studies.theory.deep import (
    SLOPE,
    SMALL,
    Point,
    Sweep,
    as_predicted,
    falls,
    first_power,
    in_words,
    measured,
    run_sweep,
)
from netaudit.studies.theory.deep_charts import errors, local_slopes, with_and_without
from netaudit.studies.theory.lab import Lab
from netaudit.studies.theory.scale import Scale
from netaudit.studies.theory.statement import Statement, slopes

TOLERANCE = 0.15  # of the closed form, which takes norms at their means in every layer


@dataclass(frozen=True)
class Sizes:
    """One sweep: its points share their matrices. The first ``joint`` points, then ``middle``, then ``across``."""

    sizes: tuple[int, ...]
    joint: tuple[tuple[int, ...], ...]
    """k_2, k_1 and k_0 grow together at fixed k_3."""
    middle: tuple[tuple[int, ...], ...]
    """k_1 and k_0 grow together at fixed k_3 and k_2."""
    across: tuple[tuple[int, ...], ...]
    """k_0 crosses k_1 and sqrt(k_3) k_2, all else fixed."""
    draws: int
    matrices: int
    tolerance: float = TOLERANCE
    slope: float = SLOPE

    @property
    def sweep(self) -> Sweep:
        """All points."""
        return Sweep(self.sizes, self.joint + self.middle + self.across, self.draws, self.matrices)


def _sizes(
    widths: tuple[int, int, int, int], k3: int, joint: tuple[int, ...], middle: tuple[int, tuple[int, ...]],
    across: tuple[int, int, int, tuple[int, ...]], draws: int, matrices: int, tolerance: float = TOLERANCE,
    slope: float = SLOPE,
) -> Sizes:  # fmt: skip
    """k_1 = 5 k_2 and k_0 = 6 k_1 in the joint sweep, k_0 = 6 k_1 in the middle one."""
    n0, n1, _, _ = widths
    k2, k1s = middle
    k3_across, k2_across, k1_across, k0s = across
    return Sizes(
        widths,
        tuple((min(n0, 30 * k), min(n1, 5 * k), k, k3) for k in joint),
        tuple((min(n0, 6 * k), k, k2, k3) for k in k1s),
        tuple((k0, k1_across, k2_across, k3_across) for k0 in k0s),
        draws,
        matrices,
        tolerance,
        slope,
    )


SIZES: Mapping[Scale, Sizes] = {
    "quick": _sizes(
        (4000, 1000, 200, 20), 1, (50, 100, 200), (100, (200, 1000)), (4, 200, 300, (150, 4000)), 32, 10, 0.25, 0.5,
    ),
    "full": _sizes(
        (24000, 4000, 800, 300), 2, (50, 100, 200, 400, 800), (200, (400, 800, 1600, 4000)),
        (4, 800, 1200, (400, 1200, 3200, 24000)), 96, 8,
    ),
    "large": _sizes(
        (48000, 8000, 1600, 600), 2, (50, 100, 200, 400, 800, 1600), (200, (400, 800, 1600, 4000, 8000)),
        (4, 1600, 2400, (400, 800, 1600, 3200, 6400, 12000, 48000)), 128, 8,
    ),
}  # fmt: skip


def run(sizes: Sizes, lab: Lab) -> Statement:
    """Run the sweep and judge how the error falls."""
    points = run_sweep(lab, sizes.sweep)
    joint = points[: len(sizes.joint)]
    middle = points[len(sizes.joint) : len(sizes.joint) + len(sizes.middle)]
    across = points[-len(sizes.across) :]
    over_top, over_middle = [ratio(one, 3) for one in joint], [ratio(one, 2) for one in middle]
    checks = (
        first_power("over k₃/k₂", over_top, joint, sizes.slope),
        falls("over k₃/k₂", over_top, measured(joint)),
        falls("over k₂/k₁ at fixed k₃/k₂", over_middle, measured(middle)),
        as_predicted("over k₃/k₂", joint, sizes.tolerance),
        as_predicted("over k₂/k₁", middle, sizes.tolerance),
    )
    last = joint[-1].shape
    inside = [one for one in points if in_region(one)]
    floor = middle[-1].plain.measured.mean()
    return Statement(
        id="theorem_3.1",
        title="Theorem 3.1 (three layers)",
        statement="A three-layer net gives h back as a two-layer one does, if k₂ < k₁ < k₀ < k₂² and √k₃ k₂ < k₀. "
        "Tested with the constant offsets, of either sign, that minimise the closed form: that the error falls "
        "with k₃/k₂, the sparsity of the top two layers, when k₁ and k₀ grow along, with a local slope of 1 within "
        f"{sizes.slope:g} where the error is at most {SMALL} τ²; that it falls with k₂/k₁ at fixed k₃/k₂; and that "
        f"the closed form is met within {sizes.tolerance:.0%}. In three layers the conditions and a small error can "
        "be met together at these sizes, since k₂ is a middle layer's. Out of reach: small k₂/k₁ alone does not "
        "make the error small, since the top two layers leave a floor that follows k₃/k₂.",
        found=f"Over k₃/k₂ the error falls from {joint[0].plain.measured.mean():.2f} to "
        f"{joint[-1].plain.measured.mean():.3f} τ², at k₃, k₂, k₁, k₀ = {last.top}, {last.kept[2]}, {last.kept[1]}, "
        f"{last.kept[0]}. Over k₂/k₁ it falls to {floor:.3f} τ², with a last local slope of "
        f"{slopes(over_middle, measured(middle))[:, -1].mean():.2f}. {len(inside)} of {len(points)} settings lie "
        f"inside the region. Over k₀ alone, at k₁ = {across[0].shape.kept[1]} and √k₃ k₂ = "
        f"{np.sqrt(across[0].shape.top) * across[0].shape.kept[2]:.0f}, it is "
        f"{', '.join(f'{one.plain.measured.mean():.2f} at k₀ = {one.shape.kept[0]}' for one in across)}.",
        checks=checks,
        settings=sizes.sweep.settings() | {"inside the region": [in_words(one.shape) for one in inside]},
        panels=(
            errors(
                "theorem_3_1",
                "Error in units of τ² over k₃/k₂, three layers; k₁ = 5 k₂, k₀ = 6 k₁ up to the widths.",
                "k₃ / k₂",
                with_and_without(over_top, joint),
            ),
            errors(
                "theorem_3_1_middle",
                f"Error in units of τ² over k₂/k₁, three layers; k₃ = {middle[0].shape.top}, "
                f"k₂ = {middle[0].shape.kept[2]}, k₀ = 6 k₁ up to the width.",
                "k₂ / k₁",
                with_and_without(over_middle, middle),
            ),
            local_slopes(
                "theorem_3_1_slope",
                "Local slope between neighbouring points: towards 1 over k₃/k₂ with all layers growing along, and "
                "falling over k₂/k₁ alone.",
                "k₃ / k₂, or k₂ / k₁",
                [("over k₃/k₂", over_top, joint, False), ("over k₂/k₁", over_middle, middle, False)],
            ),
            _crossing(across),
        ),
    )


def ratio(found: Point, j: int) -> float:
    """k_j / k_{j-1}."""
    ks = (*found.shape.kept, found.shape.top)
    return ks[j] / ks[j - 1]


def in_region(found: Point) -> bool:
    """The theorem's conditions; k_3 < k_2 goes without saying."""
    (k0, k1, k2), k3 = found.shape.kept, found.shape.top
    return k3 < k2 < k1 < k0 < k2**2 and float(np.sqrt(k3)) * k2 < k0


def _crossing(points: list[Point]) -> Chart:
    shape = points[0].shape
    _, k1, k2 = shape.kept
    return errors(
        "theorem_3_1_region",
        f"What happens outside the region: error over k₀ at k₃ = {shape.top}, k₂ = {k2}, k₁ = {k1}. The theorem "
        "asks for k₀ above both marks, and below k₂².",
        "k₀",
        with_and_without([float(one.shape.kept[0]) for one in points], points),
        [Mark(float(k1), "k₀ = k₁"), Mark(float(np.sqrt(shape.top)) * k2, "k₀ = √k₃ k₂")],
    )
