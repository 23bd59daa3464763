"""The baby theorem: a linear net without dropout is inverted by its transpose.

Source: arXiv:1511.05653, as stated in section 3 of the method: with x = A^T h / n, ||A x - h||_inf is at most
C ln(mn) sqrt(m/n) with high probability. The constant here: A x - h has independent rows, given h, with variance
(||h||^2 + h_i^2) / n, so that its largest entry is close to ||h|| sqrt((1 + 1/m) / n) E max_i |g_i|.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import device as devices
from netaudit.numerics.laws.gaussian import expected_largest
from netaudit.report.chart import Axis, series
from netaudit.shadow.distribution import draw_values, keep_mask
from netaudit.studies.theory.charts import chart
from netaudit.studies.theory.lab import Lab
from netaudit.studies.theory.one_layer import gaussian
from netaudit.studies.theory.scale import Scale
from netaudit.studies.theory.statement import Statement, check, exponent, point, tightest

if TYPE_CHECKING:
    import torch

Floats = NDArray[np.float64]

SHARP = 0.05  # of the prediction; theory's own simulation at n = 9216 stays within it
GROWTH = 0.05  # exponent of C in mn: a constant that grew would double over a factor of a million in size


@dataclass(frozen=True)
class Sizes:
    """Shapes and replicates."""

    m: tuple[int, ...]
    aspects: tuple[int, ...]
    """n / m."""
    draws: int
    matrices: int
    tolerance: float = SHARP


SIZES: Mapping[Scale, Sizes] = {
    "quick": Sizes((64, 128, 256), (2, 8, 32), draws=16, matrices=16),
    "full": Sizes((128, 256, 512, 1024), (2, 8, 32), draws=32, matrices=12),
    "large": Sizes((128, 512, 2048, 4096), (2, 8, 32), draws=64, matrices=12),
}


def run(sizes: Sizes, lab: Lab) -> Statement:
    """Measure the constant over the shapes."""
    shapes = [(m, m * aspect) for m in sizes.m for aspect in sizes.aspects]
    errors = {}
    work = np.cumsum([0.0, *(m * n for m, n in shapes)])
    for (m, n), done in zip(shapes, work, strict=False):
        lab.advance(float(done / work[-1]))
        errors[m, n] = np.array([_largest_error(lab, m, n, sizes.draws, r) for r in range(sizes.matrices)])
    constants = {(m, n): found[:, 0] / (np.log(m * n) * np.sqrt(m / n)) for (m, n), found in errors.items()}
    ratios = {shape: found[:, 1] for shape, found in errors.items()}
    at = [float(m * n) for m, n in shapes]
    growth = exponent(at, np.stack([constants[shape] for shape in shapes], axis=1))
    checks = (
        tightest(
            "largest error / its prediction",
            ((f"{m} × {n}", check("", ratios[m, n], 1 - sizes.tolerance, 1 + sizes.tolerance)) for m, n in shapes),
        ),
        check("exponent of C in mn", growth, high=GROWTH),
    )
    means = [float(constants[shape].mean()) for shape in shapes]
    panel = chart(
        "baby",
        "The constant C = ||A x − h||∞ / (ln(mn) √(m/n)) over the size of the layer: measured, and with the constant "
        "of the closed form (lines). It falls slowly, since the logarithm is an upper envelope.",
        Axis("m, outputs", log=True),
        Axis("C", low=0),
        [
            part
            for look, aspect in enumerate(sizes.aspects)
            for part in (
                series(f"n = {aspect} m", [point(m, constants[m, m * aspect]) for m in sizes.m], "points", look),
                series("", [(m, _predicted_constant(m, m * aspect)) for m in sizes.m], "line", look),
            )
        ],
    )
    return Statement(
        id="baby",
        title="Baby theorem",
        statement="A Gaussian layer without ReLU and dropout is inverted by its transpose: with x = Aᵀh / n, the "
        "largest entry of A x − h is at most C ln(mn) √(m/n). Tested for dense h, ± uniform on [½, 1]: that C does "
        f"not grow with the size (its exponent in mn is at most {GROWTH}), and that the error is within "
        f"{sizes.tolerance:.0%} of √((‖h‖² + ‖h‖²/m) / n) times the expected largest of m Gaussians, which leaves "
        "no constant free. The bound itself says little where m is close to n: the largest error then exceeds the "
        "entries of h.",
        found=f"C lies between {min(means):.3f} and {max(means):.3f} over {len(shapes)} shapes from "
        f"{shapes[0][0]} × {shapes[0][1]} to {shapes[-1][0]} × {shapes[-1][1]}.",
        checks=checks,
        settings={
            "shapes": [f"{m} × {n}" for m, n in shapes],
            "h": "dense, uniform on [1/2, 1], random signs",
            "draws of h": sizes.draws,
            "matrices": sizes.matrices,
        },
        panels=(panel,),
    )


def _predicted_constant(m: int, n: int) -> float:
    """Give the constant C of the closed form, with ||h||^2 at its mean, which is 7/12 for each entry."""
    return float(np.sqrt(7 / 12 * (1 + 1 / m)) * expected_largest(m) / np.log(m * n))


def _largest_error(lab: Lab, m: int, n: int, draws: int, replicate: int) -> tuple[float, float]:
    """E||A x - h||_inf over the draws, and the same divided by its prediction."""
    generator = lab.generator("baby", f"{m} × {n}", str(replicate))
    matrix = gaussian(m, n, generator)
    dense = draw_values(m, draws, generator) * (keep_mask(draws, m, 0.5, generator) * 2 - 1)

    def work(rows: slice, where: torch.device) -> Floats:
        A, h = matrix.to(where), dense[rows].to(where)
        found: Floats = ((h @ A / n) @ A.T - h).abs().amax(1).cpu().double().numpy()
        return found

    with devices.exact_float32():
        largest = np.concatenate(devices.with_smaller_batches(work, draws, lab.device))
    predicted = dense.norm(dim=1).numpy() * np.sqrt((1 + 1 / m) / n) * expected_largest(m)
    return float(largest.mean()), float((largest / predicted).mean())
