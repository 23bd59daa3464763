"""The search for inputs with few active rows, for layers too large to be examined whole: batched, on any device.

It minimises sum_i sigmoid(beta sqrt(D) r_i y) over unit vectors y, with beta from 0.5 to 20, from many starts, by Adam;
the starts are minus the sum of the rows, the ends of their first principal directions, and random ones. The points with
the fewest active rows are moved to rays nearby (:mod:`.snap`). What comes out is proved in float64 and integers by
:func:`netaudit.geometry.injectivity.witness.collision`; a search that finds nothing proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from netaudit.geometry.injectivity.certificate import Witness
from netaudit.geometry.injectivity.rows import Rows
from netaudit.geometry.injectivity.snap import beside_rays, nearest
from netaudit.geometry.injectivity.witness import collision
from netaudit.numerics import device as devices

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from netaudit.geometry.injectivity.arrays import Floats

STARTS = 64
"""Starts: as many fit one batch without costing more than the weights are read for."""
STEPS = 500
"""Steps of Adam: past 400 the count of active rows no longer fell on Gaussian layers."""
_RATE = 0.05
_LOOKED_AT = 10
"""Steps after which the search ends where a point has too few active rows."""
_SHARPEST = (0.5, 20.0)
_SNAPPED = 8
"""Best points that are moved to rays, and again from there until that no longer helps."""


@dataclass(frozen=True)
class Found:
    """What the search came to."""

    witness: Witness | None
    fewest_active: int
    """The fewest active rows at any point that it looked at."""


def search(rows: Rows, device: torch.device, seed: int, steps: int = STEPS, starts: int = STARTS) -> Found:
    """Look for a point with fewer than n active rows."""
    points = devices.with_cpu_fallback(lambda where: _descend(rows, where, seed, steps, starts), device)
    counts = (rows.unit @ points.T >= 0).sum(axis=0)
    fewest = int(counts.min())
    for k in np.argsort(counts, kind="stable")[:_SNAPPED].tolist():
        y, count = points[k], int(counts[k])
        while count >= rows.n:
            near = [(int((rows.unit @ p >= 0).sum()), p) for p in beside_rays(rows, *nearest(rows, y))]
            better = min(near, key=lambda pair: pair[0], default=(count, y))
            if better[0] >= count:
                break
            count, y = better
        fewest = min(fewest, count)
        if count < rows.n and (found := collision(rows, _inside(rows, y))) is not None:
            return Found(found, fewest)
    return Found(None, fewest)


def _inside(rows: Rows, y: Floats) -> Floats:
    """The point with the coordinates that must be positive raised from 0, as far as still too few rows are active.

    Far from the walls there is room for a long step between the two inputs, which loses fewer digits.
    """
    raised = y.copy()
    for power in range(1, 13):
        raised[rows.positive] = np.maximum(y[rows.positive], 10.0**-power / np.sqrt(rows.width))
        if not len(rows.positive) or (rows.unit @ raised >= 0).sum() < rows.n:
            break
    return raised


def _descend(rows: Rows, device: torch.device, seed: int, steps: int, starts: int) -> Floats:
    """For each start the point ``[starts, D]`` of norm 1 with the fewest active rows on its way."""
    import torch

    R = torch.from_numpy(rows.unit).to(device, torch.float32)
    walls = torch.from_numpy(rows.positive).to(device)
    y = _projected(torch.from_numpy(_starts(rows, seed, starts)).to(device, torch.float32), walls)
    best, fewest = y.clone(), torch.full((len(y),), rows.m + 1, device=device)
    mean, square = torch.zeros_like(y), torch.zeros_like(y)
    root = float(np.sqrt(rows.width))
    with devices.exact_float32():
        for step in range(steps + 1):
            values = y @ R.T
            count = (values >= 0).sum(1)
            improved = count < fewest
            best[improved], fewest[improved] = y[improved], count[improved]
            if step == steps or (step % _LOOKED_AT == 0 and int(fewest.min()) < rows.n):
                break
            slope = root * _SHARPEST[0] * (_SHARPEST[1] / _SHARPEST[0]) ** (step / max(steps - 1, 1))
            share = values.mul_(slope).sigmoid_()
            gradient = slope * ((share - share * share) @ R)
            # Adam (D. Kingma and J. Ba 2015), written out: torch.optim takes seconds to import.
            mean = 0.9 * mean + 0.1 * gradient
            square = 0.999 * square + 0.001 * gradient * gradient
            unbiased = (square / (1 - 0.999 ** (step + 1))).sqrt_().add_(1e-8)
            y = _projected(y - _RATE / (1 - 0.9 ** (step + 1)) * mean / unbiased, walls)
    return np.asarray(best.double().cpu().numpy())


def _starts(rows: Rows, seed: int, starts: int) -> Floats:
    generator = devices.numpy_generator(seed, "injectivity", "search")
    random = generator.standard_normal((starts, rows.width))
    random[:, rows.positive] = np.abs(random[:, rows.positive])
    random[0] = -rows.unit.sum(axis=0)
    return random


def _projected(y: Tensor, walls: Tensor) -> Tensor:
    """The points of norm 1 that are closest, with coordinates >= 0 where the domain wants them."""
    import torch

    y = y.clone()
    y[:, walls] = y[:, walls].clamp(min=0)
    empty = torch.linalg.vector_norm(y, dim=1) == 0
    y[empty] = 1.0
    return torch.nn.functional.normalize(y, dim=1)
