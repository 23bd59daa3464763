"""Errors of Gaussian nets of several layers, with and without dropout going forward, beside the closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import device as devices
from netaudit.shadow.distribution import draw_values, keep_mask
from netaudit.shadow.multilayer import NetShape, down, draw_passes, forward
from netaudit.shadow.multilayer_prediction import best_offsets, squared_errors
from netaudit.studies.theory.lab import Lab
from netaudit.studies.theory.one_layer import gaussian
from netaudit.studies.theory.statement import Check, check, exponent, slopes, tightest
from netaudit.text import number

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Floats = NDArray[np.float64]
SMALL = 0.3  # error / tau^2 up to which a first power is asked for: beyond, the error bends towards 1
SLOPE = 0.25  # an error that fell like the square root, or the square, would be out
_SUBSCRIPTS = "₀₁₂₃"
FORWARD_KEEP = 0.5  # arXiv:1511.05653: each coordinate of x is kept with probability 1/2 and doubled


@dataclass(frozen=True)
class Sweep:
    """Settings that share their matrices."""

    sizes: tuple[int, ...]
    """n_0, ..., n_L."""
    points: tuple[tuple[int, ...], ...]
    """(k_0, ..., k_L) each."""
    draws: int
    """Draws of h for each matrix."""
    matrices: int

    def settings(self) -> dict[str, object]:
        """Give the settings as the report names them."""
        return {
            "widths": "–".join(str(n) for n in reversed(self.sizes)),
            "sparsities": [in_words(shape) for shape in self.shapes],
            "draws of h": self.draws,
            "nets": self.matrices,
        }

    @property
    def shapes(self) -> list[NetShape]:
        """The net of each point."""
        return [NetShape(self.sizes, point[:-1], point[-1]) for point in self.points]


@dataclass(frozen=True)
class Errors:
    """sum_i E|h~_i - h_i|^2 / (k tau^2): the mean squared error for each non-zero of h, in units of tau^2.

    tau is the average of the non-zeros of h. With non-zeros uniform on [1/2, 1] it is 1.04 ||h~ - h||^2 / ||h||^2.
    """

    predicted: float
    measured: Floats
    """One number a net, ``[matrices]``."""
    offsets: tuple[float, ...]
    """t_1, ..., t_L in units of ||h||."""


@dataclass(frozen=True)
class Point:
    """One setting: everything kept going forward, and dropout 1/2 on x."""

    shape: NetShape
    plain: Errors
    dropout: Errors


def measured(points: Sequence[Point], dropout: bool = False) -> Floats:
    """Errors of all points, ``[matrices, P]``."""
    return np.stack([(point.dropout if dropout else point.plain).measured for point in points], axis=1)


def predicted(points: Sequence[Point], dropout: bool = False) -> list[float]:
    """Predicted errors of all points."""
    return [(point.dropout if dropout else point.plain).predicted for point in points]


def predicted_error(shape: NetShape) -> float:
    """Predict the error, in units of tau^2, of one h with evenly spread non-zeros: for nets that are not simulated."""
    h = np.linspace(0.5, 1, shape.top + 2)[None, 1:-1]
    relative = float(squared_errors(h, shape, best_offsets(h, shape))[0])
    return relative * float((h**2).mean() / h.mean() ** 2)


def falls(what: str, ratios: Sequence[float], errors: Floats) -> Check:
    """The error falls with the ratio: the local slope d ln error / d ln ratio is positive between all neighbours."""
    steps = slopes(ratios, errors)
    return tightest(
        f"local slope, {what}",
        (
            (f"{number(one, 3)} to {number(other, 3)}", check("", steps[:, index], low=0.0))
            for index, (one, other) in enumerate(pairwise(ratios))
        ),
    )


def first_power(
    what: str, ratios: Sequence[float], points: Sequence[Point], within: float, dropout: bool = False
) -> Check:
    """The slope over the points with a small error is 1 within ``within``."""
    small = [i for i, error in enumerate(predicted(points, dropout)) if error <= SMALL]
    fitted = exponent([ratios[i] for i in small], measured(points, dropout)[:, small])
    return check(f"slope where the error is at most {SMALL}, {what}", fitted, 1 - within, 1 + within)


def as_predicted(what: str, points: Sequence[Point], tolerance: float, dropout: bool = False) -> Check:
    """Measured over predicted, where the error is small."""
    found = zip(points, measured(points, dropout).T, predicted(points, dropout), strict=True)
    return tightest(
        f"error / predicted where it is at most {SMALL}, {what}",
        (
            (in_words(point.shape), check("", errors / expected, 1 - tolerance, 1 + tolerance))
            for point, errors, expected in found
            if expected <= SMALL
        ),
    )


def in_words(shape: NetShape) -> str:
    """The sparsities, top to bottom."""
    return " ".join(f"k{_SUBSCRIPTS[j]}={k}" for j, k in reversed(list(enumerate((*shape.kept, shape.top)))))


def run_sweep(lab: Lab, sweep: Sweep, part: tuple[float, float] = (0.0, 1.0)) -> list[Point]:
    """Measure the sweep, once for all statements that ask for it.

    The offsets minimise the predicted error, so that nothing is tuned on what is measured.
    """
    return lab.once(sweep, lambda: _measure(lab, sweep, part))


def _measure(lab: Lab, sweep: Sweep, part: tuple[float, float]) -> list[Point]:
    key = f"{sweep.sizes} {sweep.points}"
    prepared = [_prepare(shape, sweep.draws, lab.generator(key, "values", str(shape))) for shape in sweep.shapes]
    found: list[list[list[float]]] = [[[], []] for _ in prepared]
    for replicate in range(sweep.matrices):
        lab.advance(part[0] + (part[1] - part[0]) * replicate / sweep.matrices)
        generator = lab.generator(key, str(replicate))
        matrices = [gaussian(m, n, generator) for n, m in zip(sweep.sizes, sweep.sizes[1:], strict=False)]
        placed: dict[torch.device, list[Tensor]] = {}
        for one, kept in zip(prepared, found, strict=True):
            for errors, value in zip(kept, _errors(matrices, placed, one, generator, lab.device), strict=True):
                errors.append(value)
    return [
        Point(one.shape, *map(Errors, one.predicted, map(np.array, kept), one.offsets))
        for one, kept in zip(prepared, found, strict=True)
    ]


@dataclass(frozen=True)
class _Prepared:
    """A point before it is measured: its draws of h; offsets and errors predicted without and with dropout."""

    shape: NetShape
    values: Tensor
    offsets: tuple[tuple[float, ...], tuple[float, ...]]
    predicted: tuple[float, float]


def _prepare(shape: NetShape, draws: int, generator: torch.Generator) -> _Prepared:
    """Non-zeros of h, the same for every net, and the offsets and errors predicted for them."""
    values = draw_values(shape.top, draws, generator)
    h = values.numpy().astype(np.float64)
    in_tau = (h**2).mean(1) / h.mean(1) ** 2  # ||h||^2 / (k tau^2)
    keeps = (1.0, FORWARD_KEEP)
    without, dropped = (best_offsets(h, shape, keep) for keep in keeps)
    first, second = (
        float((squared_errors(h, shape, offsets, keep) * in_tau).mean())
        for offsets, keep in zip((without, dropped), keeps, strict=True)
    )
    return _Prepared(shape, values, (without, dropped), (first, second))


def _errors(
    matrices: list[Tensor],
    placed: dict[torch.device, list[Tensor]],
    point: _Prepared,
    generator: torch.Generator,
    device: torch.device,
) -> tuple[float, float]:
    """Without and with dropout, through one net: means over the draws."""
    draws = draw_passes(point.shape, point.values, generator)
    halved = keep_mask(len(point.values), point.shape.sizes[0], FORWARD_KEEP, generator) / FORWARD_KEEP
    dense = draws.h.dense()

    def work(rows: slice, where: torch.device) -> Floats:
        if where not in placed:
            placed.clear()
            placed[where] = [matrix.to(where) for matrix in matrices]
        h = dense[rows].to(where)
        norm = h.norm(dim=1, keepdim=True)
        x = down(placed[where], point.shape, h, [mask[rows].to(where) for mask in draws.masks])
        tau2 = (h.sum(1) / point.shape.top).square() * point.shape.top
        pair = []
        for sent, offsets in zip((x, x * halved[rows].to(where)), point.offsets, strict=True):
            estimate = forward(placed[where], sent, [t * norm for t in offsets])
            pair.append(((estimate - h).square().sum(1) / tau2).cpu().double().numpy())
        return np.stack(pair, axis=1)

    with devices.exact_float32():
        parts = devices.with_smaller_batches(work, len(point.values), device)
    without, dropped = np.concatenate(parts).mean(0)
    return float(without), float(dropped)
