"""What is kept of the eigenvalues of recurrent matrices."""

from __future__ import annotations

from typing import Literal

from netaudit.results.payload import Bounded, Count, Payload, Record, Values, same_length

Verdict = Literal["circular", "orthogonal", "other", "undecided"]


class RecurrentMatrix(Record, frozen=True, kw_only=True):
    """The square recurrent matrix of one gate. Moduli are in units of sigma sqrt(n), the radius of the law's disc."""

    cell: str
    """Name of the cell (untrusted text)."""
    gate: str
    """Which of its gates; ``hidden`` of a simple cell."""
    size: Count
    """n, its rows."""
    verdict: Verdict
    """``circular``: the eigenvalues but for outliers fill the disc, and the matrix is as far from normal as a
    Gaussian one. ``orthogonal``: all singular values are equal. ``other``: neither. ``undecided``: the noise leaves it
    open."""
    distance: Bounded
    """Kolmogorov-Smirnov distance of the squared moduli from those of Gaussian matrices of this size."""
    noise: Bounded
    """Such a distance of a Gaussian matrix, which 99.5 % of those drawn do not exceed; the largest of fewer than
    200."""
    limit: Bounded
    """The distance that is tolerated."""
    normality: Bounded
    """Sum of the squared moduli over the sum of the squared entries, both without the outliers where these are at
    most a twentieth of the eigenvalues: 1 of a normal matrix, 1/2 of a Gaussian one."""
    limits: tuple[Bounded, Bounded]
    """The normality that is tolerated."""
    outliers: Count
    """Eigenvalues beyond the largest modulus of any Gaussian matrix that was drawn; of one more Gaussian matrix an
    eigenvalue lies there once in as many as were drawn, and one."""
    largest: Bounded
    """The largest modulus."""
    radius: Bounded
    """The largest of Gaussian matrices."""
    real: Count
    """Eigenvalues on the real axis."""
    real_of_gaussians: tuple[Count, Count]
    """The fewest and the most of a Gaussian matrix."""
    draws: Count
    """Gaussian matrices that were drawn."""
    eigenvalues: tuple[Values, Values]
    """Real and imaginary parts, largest modulus first."""

    def __post_init__(self) -> None:
        """Check that there are as many real parts as imaginary ones."""
        same_length(real=self.eigenvalues[0], imaginary=self.eigenvalues[1])


class MatrixLeftOut(Record, frozen=True):
    """A recurrent matrix that was not looked at."""

    cell: str
    """Name of the cell (untrusted text)."""
    gate: str
    """Which of its gates; empty for all of them."""
    why: str
    """The reason, as a clause."""


class CircularLaws(Payload, frozen=True):
    """The eigenvalues of every recurrent matrix."""

    matrices: tuple[RecurrentMatrix, ...]
    """Those that were looked at, cell by cell, their gates in PyTorch's order."""
    left_out: tuple[MatrixLeftOut, ...] = ()
    """The others."""
