"""Spectra of Gaussian matrices drawn without forming the matrix.

An ``[m, n]`` matrix of i.i.d. N(0, 1) entries has the singular values of a bidiagonal p x p matrix, p = min(m, n),
N = max(m, n), with independent entries chi_N, chi_{N-1}, ..., chi_{N-p+1} on the diagonal and chi_{p-1}, ..., chi_1
beside it.

Source: I. Dumitriu and A. Edelman, J. Math. Phys. 43 (2002) 5830, theorem 3.1 (beta = 1).
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvalsh_tridiagonal

from netaudit.numerics.laws.lapack import tridiagonal_eigenvalues

Floats = NDArray[np.float64]


def gaussian_singular_values(m: int, n: int, generator: np.random.Generator) -> Floats:
    """One draw of the singular values of an ``[m, n]`` standard Gaussian matrix, ascending; O(min(m, n)^2) time.

    >>> s = gaussian_singular_values(3, 5, np.random.default_rng(0))
    >>> s.shape, bool((np.diff(s) > 0).all())
    ((3,), True)
    """
    return gaussian_spectra(m, n, 1, generator)[0]


def gaussian_spectra(m: int, n: int, draws: int, generator: np.random.Generator, threads: int = 1) -> list[Floats]:
    """Independent draws of :func:`gaussian_singular_values`, which do not depend on the number of threads.

    >>> one, other = (gaussian_spectra(3, 5, 2, np.random.default_rng(0), threads) for threads in (1, 2))
    >>> len(one), np.array_equal(one, other)
    (2, True)
    """
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(_singular_values, [_tridiagonal(m, n, generator) for _ in range(draws)]))


def _singular_values(tridiagonal: tuple[Floats, Floats]) -> Floats:
    return np.sqrt(np.maximum(tridiagonal_eigenvalues(*tridiagonal), 0.0))


def gaussian_largest(m: int, n: int, generator: np.random.Generator) -> float:
    """One draw of the largest singular value alone, by bisection; O(min(m, n)) time.

    >>> one = gaussian_largest(3, 5, np.random.default_rng(0))
    >>> bool(np.isclose(one, gaussian_singular_values(3, 5, np.random.default_rng(0))[-1]))
    True
    """
    squares, beside = _tridiagonal(m, n, generator)
    last = len(squares) - 1
    return float(np.sqrt(eigvalsh_tridiagonal(squares, beside, select="i", select_range=(last, last))[0]))


def _tridiagonal(m: int, n: int, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Diagonal and off-diagonal of B B^T for the bidiagonal B: its eigenvalues are the squared singular values."""
    p, big = min(m, n), max(m, n)
    diagonal = np.sqrt(generator.chisquare(np.arange(big, big - p, -1)))
    beside = np.sqrt(generator.chisquare(np.arange(p - 1, 0, -1))) if p > 1 else np.empty(0)
    squares = diagonal**2
    squares[1:] += beside**2
    return squares, diagonal[:-1] * beside
