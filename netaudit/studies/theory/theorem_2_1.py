"""Theorem 2.1, two layers: E|h~_i - h_i|^2 <= eps tau^2 for every i, eps = O~(k_2/k_1), if k_2 < k_1 < k_0 < k_2^2.

Source: arXiv:1511.05653, Theorem 2.1; tau is the average of the non-zeros of h. The closed form is in
:mod:`netaudit.shadow.multilayer_prediction`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from netaudit.report.chart import Axis, Chart, Mark, series
from netaudit.shadow.multilayer import NetShape
from netaudit.studies.theory.charts import chart
from netaudit.studies.theory.coordinates import worst_over_average
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
    predicted,
    predicted_error,
    run_sweep,
)
from netaudit.studies.theory.deep_charts import Row, errors, local_slopes, with_and_without
from netaudit.studies.theory.lab import Lab
from netaudit.studies.theory.scale import Scale
from netaudit.studies.theory.statement import Statement, check, exponent, point

TOLERANCE = 0.10  # of the closed form, which takes norms at their means; measured within 5 % at these sizes
GROWTH = 0.05  # exponent of the error in the net's size at fixed ratios
WORST = 2.0  # the worst coordinate over the average: the theorem is about every coordinate
BELOW = 4  # k_0 / k_1


@dataclass(frozen=True)
class Sizes:
    """The sweeps."""

    wide: tuple[Sweep, ...]
    """k_1 grows at fixed widths and fixed k_2; most coordinates are dropped."""
    inside: tuple[Sweep, ...]
    """One net each, within k_2 < k_1 < k_0 < k_2^2; nothing is dropped (k_j = n_j)."""
    across: Sweep
    """k_0 crosses k_1 and k_2^2 at fixed k_1 and k_2."""
    scaled: tuple[Sweep, ...]
    """The same ratios at growing sizes."""
    coordinates: NetShape
    """The net whose coordinates are looked at one by one, over ``dropouts`` shadows of a single h."""
    dropouts: int
    tolerance: float = TOLERANCE
    growth: float = GROWTH
    slope: float = SLOPE


def wide(sizes: tuple[int, ...], top: int, kept: tuple[int, ...], draws: int, matrices: int) -> Sweep:
    """A net of fixed widths whose k_1 takes the values ``kept``, with k_0 = 4 k_1."""
    return Sweep(sizes, tuple((min(BELOW * k, sizes[0]), k, top) for k in kept), draws, matrices)


def inside(top: int, draws: int, matrices: int) -> Sweep:
    """The smallest net for k_2 = top within the theorem's conditions: k_0 = k_2^2 - 1, k_1 = k_0/4, n_2 = 2 k_2."""
    k0 = top**2 - 1
    k1 = k0 // BELOW
    return Sweep((k0, k1, 2 * top), ((k0, k1, top),), draws, matrices)


def scaled(factor: int, draws: int, matrices: int) -> Sweep:
    """A net with k_2/k_1 = 1/200 and n_0 = 4000 for each unit of the factor."""
    sizes = (4000 * factor, 1000 * factor, 100 * factor)
    return Sweep(sizes, ((1600 * factor, 400 * factor, 2 * factor),), draws, matrices)


def _across(top: int, k1: int, kept: tuple[int, ...], draws: int, matrices: int) -> Sweep:
    return Sweep((kept[-1], k1, 2 * top), tuple((k0, k1, top) for k0 in kept), draws, matrices)


