"""Shadow inversion of a Gaussian layer without the layer: the same metrics in distribution, at a fraction of the cost.

For A ``[m, n]`` with i.i.d. N(0, 1) entries, only two products of A are ever looked at: P = A^T H, for the columns of
H ``[m, D]``, and z = A x for the shadows X ``[n, E]`` made from P. With U ``[m, r]`` orthonormal columns whose span
holds that of H, B = A^T U has i.i.d. N(0, 1) entries and P = B (U^T H). Given B, the rest of A is as before,

    A = U B^T + (1 - U U^T) G,    G independent of B with i.i.d. N(0, 1) entries,

so A X = U (B^T X) + (1 - U U^T) G X, and the rows of G X are N(0, X^T X) for X ``[n, E]``. No ``[m, n]`` matrix is
drawn: an exact null of the layer's own shape takes O((m + n)(D + E)^2) instead of O(mn (D + E)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netaudit.shadow.distribution import alpha, shadow
from netaudit.shadow.inversion import GridDraws, MeasuredCell, compare, measured_cell, support_auc

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_JITTER = 1e-9
"""What is added to every variance, in units of the largest: two equal shadows make x x^T singular. It is far below the
rounding of the float32 result."""


class GaussianLayers:
    """Shadow inversion of fresh standard Gaussian ``[m, n]`` matrices, all over one grid of draws.

    ``grid`` is what :func:`netaudit.shadow.inversion.draw_grid` drew for ``[m, n]``, or some of its cells.
    """

    def __init__(self, grid: list[list[GridDraws]], n: int) -> None:
        import torch

        self._grid, self._n = grid, n
        self._h = [row[0].h.dense() for row in grid]
        H = torch.cat(self._h).T
        self._U = orthonormal(H)
        self._down = H.T @ self._U
        self._m = len(H)

    def invert(self, generator: torch.Generator) -> list[MeasuredCell]:
        """Draw one matrix and return what :func:`netaudit.shadow.inversion.invert` gives for it.

        ``support_auc`` is left out and NaN: no null needs it, and it costs as much as all the rest.
        """
        import torch

        B = torch.randn(self._n, self._U.shape[1], generator=generator)
        pre = torch.split(self._down @ B.T, [len(h) for h in self._h])
        X = [
            shadow(own, cell.mask, alpha(cell.rho, self._n, 1.0))
            for own, row in zip(pre, self._grid, strict=True)
            for cell in row
        ]
        x = torch.cat(X)
        y = independent(x, self._m, generator)
        z = iter(torch.split(y + (x @ B - y @ self._U) @ self._U.T, [len(part) for part in X]))
        cells = []
        for h, row in zip(self._h, self._grid, strict=True):
            for cell in row:
                came = next(z)
                metrics = compare(came, h, cell.h.support, cell.rho, self._n, cell.prediction, ranks=False)
                cells.append(measured_cell(cell, metrics, came, h, self._n))
        return cells


def control_auc(matrix: Tensor, cell: GridDraws, generator: torch.Generator) -> float:
    """Return the mean ``support_auc`` when the shadows of ``matrix [m, n]`` go up through an independent matrix.

    The other matrix is Gaussian and knows nothing of h, so that the area is 1/2 up to chance, unless the method leaks.
    """
    x = shadow(cell.h.down(matrix), cell.mask.to(matrix.device), alpha(cell.rho, matrix.shape[1], 1.0)).cpu()
    return float(support_auc(independent(x, len(matrix), generator), cell.h.support).mean())


def independent(x: Tensor, m: int, generator: torch.Generator) -> Tensor:
    """Return G x, ``[E, m]``, for shadows ``x [E, n]`` and a standard Gaussian G ``[m, n]`` independent of them.

    G is not formed: the columns of the result are independent N(0, x x^T), drawn by a Cholesky factor in float64.
    """
    import torch

    double = x.double()
    gram = double @ double.T
    del double
    gram.diagonal().add_(_JITTER * gram.diagonal().max().clamp_min(_JITTER))
    root = torch.linalg.cholesky(gram).to(x.dtype)
    through: Tensor = root @ torch.randn(x.shape[0], m, generator=generator)
    return through


def orthonormal(H: Tensor) -> Tensor:
    """Return orthonormal columns ``[m, min(m, D)]``, float32, whose span holds that of ``H [m, D]``, of any rank."""
    import torch

    columns: Tensor = torch.linalg.qr(H.double()).Q.float()
    return columns
