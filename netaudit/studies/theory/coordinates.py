"""The error of a net coordinate by coordinate: the theorems are about every one of them, not about an average."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import device as devices
from netaudit.shadow.distribution import SparseDraws, draw_values
from netaudit.shadow.multilayer import NetDraws, NetShape, down, draw_passes, forward
from netaudit.shadow.multilayer_prediction import best_offsets
from netaudit.studies.theory.lab import Lab
from netaudit.studies.theory.one_layer import gaussian

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Floats = NDArray[np.float64]


def worst_over_average(lab: Lab, shape: NetShape, shadows: int, nets: int) -> Floats:
    """max_i E|h~_i - h_i|^2 over sum_i E|h~_i - h_i|^2 / k, ``[nets]``.

    The expectation is over the dropout of the model alone, ``shadows`` draws of it; weights and h are fixed, as in the
    theorem.
    """
    found = []
    nonzeros = draw_values(shape.top, 1, lab.generator("coordinates", "values"))
    values, offsets = nonzeros.repeat(shadows, 1), best_offsets(nonzeros.numpy(), shape)
    for replicate in range(nets):
        generator = lab.generator("coordinates", str(replicate))
        matrices = [gaussian(m, n, generator) for n, m in zip(shape.sizes, shape.sizes[1:], strict=False)]
        draws = draw_passes(shape, values, generator)
        same = SparseDraws(draws.h.support[:1].repeat(shadows, 1), values, shape.sizes[-1])
        mean = _squares(matrices, shape, replace(draws, h=same), offsets, lab.device).mean(0)
        found.append(mean.max() / (mean.sum() / shape.top))
    return np.array(found)


def _squares(
    matrices: list[Tensor], shape: NetShape, draws: NetDraws, offsets: tuple[float, ...], device: torch.device
) -> Floats:
    """(h~_i - h_i)^2 of every coordinate, ``[draws, n_L]``."""
    h = draws.h.dense()

    def work(rows: slice, where: torch.device) -> Floats:
        layers, some = [matrix.to(where) for matrix in matrices], h[rows].to(where)
        x = down(layers, shape, some, [mask[rows].to(where) for mask in draws.masks])
        norm = some.norm(dim=1, keepdim=True)
        estimate = forward(layers, x, [t * norm for t in offsets])
        squares: Floats = (estimate - some).square().cpu().double().numpy()
        return squares

    with devices.exact_float32():
        return np.concatenate(devices.with_smaller_batches(work, len(h), device))