_COORDINATES = NetShape((4000, 1000, 100), (1600, 400), 5)
SIZES: Mapping[Scale, Sizes] = {
    "quick": Sizes(
        (wide((4000, 1000, 100), 2, (25, 50, 100, 200, 400, 800), 64, 6),),
        tuple(inside(top, 64, 6) for top in (10, 20, 40)),
        _across(30, 225, (60, 225, 900, 3600), 64, 4),
        tuple(Sweep((1000 * f, 250 * f, 25 * f), ((400 * f, 100 * f, f),), 64, 12) for f in (1, 2, 4)),
        NetShape((1000, 250, 50), (800, 200), 2), 300, tolerance=0.25, growth=0.15, slope=0.5,
    ),
    "full": Sizes(
        (
            wide((24000, 6000, 500), 5, (100, 200, 400, 800, 1600, 3000), 64, 8),
            wide((16000, 3000, 1000), 20, (400, 800, 1600, 3000), 64, 6),
        ),
        tuple(inside(top, 64, 6) for top in (20, 40, 70, 100, 140)),
        _across(70, 1225, (150, 300, 600, 1225, 2450, 4900, 9800, 19600), 64, 4),
        tuple(scaled(factor, 128, 8) for factor in (1, 2, 4)),
        _COORDINATES, 1000,
    ),
    "large": Sizes(
        (
            wide((48000, 12000, 1000), 5, (200, 400, 800, 1600, 3200, 6400, 12000), 128, 8),
            wide((48000, 12000, 2000), 20, (400, 800, 1600, 3200, 6400, 12000), 128, 8),
        ),
        tuple(inside(top, 128, 8) for top in (20, 40, 80, 140, 220)),
        _across(100, 2500, (300, 600, 1250, 2500, 5000, 10000, 20000, 40000), 128, 6),
        tuple(scaled(factor, 128, 8) for factor in (1, 2, 4, 8)),
        _COORDINATES, 4000,
    ),
}  # fmt: skip


def run(sizes: Sizes, lab: Lab) -> Statement:
    """Run the sweeps and judge how the error falls."""
    sweeps = (*sizes.wide, *sizes.inside, sizes.across, *sizes.scaled)
    found = dict(zip(sweeps, run_all(lab, sweeps), strict=True))
    main, small_nets = found[sizes.wide[0]], [found[sweep][0] for sweep in sizes.inside]
    scaled_nets = [found[sweep][0] for sweep in sizes.scaled]
    worst = worst_over_average(lab, sizes.coordinates, sizes.dropouts, sizes.scaled[0].matrices)
    growth = exponent([float(net.shape.sizes[0]) for net in scaled_nets], measured(scaled_nets))
    names = [f"k₂ = {sweep.points[0][-1]}, {_widths(sweep)}" for sweep in sizes.wide]
    checks = (
        first_power(names[0], ratios(main), main, sizes.slope),
        *(
            falls(name, ratios(found[sweep]), measured(found[sweep]))
            for name, sweep in zip(names, sizes.wide, strict=True)
        ),
        falls("inside the region", ratios(small_nets), measured(small_nets)),
        check("exponent of the error in the size, at fixed ratios", growth, high=sizes.growth),
        check("worst coordinate / average of the non-zeros", worst, high=WORST),
        as_predicted(names[0], main, sizes.tolerance),
        as_predicted("inside the region", small_nets, sizes.tolerance),
    )
    rows: list[Row] = [
        (name, ratios(points), points, False)
        for name, points in [
            *zip(names, (found[sweep] for sweep in sizes.wide), strict=True),
            ("inside the region", small_nets),
        ]
    ]
    last, last_inside = main[-1], small_nets[-1]
    across = found[sizes.across]
    return Statement(
        id="theorem_2.1",
        title="Theorem 2.1 (two layers)",
        statement="A two-layer net gives h back with E|h̃ᵢ − hᵢ|² ≤ ε τ² for every i, where ε = Õ(k₂/k₁), if k₂ < "
        "k₁ < k₀ < k₂². Tested with the constant offsets, of either sign, that minimise the closed form: that the "
        "error falls from each k₂/k₁ to the next smaller one, in wide nets and inside the region of the theorem; "
        f"that its local slope where the error is at most {SMALL} τ² is 1 within {sizes.slope:g}; that at fixed "
        "ratios it does not grow with the size of the net; that the worst coordinate, over the dropout of the "
        f"model, has at most {WORST:g} times the average error; and that the closed form is met within "
        f"{sizes.tolerance:.0%}. The first power shows only once the error is small; above it the curve bends and "
        "saturates at 1. Out of reach: with few non-zeros at the top, k₀ < k₂² and a small error cannot both be "
        "met. The nets inside the region therefore have half of h non-zero and drop nothing (k = width in both "
        "lower layers); the first power is asked of the first wide net alone.",
        found=f"In the wide net {_widths(sizes.wide[0])} (top to bottom) with k₂ = {last.shape.top} the error falls "
        f"from {main[0].plain.measured.mean():.2f} to {last.plain.measured.mean():.3f} τ², outside the region; "
        f"inside it the closed form leaves wide nets at least {_floors(sizes.wide)}. In the nets made for the "
        f"region it falls to {last_inside.plain.measured.mean():.3f} τ² at {in_words(last_inside.shape)}, with a "
        f"slope of {exponent(ratios(small_nets), measured(small_nets)).mean():.2f}. Over k₀ alone, at k₁ = "
        f"{across[0].shape.kept[1]} and k₂² = {across[0].shape.top ** 2}, it is {_over_k0(across)}.",
        checks=checks,
        settings={
            **{f"wide net {place}": sweep.settings() for place, sweep in enumerate(sizes.wide, start=1)},
            **{f"inside the region {place}": sweep.settings() for place, sweep in enumerate(sizes.inside, start=1)},
            "across the region": sizes.across.settings(),
            **{f"growing net {place}": sweep.settings() for place, sweep in enumerate(sizes.scaled, start=1)},
            "coordinate by coordinate": f"{in_words(sizes.coordinates)}, {sizes.dropouts} shadows of one h a net",
        },
        panels=(
            errors(
                "theorem_2_1",
                "Error in units of τ² over k₂/k₁, two layers: from the saturated region (right) to the small-error one "
                "(left).",
                "k₂ / k₁",
                rows,
            ),
            local_slopes(
                "theorem_2_1_slope",
                "Local slope d ln error / d ln(k₂/k₁) between neighbouring points. It approaches 1, the first power of "
                "the theorem, as the error becomes small.",
                "k₂ / k₁",
                rows,
            ),
            _crossing(found[sizes.across]),
            _growing(scaled_nets),
        ),
    )


