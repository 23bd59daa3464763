"""A few singular values without the others, by ARPACK on the CPU: the largest, their vectors, and the smallest.

Source: R. B. Lehoucq, D. C. Sorensen and C. Yang, ARPACK Users' Guide (1998), through scipy.sparse.linalg.eigsh.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsymv, dtrsv

from netaudit.numerics import device as devices

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Floats = NDArray[np.float64]


def largest(gram: Tensor, count: int, restarts: int | None = None) -> tuple[Floats, Floats]:
    """Return the largest eigenvalues ``[count]`` of a Gram matrix ``[p, p]``, descending, and vectors ``[p, count]``.

    Only the lower triangle of the matrix counts. ``count`` is below p, and ``restarts`` bounds ARPACK's restarts, by
    default at SciPy's ten for each row.

    Raises:
        ArpackError: the eigenvalues were not found within that many restarts.
    """
    lower = gram.cpu().numpy().T  # Fortran's order: its upper triangle
    return leading(lambda v: dsymv(1.0, lower, v), len(lower), count, restarts)


def leading(
    product: Callable[[Floats], Floats], p: int, count: int, restarts: int | None = None, tolerance: float = 1e-8
) -> tuple[Floats, Floats]:
    """Return the ``count`` largest eigenvalues of a symmetric matrix, descending, and their vectors ``[p, count]``.

    ``product`` multiplies the matrix by a vector ``[p]``. The start is fixed, so that the same matrix gives the same
    vectors. They are right to ``tolerance`` of the eigenvalue. For ``restarts`` see :func:`largest`.

    Raises:
        ArpackError: the eigenvalues were not found within that many restarts.
    """
    from scipy.sparse.linalg import LinearOperator, eigsh

    operator = LinearOperator((p, p), matvec=lambda v: product(v.ravel()), dtype=np.float64)
    values, vectors = eigsh(operator, k=count, which="LA", v0=np.ones(p), tol=tolerance, maxiter=restarts)
    return values[::-1], vectors[:, ::-1].copy()


def _first_columns(A: Tensor, count: int) -> Tensor:
    """Return the first columns ``[m, count]`` of a contiguous A ``[m, n]`` in A's own memory, whose content is lost."""
    entries, n = A.view(-1), A.shape[1]
    for row in range(1, len(A)):
        entries[row * count : (row + 1) * count] = entries[row * n : row * n + count].clone()
    return entries[: len(A) * count].view(len(A), count)


def smallest_value(weight: Tensor, std: float, device: torch.device) -> float:
    """Return the smallest singular value of A / std for A ``[m, n]``, right to about eps times the largest.

    It comes by inverse iteration with the triangular factor R of a QR decomposition: the largest eigenvalue of
    (R^T R)^-1 is its inverse square. Nothing is squared, and it takes one copy of A in float64 on ``device``. The
    result is 0 where R is singular, or so close to it that the inverse is not finite.
    """
    import torch
    from scipy.sparse.linalg import ArpackError

    def factor(where: torch.device) -> Floats:
        wide = weight if weight.shape[0] <= weight.shape[1] else weight.T
        A = wide.to(device=where, dtype=torch.float64, copy=True, memory_format=torch.contiguous_format).div_(std)
        tall = A.T  # in Fortran's order, which LAPACK factors in place
        torch.geqrf(tall, out=(tall, torch.empty(0, dtype=A.dtype, device=where)))
        # below the diagonal are the reflections, which no solve reads
        triangle: Floats = _first_columns(A, len(A)).cpu().numpy().T
        return triangle

    R = devices.with_cpu_fallback(factor, devices.float64_device(device))
    if not np.diag(R).all():
        return 0.0
    try:
        (inverse_square,), _ = leading(lambda v: dtrsv(R, dtrsv(R, v, trans=1)), len(R), 1)
    except ArpackError:  # an inverse beyond float64's range
        return 0.0
    return float(inverse_square**-0.5) if np.isfinite(inverse_square) and inverse_square > 0 else 0.0
