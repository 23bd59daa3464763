"""What the judged figures of H4 are on matrices without structure."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from netaudit.analyses.context import LayerContext
from netaudit.analyses.judging import null_of
from netaudit.analyses.layer.shadow_inversion.grid import measured
from netaudit.analyses.layer.shadow_inversion.payload import JUDGED, LARGEST_ERROR
from netaudit.analyses.surrogates import KINDS
from netaudit.numerics import device as devices
from netaudit.results.payload import Null
from netaudit.shadow.gauge import fixed_gauge
from netaudit.shadow.gaussian_layer import GaussianLayers
from netaudit.shadow.inversion import GridDraws, invert, judged_cell

if TYPE_CHECKING:
    from torch import Tensor

_FORMED = 4_000_000  # entries up to which a null layer is formed; above, it is drawn without the matrix
_FEW = 192  # vectors h a null layer that is not formed is sent: its cost grows with their square
_NULL_DRAWS = (6, 100)
_NULL_WORK = 8e6  # entries times draws: 100 up to 280 x 280, 30 at 512 x 512, 6 from 1200 x 1200


def draw_judged(seed: int, m: int, n: int, *key: str) -> GridDraws | None:
    """The judged cell of a shape. It follows from the seed and the shape alone: the name of a layer decides nothing."""
    generator = devices.generator(seed, "shadow_inversion", *key, f"{m}x{n}")
    return judged_cell(m, n, generator, LARGEST_ERROR)


@cache
def matched_null(seed: int, m: int, n: int) -> dict[str, Null]:
    """The judged figures of Gaussian layers ``[m, n]``, over a cell of their own; brought into the fixed gauge as the
    layer is where that makes a difference, which is where they are small."""
    import torch

    cpu = torch.device("cpu")
    generator = devices.generator(seed, "shadow_inversion", "null", str(m), str(n))
    cell = judged_cell(m, n, generator, LARGEST_ERROR)
    layers = GaussianLayers([[first_draws(cell, _FEW)]], n) if cell and m * n > _FORMED else None
    drawn: dict[str, list[float]] = {name: [] for name in JUDGED}
    for _ in range(int(np.clip(_NULL_WORK / (m * n), *_NULL_DRAWS)) if cell else 0):
        if layers:
            [found] = layers.invert(generator)
        else:
            [found] = invert(fixed_gauge(torch.randn(m, n, generator=generator)).matrix, [[cell]] if cell else [], cpu)
        values = measured(found)
        for name in JUDGED:
            drawn[name].append(values[name])
    return {name: null_of("gaussian", name, draws) for name, draws in drawn.items()}


def surrogate_nulls(context: LayerContext) -> tuple[Null, ...]:
    """The judged figures of the layer's own entries, permuted and with random signs, if they were asked for."""
    drawn = context.surrogates
    if drawn is None:
        return ()

    def judged(matrix: Tensor) -> dict[str, float]:
        gauge = fixed_gauge(matrix, context.device)
        m, n = gauge.matrix.shape
        cell = draw_judged(context.seed, m, n, "surrogate") if m > 1 else None
        if cell is None:
            return dict.fromkeys(JUDGED, float("nan"))
        [found] = invert(gauge.matrix, [[cell]], context.device)
        values = measured(found)
        return {name: values[name] for name in JUDGED}

    return drawn.nulls(judged(drawn.matrix), {kind: [judged(matrix) for matrix in drawn.of(kind)] for kind in KINDS})


def log_range(null: Null) -> float:
    """How far a null reaches from 1, as the logarithm of a factor."""
    return max((_log_factor(q) for q in (null.q01, null.q99) if q is not None), default=0.0)


def _log_factor(value: float) -> float:
    return float(abs(np.log(value))) if value > 0 else float("inf")


def first_draws(cell: GridDraws, count: int) -> GridDraws:
    """The first draws of a cell."""
    h = replace(cell.h, support=cell.h.support[:count], values=cell.h.values[:count])
    return replace(cell, h=h, mask=cell.mask[:count])
