"""Spectra of Gaussian matrices, drawn without forming the matrix.

An ``[m, n]`` matrix of i.i.d. N(0, 1) entries has the singular values of a bidiagonal ``[p, p]`` matrix B with
independent entries: chi_N, chi_{N-1}, ..., chi_{N-p+1} on the diagonal and chi_{p-1}, ..., chi_1 beside it, where
p = min(m, n) and N = max(m, n). The eigenvalues of the tridiagonal matrix B B^T are the squared singular values.

Source: I. Dumitriu and A. Edelman, J. Math. Phys. 43 (2002) 5830, theorem 3.1 (beta = 1).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvalsh_tridiagonal

Floats = NDArray[np.float64]


def gaussian_singular_values(m: int, n: int, generator: np.random.Generator) -> Floats:
    """Draw the ``p`` singular values of one ``[m, n]`` standard Gaussian matrix, ascending, in O(p^2) time.

    SciPy's LAPACK wrappers hold the interpreter's lock, so that threads do not draw faster.

    >>> s = gaussian_singular_values(3, 5, np.random.default_rng(0))
    >>> s.shape, bool((np.diff(s) > 0).all())
    ((3,), True)

    Raises:
        LinAlgError: LAPACK's iteration did not converge.
    """
    squares = eigvalsh_tridiagonal(*_tridiagonal(m, n, generator), lapack_driver="sterf")  # the values alone: fastest
    singular_values: Floats = np.sqrt(np.maximum(squares, 0.0))  # rounding may take the smallest below 0
    return singular_values


def gaussian_largest(m: int, n: int, generator: np.random.Generator) -> float:
    """Draw the largest singular value of an ``[m, n]`` standard Gaussian matrix by bisection, in O(p) time.

    It is the last of :func:`gaussian_singular_values` for the same state of the generator, up to rounding.

    >>> one = gaussian_largest(3, 5, np.random.default_rng(0))
    >>> bool(np.isclose(one, gaussian_singular_values(3, 5, np.random.default_rng(0))[-1]))
    True
    """
    diagonal, beside = _tridiagonal(m, n, generator)
    last = len(diagonal) - 1
    return float(np.sqrt(eigvalsh_tridiagonal(diagonal, beside, select="i", select_range=(last, last))[0]))


def _tridiagonal(m: int, n: int, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw the diagonal ``[p]`` and the off-diagonal ``[p - 1]`` of B B^T."""
    p, N = min(m, n), max(m, n)
    diagonal = np.sqrt(generator.chisquare(np.arange(N, N - p, -1)))
    beside = np.sqrt(generator.chisquare(np.arange(p - 1, 0, -1))) if p > 1 else np.empty(0)
    squares = diagonal**2
    squares[1:] += beside**2
    return squares, diagonal[:-1] * beside
