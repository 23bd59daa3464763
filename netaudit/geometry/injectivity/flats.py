r"""The exact search: is there a flat of rows whose removal lets all other rows be negative at once?

Two inputs collide where some v != 0 is orthogonal to every row that is not negative at their midpoint. The rows that
are orthogonal to v are a flat F: all rows in their own span, of rank at most n - 1. So the layer is injective exactly
when for no flat of rank n - 1 the rows outside it can all be negative at a point of the domain. Whether they can is
Gordan's alternative (:mod:`.gordan`): if not, there is a circuit, a few rows that are never negative together.

Every flat that lets a collision through must contain a row of every circuit. So the search starts at the empty flat,
takes a circuit, adds each of its rows in turn, and goes on: at most (D + 1)^(n - 1) flats of each rank whatever the
number of rows, which makes the question fixed-parameter tractable in n (V. Froese, M. Grillo and M. Skutella 2024,
arXiv:2405.19805, prove that, and that it is coNP-complete). A row that an earlier branch added is out for later ones.

Circuits are proved in integers, ranks in integers where float64 leaves a doubt, and points by
:func:`netaudit.geometry.injectivity.witness.collision`. Ties and repeated rows need no care of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from netaudit.geometry.injectivity import exact
from netaudit.geometry.injectivity.certificate import Answer, Witness
from netaudit.geometry.injectivity.gordan import Circuit, one_sided, proved
from netaudit.geometry.injectivity.rows import Rows
from netaudit.geometry.injectivity.witness import collision

if TYPE_CHECKING:
    from netaudit.geometry.injectivity.arrays import Indices, Mask

WIDEST = 12
"""Inputs up to which the search is tried: with more it does not end."""
_OUTSIDE = 1e-10
"""Part of a unit row outside of a span, times the span's smallest singular value, from which it is outside for sure:
10,000 times what the rounding of a dozen columns comes to."""


@dataclass(frozen=True)
class Searched:
    """What the search found, and after how many flats."""

    answer: Answer
    witness: Witness | None
    examined: int


@dataclass(frozen=True)
class _Node:
    flat: Mask
    basis: tuple[int, ...]
    banned: Mask


def search(rows: Rows, limit: int) -> Searched:
    """Decide by at most ``limit`` flats; the answer is "undecided" beyond, or where a proof did not come out."""
    nothing = np.zeros(rows.m, dtype=bool)
    circuits = _Circuits(rows)
    waiting = [_Node(nothing, (), nothing)]
    examined = 0
    while waiting:
        if examined >= limit:
            return Searched("undecided", None, examined)
        node = waiting.pop()
        examined += 1
        found = circuits.outside(node)
        if found is None:
            return Searched("undecided", None, examined)
        if isinstance(found, Witness):
            return Searched("no", found, examined)
        if len(node.basis) < rows.n - 1:
            waiting += reversed(_children(rows, node, found))
    return Searched("yes", None, examined)


def _children(rows: Rows, node: _Node, circuit: Mask) -> list[_Node]:
    """The flats with one row more, of the circuit; no flat is in two branches."""
    children = []
    banned = node.banned.copy()
    for row in np.flatnonzero(circuit & ~node.banned).tolist():
        basis = (*node.basis, row)
        flat = closure(rows, basis, node.flat)
        if not (flat & banned).any():
            children.append(_Node(flat, basis, banned.copy()))
        banned[row] = True
    return children


class _Circuits:
    """The circuits met so far: most flats are settled by one of them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._known = np.zeros((0, rows.m), dtype=bool)

    def outside(self, node: _Node) -> Mask | Witness | None:
        """A circuit ``[m]`` outside of the flat, the one with the fewest rows to branch on; or a collision; or None."""
        usable = self._known[~(self._known & node.flat).any(axis=1)]
        width = (usable & ~node.banned).sum(axis=1)
        best: Mask | None = usable[width.argmin()] if len(usable) else None
        if best is not None and width.min() == 0:
            return best
        # The banned rows must be negative: a circuit of those alone ends the branch.
        if node.banned.any() and isinstance(alone := self._new(np.flatnonzero(node.banned)), np.ndarray):
            return alone
        return best if best is not None else self._new(np.flatnonzero(~node.flat), collide=True)

    def _new(self, chosen: Indices, *, collide: bool = False) -> Mask | Witness | None:
        """A circuit among the chosen rows; or else, if asked for, a collision where all of them are negative."""
        found = one_sided(self._rows, chosen)
        if not isinstance(found, Circuit):
            return collision(self._rows, found) if collide and found is not None else None
        if not proved(self._rows, found):
            return None
        circuit: Mask = np.zeros(self._rows.m, dtype=bool)
        circuit[list(found.rows)] = True
        self._known = np.vstack([self._known, circuit])
        return circuit


def closure(rows: Rows, basis: tuple[int, ...], inside: Mask) -> Mask:
    """All rows ``[m]`` in the span of the basis, which is independent; those ``inside`` are known to be."""
    span = rows.linear[list(basis)]
    _, values, directions = np.linalg.svd(span, full_matrices=False)
    away = np.linalg.norm(rows.linear - (rows.linear @ directions.T) @ directions, axis=1)
    flat = inside.copy()
    flat[list(basis)] = True
    unsure = np.flatnonzero(~flat & (away * values[-1] <= _OUTSIDE))
    if len(unsure):
        exactly = [rows.integers(row)[: rows.n] for row in basis]
        for row in unsure.tolist():
            flat[row] = exact.rank([*exactly, rows.integers(row)[: rows.n]]) == len(basis)
    return flat
