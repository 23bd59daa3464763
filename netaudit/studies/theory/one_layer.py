"""Figures of one random layer over a grid of sparsity and dropout, with independent matrices as replicates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import device as devices
from netaudit.shadow.distribution import draw_values, keep_mask, place
from netaudit.shadow.inversion import GridDraws, send
from netaudit.shadow.prediction import Prediction, predict
from netaudit.studies.theory.lab import Lab

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Floats = NDArray[np.float64]
Entries = Callable[[int, int, "torch.Generator"], "Tensor"]
"""Draws an ``[m, n]`` float32 matrix with independent entries of mean 0 and variance 1."""


@dataclass(frozen=True)
class LayerGrid:
    """A layer's shape and what is sent through it."""

    m: int
    n: int
    rows: tuple[tuple[int, int], ...]
    """Pairs of k and the number of draws of h for each matrix: fewer are enough where h has many non-zeros."""
    rhos: tuple[float, ...]
    matrices: int
    """Independent matrices, the replicates."""

    def settings(self) -> dict[str, object]:
        """Give the settings as the report names them."""
        return {
            "shape": f"{self.m} × {self.n}",
            "draws of h by k": {str(k): draws for k, draws in self.rows},
            "rho": list(self.rhos),
            "matrices": self.matrices,
        }


@dataclass(frozen=True)
class GridCell:
    """One k and rho."""

    k: int
    rho: float
    forward_keep: float
    """Keep probability of dropout on x going forward."""
    values: Tensor
    """Non-zeros of h, ``[draws, k]``; the same for every matrix, so that each cell has one prediction."""
    prediction: Prediction
    """Dropout going forward included: it acts as ``rho * forward_keep`` for rho."""

    @property
    def where(self) -> str:
        """The cell in words."""
        return f"k = {self.k}, ρ = {self.rho:g}"


@dataclass(frozen=True)
class Pass:
    """z = A x for some draws of h in one cell, on the device."""

    cell: GridCell
    m: int
    n: int
    h: Tensor
    """``[draws, m]``."""
    z: Tensor
    """``[draws, m]``."""

    @property
    def norm(self) -> Tensor:
        """||h||, ``[draws, 1]``."""
        return self.h.square().sum(1, keepdim=True).sqrt()

    @property
    def s(self) -> Tensor:
        """The predicted standard deviation of the cross-talk, ``[draws, 1]``."""
        return self.norm * float(np.sqrt(2 / (self.cell.rho * self.cell.forward_keep * self.n)))

    def error(self, estimate: Tensor) -> Tensor:
        """||estimate - h||^2 / ||h||^2, ``[draws]``."""
        return (estimate - self.h).square().sum(1) / self.norm[:, 0].square()


Figures = Mapping[str, "Tensor"]
"""A number a draw, ``[draws]``, by its name."""
Measure = Callable[[Pass], Figures]


def gaussian(m: int, n: int, generator: torch.Generator) -> Tensor:
    """Independent N(0, 1) entries."""
    import torch

    return torch.randn(m, n, generator=generator)


def grid_cells(grid: LayerGrid, forward_keep: float, generator: torch.Generator) -> list[list[GridCell]]:
    """The cells with their predictions, one row a k."""
    m, n = grid.m, grid.n
    rows = []
    for k, draws in grid.rows:
        values = draw_values(k, draws, generator)
        rows.append(
            [
                GridCell(k, rho, forward_keep, values, predict(values.numpy(), m, n, rho * forward_keep))
                for rho in grid.rhos
            ]
        )
    return rows


def measure_grid(
    lab: Lab,
    key: str,
    grid: LayerGrid,
    measure: Measure,
    *,
    entries: Entries = gaussian,
    forward_keep: float = 1.0,
    part: tuple[float, float] = (0.0, 1.0),
) -> list[tuple[GridCell, dict[str, Floats]]]:
    """Each cell with its figures, averaged over the draws: one number a matrix, ``[matrices]``.

    Args:
        lab: seed, device and progress.
        key: names the random numbers.
        grid: the shape and the cells.
        measure: the figures of a pass.
        entries: the law of the entries.
        forward_keep: keep probability of dropout on x in the forward pass; x is divided by it.
        part: the share of the statement's work where this begins and ends.
    """
    rows = grid_cells(grid, forward_keep, lab.generator(key, "values"))
    found: dict[tuple[int, float], dict[str, list[float]]] = {}
    for replicate in range(grid.matrices):
        lab.advance(part[0] + (part[1] - part[0]) * replicate / grid.matrices)
        generator = lab.generator(key, str(replicate))
        matrix = entries(grid.m, grid.n, generator)
        placed: dict[torch.device, Tensor] = {}
        for row in rows:
            for cell, figures in zip(row, _row(matrix, placed, row, grid, measure, generator, lab.device), strict=True):
                kept = found.setdefault((cell.k, cell.rho), {})
                for name, value in figures.items():
                    kept.setdefault(name, []).append(value)
    return [
        (cell, {name: np.array(samples) for name, samples in found[cell.k, cell.rho].items()})
        for row in rows
        for cell in row
    ]


def _row(
    matrix: Tensor,
    placed: dict[torch.device, Tensor],
    row: list[GridCell],
    grid: LayerGrid,
    measure: Measure,
    generator: torch.Generator,
    device: torch.device,
) -> list[dict[str, float]]:
    """One sparsity at every rho through one matrix: means over the draws."""
    h, draws = place(row[0].values, grid.m, generator), len(row[0].values)
    cells = []
    for cell in row:
        mask = keep_mask(draws, grid.n, cell.rho, generator)
        if cell.forward_keep < 1:  # dropout of x going forward is one more mask on x
            mask *= keep_mask(draws, grid.n, cell.forward_keep, generator) / cell.forward_keep
        cells.append(GridDraws(h, cell.rho, mask, cell.prediction))

    def work(rows: slice, where: torch.device) -> list[dict[str, Floats]]:
        if where not in placed:
            placed.clear()
            placed[where] = matrix.to(where)
        dense = h.dense()[rows].to(where)
        passes = send(placed[where], 0.0, cells, rows)
        return [
            {name: figure.cpu().double().numpy() for name, figure in figures.items()}
            for figures in (measure(Pass(cell, grid.m, grid.n, dense, z)) for cell, z in zip(row, passes, strict=True))
        ]

    with devices.exact_float32():
        parts = devices.with_smaller_batches(work, draws, device)
    return [
        {name: float(np.concatenate([part[index][name] for part in parts]).mean()) for name in parts[0][index]}
        for index in range(len(row))
    ]
