"""Synthetic eigenvalues of recurrent matrices."""

from __future__ import annotations

from netaudit.analyses.network.circular_law.payload import CircularLaws, MatrixLeftOut, RecurrentMatrix


def matrix(cell: str = "rnn.l0", gate: str = "reset", verdict: str = "circular", outliers: int = 1) -> RecurrentMatrix:
    """Three eigenvalues, of which the first may lie beyond the disc."""
    return RecurrentMatrix(
        cell=cell,
        gate=gate,
        size=64,
        verdict=verdict,  # type: ignore[arg-type]
        distance=0.09,
        noise=0.13,
        limit=0.26,
        normality=0.51,
        limits=(0.44, 0.56),
        outliers=outliers,
        largest=1.4,
        radius=1.2,
        real=5,
        real_of_gaussians=(2, 12),
        draws=199,
        eigenvalues=((1.4, 0.5, 0.5), (0.0, 0.1, -0.1)),
    )


def example(name: str = "rnn.l0") -> CircularLaws:
    """The gates of a GRU, and a cell that was left out."""
    gates = (matrix(name), matrix(name, "update", "orthogonal", 0), matrix(name, "new", "other", 2))
    return CircularLaws(gates, (MatrixLeftOut("other", "hidden", "all entries are equal"),))
