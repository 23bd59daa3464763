"""Eigenvalues and vectors of Jacobians: how fast a small difference fades, along what, and what feeds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
LEADING = 10
"""The slowest modes whose vectors are kept: a line attractor has one, and the next ones are there to compare."""


@dataclass(frozen=True, eq=False)
class Modes:
    """The modes of n Jacobians J, each point's slowest first.

    ``J r = lambda r`` and ``l J = lambda l`` with ``|r| = 1`` and ``l r = 1`` (no complex conjugation), so that ``l d``
    is the part of a difference d that lies along r. The matrix of right vectors is never inverted.
    """

    eigenvalues: Complexes
    """``[n, state]``"""
    right: Complexes
    """The right vectors of the slowest modes, ``[n, modes, state]``."""
    left: Complexes
    """Their left vectors, ``[n, modes, state]``; infinite or NaN where J has no basis of eigenvectors."""

    @property
    def time_constants(self) -> Floats:
        """``tau = 1 / |ln |lambda||`` in steps, ``[n, state]``, descending; infinite on the unit circle."""
        return time_constants(self.eigenvalues)

    @property
    def unstable(self) -> NDArray[np.int64]:
        """How many eigenvalues lie outside the unit circle, ``[n]``."""
        count: NDArray[np.int64] = np.count_nonzero(np.abs(self.eigenvalues) > 1, axis=1)
        return count

    @property
    def stable(self) -> NDArray[np.bool_]:
        """Whether all eigenvalues lie inside the unit circle, ``[n]``: every small difference fades."""
        inside: NDArray[np.bool_] = np.abs(self.eigenvalues).max(1, initial=0) < 1
        return inside

    @property
    def non_normality(self) -> Floats:
        """``1 / |cos(l, r)|`` of the slowest modes, ``[n, modes]``: 1 for a normal J.

        So much can the part of an input along a mode be larger than the projection onto it says.
        """
        product: Floats = np.linalg.norm(self.left, axis=2) * np.linalg.norm(self.right, axis=2)
        return product


def time_constants(eigenvalues: Complexes) -> Floats:
    """``1 / |ln |lambda||`` in steps; infinite on the unit circle, 0 where lambda is 0.

    >>> time_constants(np.array([1.0, 0.8, 0.0]) + 0j).round(2).tolist()
    [inf, 4.48, 0.0]
    """
    with np.errstate(divide="ignore"):
        found: Floats = 1 / np.abs(np.log(np.abs(eigenvalues)))
    return found


def modes(jacobians: Tensor, *, leading: int = LEADING) -> Modes:
    """Decompose Jacobians one by one; 256 units take a tenth of a second each.

    Args:
        jacobians: ``[n, state, state]``, float64.
        leading: of how many modes the vectors are kept.
    """
    from scipy.linalg import eig

    matrices = jacobians.cpu().numpy()
    n, size = matrices.shape[:2]
    leading = min(leading, size)
    values = np.empty((n, size), dtype=np.complex128)
    right, left = (np.empty((n, leading, size), dtype=np.complex128) for _ in range(2))
    for number, matrix in enumerate(matrices):
        found, to_left, to_right = eig(matrix, left=True, right=True)
        order = np.lexsort((-found.imag, -found.real, -time_constants(found)))
        values[number] = found[order]
        first = order[:leading]
        right[number] = (to_right[:, first] / np.linalg.norm(to_right[:, first], axis=0)).T
        conjugate = to_left[:, first].conj().T
        with np.errstate(divide="ignore", invalid="ignore"):
            left[number] = conjugate / (conjugate * right[number]).sum(1, keepdims=True)
    return Modes(values, right, left)
