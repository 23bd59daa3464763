"""The eigenvalues of a square matrix beside those of Gaussian matrices of its size.

The eigenvalues of an [n, n] matrix of independent entries with mean 0 and standard deviation sigma fill the disc of
radius sigma sqrt(n) evenly as n grows: the circular law. At a finite n some lie beyond, so that the comparison is with
the eigenvalues of Gaussian matrices of the same size.

Source: T. Tao, V. Vu and M. Krishnapur (2010), Random matrices: universality of ESDs and the circular law, Annals of
Probability 38(5); the number of real eigenvalues, sqrt(2n / pi), A. Edelman, E. Kostlan and M. Shub (1994).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import device as devices

Floats = NDArray[np.float64]
Verdict = Literal["circular", "orthogonal", "other", "undecided"]

DISTANCE = 0.05
"""Tolerance of the distance: five percentage points of the eigenvalues, as for the singular values (H3). Convention of
netaudit."""
NORMALITY = 0.05
"""Tolerance of the normality about 1/2. Convention of netaudit: a Gaussian matrix lies within 0.03 at n = 64; one whose
entries have the correlation r with those across the diagonal lies at (1 + r^2) / 2, so that 0.05 is r = 0.3."""
SMALLEST = 32
"""Of n: below, the noise of a Gaussian matrix is as large as any effect."""
DRAWS = ((64, 999), (128, 199), (256, 49), (512, 19))
"""Gaussian matrices for a size of at most so much, seconds on one core each; what is judged varies less with size. With
199 matrices of 32 rows 1.5 % of others had an eigenvalue beyond all of them."""
NOISE = 0.995
"""Quantile of the draws that is their noise; the largest where there are fewer than 200."""
LARGEST = DRAWS[-1][0]
"""Of n, in an audit: beyond it the draws take a minute."""
FEW = 0.05
"""Share of the eigenvalues up to which those beyond the disc are single modes, and not the shape of the cloud."""
ORTHOGONAL = 1e-2
"""Spread of the singular values, relative to their mean, up to which a matrix counts as orthogonal. An orthogonal
matrix in bfloat16 has 0.007 at n = 64 from rounding, a Gaussian one 2."""
_EQUAL = 1e-12
"""Of entries of which the largest is 1: what rounding leaves of a spread of none."""


@dataclass(frozen=True)
class Gaussians:
    """Eigenvalues of Gaussian matrices of one size, in units of sigma sqrt(n)."""

    n: int
    draws: int
    squares: Floats
    """All squared moduli, ascending, ``[draws * n]``."""
    noise: float
    """The distance of one of them from all: its :data:`NOISE` quantile."""
    radius: float
    """The largest modulus of any."""
    real: tuple[int, int]
    """The fewest and the most real eigenvalues of one."""
    normality: tuple[float, float]
    """Of one: the quantiles that leave 1 - :data:`NOISE` between them and the ends."""


@dataclass(frozen=True)
class CircularLaw:
    """What the eigenvalues of a matrix say."""

    verdict: Verdict
    """``circular``: but for outliers they fill the disc of the law, and the matrix is as far from normal as a
    Gaussian one. ``orthogonal``: all singular values are equal, so that all eigenvalues lie on one circle. ``other``:
    neither. ``undecided``: the noise of Gaussian matrices leaves it open."""
    eigenvalues: NDArray[np.complex128]
    """``[n]``, in units of sigma sqrt(n), with sigma the standard deviation of the entries; largest modulus first."""
    distance: float
    """Kolmogorov-Smirnov distance of the squared moduli from those of Gaussian matrices."""
    limit: float
    """The distance that is tolerated: :data:`DISTANCE`, or twice the noise of Gaussian matrices."""
    normality: float
    """Sum of the squared moduli over the sum of the squared entries, both without the outliers where these are few: 1
    of a normal matrix, whose eigenvectors are orthogonal; 1/2 of a Gaussian one."""
    limits: tuple[float, float]
    """The normality that is tolerated."""
    outliers: int
    """Eigenvalues beyond the largest modulus of any Gaussian matrix that was drawn."""
    real: int
    """Eigenvalues on the real axis; about sqrt(2n / pi) of a Gaussian matrix."""
    gaussians: Gaussians


def circular_law(matrix: Floats, *, seed: int = 0) -> CircularLaw:
    """Compare the eigenvalues of a matrix with those of Gaussian matrices of its size.

    Args:
        matrix: ``[n, n]``, n of 32 and more.
        seed: of the Gaussian matrices.

    Raises:
        ValueError: the matrix is not square, is smaller, has entries that are not finite, or that are all equal.
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < SMALLEST:
        raise ValueError(f"the circular law is about square matrices of at least {SMALLEST} rows, not {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ValueError("not all entries are finite numbers")
    matrix = matrix / (np.abs(matrix).max() or 1.0)  # squares of the largest and smallest float64 stay in range
    spread = float(matrix.std())
    if not spread > _EQUAL:
        raise ValueError("all entries are equal")
    return _judged(matrix / (spread * np.sqrt(len(matrix))), gaussians(seed, len(matrix)))


def _judged(scaled: Floats, null: Gaussians) -> CircularLaw:
    values = np.linalg.eigvals(scaled).astype(np.complex128)
    values = values[np.lexsort((values.imag, values.real, -np.abs(values)))]
    moduli = np.abs(values)
    outliers = int(np.sum(moduli > null.radius))
    distance = _distance(np.sort(moduli**2), null.squares)
    normality = _normality(moduli, scaled, outliers if outliers <= FEW * len(moduli) else 0)
    limit = max(DISTANCE, 2 * null.noise)
    spread = (0.5 - null.normality[0], null.normality[1] - 0.5)  # of Gaussian matrices, below and above
    limits = (0.5 - max(NORMALITY, 2 * spread[0]), 0.5 + max(NORMALITY, 2 * spread[1]))
    return CircularLaw(
        verdict=_verdict(
            scaled,
            (distance - null.noise, distance + null.noise, -np.inf, limit),
            (normality - spread[1], normality + spread[0], *limits),
        ),
        eigenvalues=values,
        distance=distance,
        limit=limit,
        normality=normality,
        limits=limits,
        outliers=outliers,
        real=int(np.sum(values.imag == 0)),
        gaussians=null,
    )


def _verdict(scaled: Floats, *conditions: tuple[float, float, float, float]) -> Verdict:
    """Of conditions, each the ends of an interval and the limits that it must lie within."""
    singular = np.linalg.svd(scaled, compute_uv=False)
    if float(np.ptp(singular)) <= ORTHOGONAL * float(singular.mean()):
        return "orthogonal"
    if any(low > most or high < least for low, high, least, most in conditions):
        return "other"
    return "circular" if all(low >= least and high <= most for low, high, least, most in conditions) else "undecided"


@cache
def gaussians(seed: int, n: int) -> Gaussians:
    """Eigenvalues of Gaussian matrices ``[n, n]``, kept for the life of the process; see :data:`DRAWS`."""
    draws = next((count for size, count in DRAWS if n <= size), DRAWS[-1][1])
    generator = devices.numpy_generator(seed, "eigenvalues", str(n))
    moduli, real, normality = [], [], []
    for _ in range(draws):
        matrix = generator.standard_normal((n, n))
        matrix /= matrix.std() * np.sqrt(n)
        values = np.linalg.eigvals(matrix)
        moduli.append(np.abs(values))
        real.append(int(np.sum(values.imag == 0)))
        normality.append(_normality(moduli[-1], matrix))
    squares = [np.sort(each**2) for each in moduli]
    all_of_them = np.sort(np.concatenate(squares))
    return Gaussians(
        n=n,
        draws=draws,
        squares=all_of_them,
        noise=_quantile([_distance(each, all_of_them) for each in squares], NOISE),
        radius=float(np.sqrt(all_of_them[-1])),
        real=(min(real), max(real)),
        normality=(-_quantile([-one for one in normality], NOISE), _quantile(normality, NOISE)),
    )


def _quantile(values: list[float], level: float) -> float:
    return float(np.quantile(values, level, method="higher"))


def _distance(squares: Floats, of_gaussians: Floats) -> float:
    """Kolmogorov-Smirnov distance of two ascending samples."""
    ends = np.concatenate([squares, of_gaussians])
    shares = [np.searchsorted(sample, ends, "right") / sample.size for sample in (squares, of_gaussians)]
    return float(np.abs(shares[0] - shares[1]).max())


def _normality(moduli: Floats, scaled: Floats, outliers: int = 0) -> float:
    """Without that many of the largest; an eigenvalue alone accounts for its square of the squared entries."""
    beyond = float(np.sum(np.sort(moduli)[moduli.size - outliers :] ** 2))
    return float((np.sum(moduli**2) - beyond) / max(np.sum(scaled**2) - beyond, _EQUAL))
