"""A layer in the fixed gauge, and its common mode: what the inversion is judged on.

Multiplying a ReLU unit's incoming weights by c and its outgoing ones by 1 / c leaves the function of a network as it
is. So a layer is looked at with unit rows and columns, B = D_r A D_c (:mod:`netaudit.numerics.scales`), which such a
factor does not move.

The common mode is the matrix 1 mu^T of the column means mu of B, about the mean of all entries. Since h >= 0, it comes
back with the square of the sum of h: a term of rank one that grows with the number of non-zeros and hides the rest of
the cross-talk. Independent entries of variance 1 have m Var(mu) = 1 by chance, so the common mode is taken out down to
that: taking it out whole would make the rows of a layer with few outputs correlated. The mean of all entries, which is
a single number, is taken out whole.

Derived here; docs/method.md has the argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from netaudit.numerics.scales import NoUnitScales, UnitScales, found_or_not

if TYPE_CHECKING:
    import torch
    from torch import Tensor


_BLOCK = 128
"""Rows that are converted to float64 at a time: 9 MB of AlexNet's widest layer."""

_NOTHING = 1e-10
"""Share of the squares below which what is left is rounding: float32 has 1e-14."""


@dataclass(frozen=True)
class Gauge:
    """A ``[m, n]`` without its zero rows and columns, in the fixed gauge and without its common mode.

    C = (B - 1 removed^T) / unit is ``matrix``, for B = D_rows A D_columns: C has entries of mean square 1.
    """

    matrix: Tensor
    """C, ``[m', n']`` float32."""
    rows: Tensor
    """``[m']`` float64, positive."""
    columns: Tensor
    """``[n']`` float64, positive."""
    removed: Tensor
    """What was taken out of every row of B, ``[n']`` float64."""
    unit: float
    """Root mean square of the entries of B without it."""
    common_mode: float
    """m' Var(mu) / sigma^2 for the column means mu of B: about 1 for independent entries."""
    live_rows: Tensor
    """Indices of the rows that are kept, ``[m']`` int64."""
    live_columns: Tensor
    """Indices of the columns that are kept, ``[n']`` int64."""
    scaled: bool
    """False where A has no unit scales: then all scales are one constant."""

    def take(self, h: Tensor) -> Tensor:
        """Outputs of A, ``[draws, m]`` float32, as outputs of B ``[draws, m']``."""
        return (h[:, self.live_rows].double() * self.rows).float()

    def down(self, h: Tensor) -> Tensor:
        """B^T h, ``[draws, n']``, for ``h [draws, m']`` on the device of ``matrix``."""
        removed = self.removed.float().to(h.device)
        return (h @ self.matrix) * self.unit + h.sum(1, keepdim=True) * removed

    def up(self, x: Tensor) -> Tensor:
        """B x, ``[draws, m']``, for ``x [draws, n']`` on the device of ``matrix``."""
        removed = self.removed.float().to(x.device)
        return (x @ self.matrix.T) * self.unit + (x @ removed)[:, None]


def fixed_gauge(
    weight: Tensor, device: torch.device | None = None, scales: UnitScales | NoUnitScales | None = None
) -> Gauge:
    """Bring A ``[m, n]``, of any floating dtype, finite and not 0 everywhere, into the fixed gauge.

    Where it has no unit scales, as many sparse matrices have none, it is taken as it is stored, with mean square 1.
    ``device`` is where the sums of the scales run, ``scales`` the unit scales of A if they are known.
    """
    import torch

    if weight.dtype.itemsize == 1:  # float8, which PyTorch compares and multiplies nowhere
        weight = weight.float()
    found = found_or_not(weight, device) if scales is None else scales
    if isinstance(found, UnitScales):
        rows, columns = torch.from_numpy(found.rows), torch.from_numpy(found.columns)
        dead_rows, dead_columns, scaled = found.zero_rows, found.zero_columns, True
    else:
        dead_rows = np.flatnonzero(~(weight != 0).any(1).cpu().numpy())
        dead_columns = np.flatnonzero(~(weight != 0).any(0).cpu().numpy())
        largest = float(weight.abs().max())
        power = (
            float(weight.double().div(largest).square().mean()) ** 0.25
        )  # half of it in the rows, half in the columns
        rows, columns = (torch.full((side,), 1 / (largest**0.5 * power), dtype=torch.float64) for side in weight.shape)
        scaled = False
    live_rows, live_columns = (
        torch.from_numpy(np.setdiff1d(np.arange(side), dead))
        for side, dead in zip(weight.shape, (dead_rows, dead_columns), strict=True)
    )
    rows, columns = rows[live_rows], columns[live_columns]
    part = weight
    if len(live_rows) < weight.shape[0]:
        part = part[live_rows]
    if len(live_columns) < weight.shape[1]:
        part = part[:, live_columns]
    B = _scaled(part.cpu(), rows, columns)
    m = len(B)
    means, power = _moments(B)
    mean = means.mean()
    variance = power - float(mean.square())
    common = m * float(means.var(correction=0)) / variance if variance > _NOTHING * power else 0.0
    removed = mean + (means - mean) * (1 - max(1.0, common) ** -0.5)
    B.sub_(removed.float())
    left = _moments(B)[1]
    if left <= _NOTHING * power:  # rounding alone, which would look random
        B.zero_()
    unit = left**0.5 if left > _NOTHING * power else 1.0
    return Gauge(B.div_(unit), rows, columns, removed, unit, common, live_rows, live_columns, scaled)


def column_mode(standardised: Tensor) -> float:
    """Return m Var(column means) / sigma^2 of a matrix ``[m, n]`` of mean 0 and variance 1: 1 for independent entries.

    This is the common mode of the layer as it is stored, apart from its mean.
    """
    means, _ = _moments(standardised)
    return len(standardised) * float(means.var(correction=0))


def _scaled(part: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return D_rows A D_columns as float32; float64 weights may be too small or too large to become float32 first."""
    import torch

    if part.dtype == torch.float64:
        return (part * rows[:, None] * columns).float()
    # the geometric means of the scales agree: each factor has the size of the inverse root of the weights
    return part.float().mul(rows[:, None].float()).mul_(columns.float())


def _moments(matrix: Tensor) -> tuple[Tensor, float]:
    """Return the column means ``[n]`` and the mean square of the entries, in float64 without a copy of the matrix."""
    import torch

    m, n = matrix.shape
    sums, power = torch.zeros(n, dtype=torch.float64), 0.0
    for start in range(0, m, _BLOCK):
        block = matrix[start : start + _BLOCK].double()
        sums += block.sum(0)
        power += float(block.square().sum())
    return sums / m, power / (m * n)
