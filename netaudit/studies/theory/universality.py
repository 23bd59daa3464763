"""Universality: entries that are not Gaussian, and where it ends.

For independent symmetric entries with mean 0 and variance 1 the gain and the variance off the support are the Gaussian
ones at every size, since (A_ij, v) and (-A_ij, -v) have one law; on the support the kurtosis enters (see
:func:`netaudit.shadow.prediction.on_support_factor`). Errors and the largest cross-talk need z to be close to Gaussian,
which asks for light tails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netaudit.numerics.laws.gaussian import expected_largest
from netaudit.report.chart import Axis, Chart, Mark, Series, series
from netaudit.shadow.prediction import GAUSSIAN_KURTOSIS, soft_error
from netaudit.studies.harness.intervals import mean_interval
from netaudit.studies.theory.charts import chart
from netaudit.studies.theory.lab import Lab
from netaudit.studies.theory.laws import GAUSSIAN, HALF, SIGN, STUDENT_T3, UNIFORM, Law, sparse
from netaudit.studies.theory.one_layer import Figures, Floats, GridCell, LayerGrid, Pass, measure_grid
from netaudit.studies.theory.scale import Scale
from netaudit.studies.theory.statement import Statement, check, point, tightest

SHARP = 0.05
FIGURES = {
    "gain": "gain",
    "variance": "variance off the support / s²",
    "error": "error / predicted with the kurtosis",
    "largest": "largest entry of z − h / predicted",
}
LIGHT = (UNIFORM, SIGN, HALF)  # judged: kurtosis 1.8, 1 and 6


@dataclass(frozen=True)
class Sizes:
    """The grid that every law goes through, and the tolerance."""

    grid: LayerGrid
    shares: tuple[float, ...]
    """Shares of the entries that are not zero, down to where universality has ended."""
    tolerance: float = SHARP


_SHARES = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
SIZES: Mapping[Scale, Sizes] = {
    "quick": Sizes(LayerGrid(256, 1024, ((10, 96), (25, 48)), (1.0,), 8), (0.3, 0.1, 0.01), 0.1),
    "full": Sizes(LayerGrid(1000, 4096, ((10, 256), (100, 64)), (1.0, 0.2), 8), _SHARES),
    "large": Sizes(LayerGrid(4096, 9216, ((10, 256), (100, 128)), (1.0, 0.2), 8), _SHARES),
}

Found = list[tuple[GridCell, dict[str, Floats]]]


def run(sizes: Sizes, lab: Lab) -> Statement:
    """Every law through the same grid."""
    grid, thinned = sizes.grid, tuple(sparse(share) for share in sizes.shares)
    laws = tuple({law.name: law for law in (GAUSSIAN, *LIGHT, STUDENT_T3, *thinned)}.values())
    found: dict[str, Found] = {}
    for index, law in enumerate(laws):
        part = (index / len(laws), (index + 1) / len(laws))
        cells = measure_grid(lab, f"universality {law.name}", grid, _figures, entries=law.draw, part=part)
        for cell, figures in cells:
            figures["error"] = figures["error"] / _expected_error(cell, grid, law)
        found[law.name] = cells
    at = max(grid.rows)[0], max(grid.rhos)  # the densest h without dropout: the most terms in every sum
    shown = (GAUSSIAN, *LIGHT, STUDENT_T3)
    student, thinnest = _at(found[STUDENT_T3.name], *at), _at(found[thinned[-1].name], *at)
    return Statement(
        id="universality",
        title="Universality",
        statement="The closed forms need no Gaussian entries: independent, symmetric entries with mean 0, variance "
        "1 and light tails are enough. Of their law only the kurtosis enters, and only on the support. Tested for "
        f"uniform, sign and half-zero Gaussian entries (kurtosis 1.8, 1, 6) at {grid.m} × {grid.n}: that gain, "
        f"variance off the support, error at the best offset and largest entry are within {sizes.tolerance:.0%} of "
        "their predictions. Where it ends is drawn and not judged: Student-t(3), whose fourth moment is infinite "
        "(its error is set against the Gaussian prediction), and Gaussian entries of which all but a small share "
        "are zero. There gain and variance stay, as second moments must; the error and the largest entry do not.",
        found=f"At k = {at[0]}, ρ = {at[1]:g} Student-t(3) entries give {_mean(student['variance']):.2f} times the "
        f"variance, {_mean(student['error']):.2f} times the Gaussian error and {_mean(student['largest']):.2f} "
        f"times the largest entry; with {sizes.shares[-1]:g} of the entries non-zero these are "
        f"{', '.join(f'{_mean(thinnest[name]):.2f}' for name in ('variance', 'error', 'largest'))}.",
        checks=tuple(
            tightest(
                what,
                (
                    (f"{law.name}, {cell.where}", check("", figures[name], 1 - sizes.tolerance, 1 + sizes.tolerance))
                    for law in LIGHT
                    for cell, figures in found[law.name]
                ),
            )
            for name, what in FIGURES.items()
        ),
        settings=grid.settings()
        | {
            "kurtosis of the laws": {law.name: law.kurtosis for law in laws},
            "judged": [law.name for law in LIGHT],
        },
        panels=(
            _by_law(found, shown, grid, at),
            _by_share(found, sizes.shares, grid, at),
        ),
    )


def _figures(sent: Pass) -> Figures:
    off = (sent.h == 0).to(sent.z.dtype)
    norm = sent.norm[:, 0]
    largest = (sent.z - sent.h).abs().amax(1) / sent.s[:, 0]
    return {
        "gain": (sent.z * sent.h).sum(1) / norm.square(),
        "variance": (sent.z.square() * off).sum(1) / off.sum(1) / sent.s[:, 0].square(),
        "error": sent.error((sent.z - sent.cell.prediction.offset * sent.s).relu()),
        "largest": largest / expected_largest(sent.m),
    }


def _expected_error(cell: GridCell, grid: LayerGrid, law: Law) -> float:
    """Give the predicted error at the offset that is best for Gaussian entries."""
    kurtosis = GAUSSIAN_KURTOSIS if law.kurtosis is None else law.kurtosis
    return soft_error(cell.values.numpy(), grid.m, grid.n, cell.rho, cell.prediction.offset, kurtosis)


def _at(cells: Found, k: int, rho: float) -> dict[str, Floats]:
    return next(figures for cell, figures in cells if (cell.k, cell.rho) == (k, rho))


def _mean(samples: Floats) -> float:
    return mean_interval(samples)[0]


def _by_law(found: Mapping[str, Found], laws: Sequence[Law], grid: LayerGrid, at: tuple[int, float]) -> Chart:
    shifts = (-0.24, -0.08, 0.08, 0.24)
    return chart(
        "universality",
        f"Figures over their predictions for several laws of the entries, at {grid.m} × {grid.n}, k = {at[0]}, "
        f"ρ = {at[1]:g}; “half zero”: Gaussian entries of which half are zero.",
        Axis(
            "law of the entries",
            ticks=tuple((float(i), law.name) for i, law in enumerate(laws)),
            low=-0.5,
            high=len(laws) - 0.5,
        ),
        Axis("measured / predicted", log=True),
        [
            series(
                what,
                [point(i + shift, _at(found[law.name], *at)[name], log=True) for i, law in enumerate(laws)],
                "points",
                look,
            )
            for look, (shift, (name, what)) in enumerate(zip(shifts, FIGURES.items(), strict=True))
        ],
        [Mark(1.0, "predicted", vertical=False)],
    )


def _by_share(found: Mapping[str, Found], shares: Sequence[float], grid: LayerGrid, at: tuple[int, float]) -> Chart:
    parts: list[Series] = [
        series(
            what, [point(share, _at(found[sparse(share).name], *at)[name], log=True) for share in shares], "both", look
        )
        for look, (name, what) in enumerate(FIGURES.items())
    ]
    return chart(
        "universality_sparse",
        f"Sparse entries: figures over their predictions as the share of non-zeros falls, at {grid.m} × {grid.n}, "
        f"k = {at[0]}, ρ = {at[1]:g}. With a share of 0.01 a row has {0.01 * grid.n:.0f} non-zeros.",
        Axis("share of entries that are not zero", log=True),
        Axis("measured / predicted", log=True),
        parts,
        [Mark(1.0, "predicted", vertical=False)],
    )
