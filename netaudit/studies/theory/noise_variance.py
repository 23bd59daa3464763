"""The noise of the inversion, z - h: its variance off and on the support of h.

Source: section 4 of the method, derived from arXiv:1511.05653 with the constants kept:
s^2 = 2 ||h||^2 / (rho n) off the support, s_i^2 = s^2 (1 + (2 - rho/2) h_i^2 / ||h||^2) on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import device as devices
from netaudit.report.chart import Axis, Mark, series
from netaudit.shadow.distribution import SparseDraws, alpha, draw_values, keep_mask, place, shadow
from netaudit.shadow.prediction import GAUSSIAN_KURTOSIS, on_support_factor
from netaudit.studies.theory.charts import chart
from netaudit.studies.theory.lab import Lab
from netaudit.studies.theory.one_layer import Entries, Figures, LayerGrid, Pass, gaussian, measure_grid
from netaudit.studies.theory.scale import Scale
from netaudit.studies.theory.statement import Statement, check, point, tightest

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Floats = NDArray[np.float64]

SHARP = 0.05
_GATHERED = 2000  # rows at a time: 74 MB at n = 9216


@dataclass(frozen=True)
class Sizes:
    """One shape; draws on the support are many, since each gives only k numbers."""

    off: LayerGrid
    on: tuple[int, ...]
    """k of the measurement on the support."""
    on_numbers: int
    """Numbers z_i - h_i a matrix, k and rho: draws times k."""
    tolerance: float = SHARP


SIZES: Mapping[Scale, Sizes] = {
    "quick": Sizes(LayerGrid(512, 2048, ((1, 32), (10, 32), (100, 32)), (1.0, 0.5, 0.1), 8), (1, 10), 1000, 0.1),
    "full": Sizes(
        LayerGrid(4096, 9216, ((1, 64), (10, 64), (100, 64), (1000, 64)), (1.0, 0.5, 0.1), 8), (1, 3, 10, 30), 6000
    ),
    "large": Sizes(
        LayerGrid(16384, 36864, ((1, 128), (10, 128), (100, 128), (1000, 128)), (1.0, 0.5, 0.1), 8),
        (1, 3, 10, 30), 5000,
    ),
}  # fmt: skip


def run(sizes: Sizes, lab: Lab) -> Statement:
    """Measure both variances over k and rho."""
    grid = sizes.off
    off = measure_grid(lab, "noise_variance", grid, _off, part=(0.0, 0.5))
    on = measure_on_support(lab, "noise_variance on", sizes, part=(0.5, 1.0))
    checks = (
        tightest(
            "variance off the support / s²",
            (
                (cell.where, check("", figures["ratio"], 1 - sizes.tolerance, 1 + sizes.tolerance))
                for cell, figures in off
            ),
        ),
        tightest(
            "variance on the support / sᵢ²",
            (
                (f"k = {k}, ρ = {rho:g}", check("", samples[:, 1], 1 - sizes.tolerance, 1 + sizes.tolerance))
                for (k, rho), samples in on.items()
            ),
        ),
    )
    shifts = list(zip((-1, 0, 1), grid.rhos, strict=True))
    off_panel = chart(
        "noise_off",
        f"Noise off the support at {grid.m} × {grid.n}: mean of zᵢ² over s² = 2‖h‖²/(ρn), over the sparsity k.",
        Axis("k, non-zeros of h", log=True),
        Axis("measured / predicted", low=0.9, high=1.1),
        [
            series(
                f"ρ = {rho:g}",
                [point(cell.k * 1.08**shift, figures["ratio"]) for cell, figures in off if cell.rho == rho],
                "points",
                look,
            )
            for look, (shift, rho) in enumerate(shifts)
        ],
        [Mark(1.0, "predicted", vertical=False)],
    )
    on_panel = chart(
        "noise_on",
        f"Noise on the support at {grid.m} × {grid.n}: variance of zᵢ − hᵢ over s², measured (points) and predicted "
        "(lines): 1 + (2 − ρ/2) hᵢ²/‖h‖². A lone gate that is on has 3 − ρ/2 times the noise of one that is off.",
        Axis("k, non-zeros of h", log=True),
        Axis("variance / s²", low=0.9),
        [
            part
            for look, (shift, rho) in enumerate(shifts)
            for part in (
                series(f"ρ = {rho:g}", [point(k * 1.08**shift, on[k, rho][:, 0]) for k in sizes.on], "points", look),
                series("", [(k, float(on[k, rho][0, 2])) for k in sizes.on], "line", look),
            )
        ],
    )
    one_hot = float(on[1, 1.0][:, 0].mean())
    return Statement(
        id="noise_variance",
        title="Noise variance",
        statement="z = A x is h plus noise of known variance: s² = 2‖h‖²/(ρn) off the support of h, and sᵢ² = s²(1 "
        "+ (2 − ρ/2) hᵢ²/‖h‖²) on it. These are exact second moments for Gaussian entries, with no constant left "
        f"free. Tested at {grid.m} × {grid.n}: that both are within {sizes.tolerance:.0%}, for every k and ρ of the "
        "grid.",
        found=f"A one-hot h at ρ = 1 has {one_hot:.2f} times the noise of a gate that is off (predicted 2.5).",
        checks=checks,
        settings=grid.settings() | {"k on the support": list(sizes.on), "numbers on the support": sizes.on_numbers},
        panels=(off_panel, on_panel),
    )


def _off(sent: Pass) -> Figures:
    """Mean of z_i^2 off the support, over s^2."""
    off = (sent.h == 0).to(sent.z.dtype)
    return {"ratio": (sent.z.square() * off).sum(1) / off.sum(1) / sent.s[:, 0].square()}


def measure_on_support(
    lab: Lab,
    key: str,
    sizes: Sizes,
    *,
    entries: Entries = gaussian,
    kurtosis: float = GAUSSIAN_KURTOSIS,
    part: tuple[float, float] = (0.0, 1.0),
) -> dict[tuple[int, float], Floats]:
    """Mean of (z_i - h_i)^2 on the support by (k, rho), ``[matrices, 3]``: over s^2, over s_i^2, and s_i^2 / s^2."""
    import torch

    grid = sizes.off
    values = {k: draw_values(k, max(1, sizes.on_numbers // k), lab.generator(key, f"values {k}")) for k in sizes.on}
    found: dict[tuple[int, float], list[Floats]] = {(k, rho): [] for k in sizes.on for rho in grid.rhos}
    for replicate in range(grid.matrices):
        lab.advance(part[0] + (part[1] - part[0]) * replicate / grid.matrices)
        generator = lab.generator(key, str(replicate))
        matrix = entries(grid.m, grid.n, generator)
        for k in sizes.on:
            for rho in grid.rhos:
                parts = [
                    _on(matrix, place(some, grid.m, generator), rho, generator, lab.device, kurtosis)
                    for some in torch.split(values[k], max(1, _GATHERED // k))
                ]
                found[k, rho].append(np.concatenate(parts).mean(0))
    return {cell: np.stack(samples) for cell, samples in found.items()}


def _on(
    matrix: Tensor, h: SparseDraws, rho: float, generator: torch.Generator, device: torch.device, kurtosis: float
) -> Floats:
    """The three numbers for each coordinate of each support, ``[draws * k, 3]``, from the k rows that it needs."""
    n = matrix.shape[1]
    mask = keep_mask(len(h.values), n, rho, generator)

    def work(rows: slice, where: torch.device) -> Floats:
        gathered, values = matrix[h.support[rows]].to(where), h.values[rows].to(where)
        x = shadow((values[:, None] @ gathered)[:, 0], mask[rows].to(where), alpha(rho, n, 1.0))
        z = (gathered @ x[:, :, None])[:, :, 0]
        norm2 = values.square().sum(1, keepdim=True)
        noise = ((z - values).square() * (rho * n / 2) / norm2).cpu().double().numpy()
        factor = on_support_factor((values.square() / norm2).cpu().numpy(), rho, kurtosis)
        return np.stack([noise, noise / factor, factor], axis=-1).reshape(-1, 3)

    with devices.exact_float32():
        return np.concatenate(devices.with_smaller_batches(work, len(h.values), device))