def run_all(lab: Lab, sweeps: tuple[Sweep, ...]) -> list[list[Point]]:
    """All sweeps, each with its share of the progress."""
    work = np.cumsum([0.0, *(s.matrices * s.sizes[0] * s.sizes[1] * (60 + s.draws * len(s.points)) for s in sweeps)])
    work /= work[-1]
    return [
        run_sweep(lab, sweep, (float(begin), float(end)))
        for sweep, begin, end in zip(sweeps, work, work[1:], strict=False)
    ]


def ratios(points: list[Point]) -> list[float]:
    """k_L / k_{L-1} of each point."""
    return [point.shape.top / point.shape.kept[-1] for point in points]


def _widths(sweep: Sweep) -> str:
    return "–".join(str(n) for n in reversed(sweep.sizes))


def _floors(sweeps: tuple[Sweep, ...]) -> str:
    """The least predicted error within the region at a sweep's widths and k_2, over k_1, in words."""
    parts = []
    for sweep in sweeps:
        top, (n0, n1, _) = sweep.points[0][-1], sweep.sizes
        k0 = min(n0, top**2 - 1)
        k1s = [k for k in sorted({min(n1, round(k0 * share)) for share in (0.2, 0.4, 0.6, 0.8)}) if top < k < k0]
        errors = [predicted_error(NetShape(sweep.sizes, (k0, k), top)) for k in k1s]
        parts.append(f"{min(errors):.2f} τ² at k₂ = {top}" if errors else f"no k₁ to choose at k₂ = {top}")
    return " and ".join(parts)


def _over_k0(points: list[Point]) -> str:
    return ", ".join(f"{one.plain.measured.mean():.2f} at k₀ = {one.shape.kept[0]}" for one in points)


def _crossing(points: list[Point]) -> Chart:
    shape = points[0].shape
    return errors(
        "theorem_2_1_region",
        f"What happens outside the region: error over k₀ at k₂ = {shape.top}, k₁ = {shape.kept[1]}. The theorem "
        "asks for k₁ < k₀ < k₂², between the marks.",
        "k₀",
        with_and_without([float(one.shape.kept[0]) for one in points], points),
        [Mark(float(shape.kept[1]), "k₀ = k₁"), Mark(float(shape.top**2), "k₀ = k₂²")],
    )


def _growing(points: list[Point]) -> Chart:
    at, found = [float(one.shape.sizes[0]) for one in points], measured(points)
    constant = 1 / ratios(points)[0]
    return chart(
        "theorem_2_1_size",
        f"The constant, error / (τ² k₂/k₁), at k₂/k₁ = 1/{constant:.0f} and k₁/k₀ = ¼ over the size of the net; the "
        "line is predicted.",
        Axis("n₀, inputs", log=True),
        Axis("constant", low=0),
        [
            series("measured", [point(n, found[:, i] * constant) for i, n in enumerate(at)], "points", 0),
            series("", [(n, e * constant) for n, e in zip(at, predicted(points), strict=True)], "line", 0),
        ],
    )
