"""Weights of which a law of random entries does not speak: dead, duplicate, pruned, quantised, orthogonal, ...

Each kind is told from the entries themselves, by comparisons that hold in every unit and dtype. What is left once the
kinds are set aside is what a claim about random entries can be judged on.

The thresholds are conventions of netaudit, stated with each; none of them is met by random entries of any continuous
law as float32, bfloat16 or float16 store them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import device as devices
from netaudit.numerics import levels
from netaudit.numerics.entries import Entries, describe
from netaudit.numerics.single_weights import single_weights

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Matrix = NDArray[np.floating]
Pattern = Literal["identity", "diagonal", "permutation", "mask"]
Side = Literal["rows", "columns"]

NUMERICALLY_ZERO = 1e-6
"""Largest entry of a dead row or column, in those of the median row or column that is not all zero."""
_FEWEST_EQUAL = 8
"""Entries of a row or column from which equality with another is no accident of a coarse dtype."""
_PREFIX = 8
"""Entries by which rows are told apart before they are compared in full."""
_ORTHOGONAL = 0.01
"""How far A A^T v may lie from v, with rows of norm 1: bfloat16 rounds an orthogonal matrix to 0.002."""
_BY_CHANCE = 0.1
"""The same in what a Gaussian matrix gives, sqrt((p + 1) / N), which for a long matrix is small too."""
_FEWEST_ORTHOGONAL = 4
"""Smaller side from which that is no accident: one in 10^5 Gaussian matrices of 4 rows, none of more."""
_PROBES = 4
"""Random vectors v that stand for all; of a small matrix every one is looked at."""
_PLAIN = (2.0**-60, 2.0**60)
"""Units in which sums of sizes fit float32."""
_ROWS = 64
"""Rows up to which every one is looked at."""


@dataclass(frozen=True, eq=False)
class SpecialWeights:
    """What is special about a weight ``[m, n]``, and what is left of it. Nothing is, where :attr:`kinds` is empty."""

    pattern: Pattern | None
    """``identity``; ``diagonal``, no entry off the diagonal; ``permutation``, one entry in each row and column at
    most, all of them equal; ``mask``, entries 0 and one other value. Any of them up to a factor but for ``identity``.
    """
    dead_rows: Mask
    """Rows that are numerically zero, ``[m]``."""
    dead_columns: Mask
    """Columns that are numerically zero, ``[n]``."""
    duplicate_rows: Mask
    """Rows that are exactly equal to an earlier one and not dead, ``[m]``."""
    duplicate_columns: Mask
    """Columns that are exactly equal to an earlier one and not dead, ``[n]``."""
    constant_rows: Mask
    """Rows of one value that is not zero, ``[m]``."""
    constant_columns: Mask
    """Columns of one value that is not zero, ``[n]``."""
    pruned_share: float
    """Share of exact zeros outside dead rows and columns, where they are more than chance and dtype allow; else 0."""
    heavy: NDArray[np.int64]
    """Row and column ``[h, 2]`` of each single entry that makes a spike of its own beside the others of its row and
    column, whatever the units' scales: see :mod:`netaudit.numerics.single_weights`. None where there is a pattern."""
    levels: int | None
    """Number of different values of what is left, where it is quantised as a whole, or in most rows where each row has
    levels of its own; None where it is not quantised."""
    levels_by_row: bool
    """Whether each row has its own levels."""
    step: float | None
    """Distance of the levels where they lie on one lattice, in the weights' own units; else None."""
    orthogonal: Side | None
    """``rows`` (of a square matrix too) or ``columns``, where those of the smaller side are orthogonal to each other:
    an orthogonal start or constraint. Dead, duplicate and constant ones are left out."""
    left: Entries | str
    """The entries outside dead and constant rows and columns, without heavy ones, and without zeros if the layer is
    pruned; or why there are none to describe."""

    @property
    def kept_rows(self) -> Mask:
        """Rows that are neither dead nor constant nor a copy of an earlier one, ``[m]``."""
        return ~(self.dead_rows | self.duplicate_rows | self.constant_rows)

    @property
    def kept_columns(self) -> Mask:
        """Columns that are neither dead nor constant nor a copy of an earlier one, ``[n]``."""
        return ~(self.dead_columns | self.duplicate_columns | self.constant_columns)

    @property
    def set_aside(self) -> bool:
        """Whether ``left`` is less than the whole weight."""
        lines = (self.dead_rows, self.dead_columns, self.constant_rows, self.constant_columns)
        return bool(self.pruned_share or self.heavy.size or any(line.any() for line in lines))

    def without(self, weight: Tensor) -> Tensor:
        """Return the weight ``[m, n]`` without dead, constant and duplicate rows and columns, single heavy weights at
        zero: what a law of random matrices can be asked of. The weight itself where there are none."""
        import torch

        kept = [torch.from_numpy(np.flatnonzero(each)) for each in (self.kept_rows, self.kept_columns)]
        if not self.heavy.size and (len(kept[0]), len(kept[1])) == tuple(weight.shape):
            return weight
        if weight.dtype.itemsize == 1:  # float8, in which PyTorch computes little
            weight = weight.float()
        if self.heavy.size:
            weight = weight.clone()
            rows, columns = torch.from_numpy(self.heavy.T.copy())
            weight[rows, columns] = 0
        return weight.index_select(0, kept[0]).index_select(1, kept[1])

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of what was found, in the order of the fields; empty for ordinary weights."""
        lines = ("dead_rows", "dead_columns", "duplicate_rows", "duplicate_columns", "constant_rows")
        found = {name: bool(getattr(self, name).any()) for name in (*lines, "constant_columns")}
        found |= {"pruned": self.pruned_share > 0, "heavy_entries": self.heavy.size > 0}
        found |= {"quantised": self.levels is not None, "orthogonal": self.orthogonal is not None}
        return (*((self.pattern,) if self.pattern else ()), *(name for name, there in found.items() if there))


def find(weight: Tensor, entries: Entries) -> SpecialWeights:
    """Tell what is special about a weight A ``[m, n]`` of any floating dtype, whose ``entries`` are described already.

    An ordinary layer costs a few passes over its entries; where a part is set aside, what is left is described anew.
    """
    A = _matrix(weight)
    dead_rows, constant_rows = _lines(A)
    dead_columns, constant_columns = _lines(A.T)
    rows, columns = ~(dead_rows | constant_rows), ~(dead_columns | constant_columns)
    duplicate_rows = _duplicates(A, dead_rows)
    duplicate_columns = _duplicates(A.T, dead_columns)
    whole = bool(rows.all() and columns.all())
    pattern = _pattern(A, entries)
    live = entries if whole else _described(_part(A, rows, columns))
    of_rows = None if pattern or isinstance(live, str) or live.levels is not None else levels.of_rows(A, rows)
    pruned = 0.0 if pattern else levels.pruned_share(live, of_rows)
    heavy = np.zeros((0, 2), dtype=np.int64)
    left: Entries | str = live
    if pattern is None and isinstance(live, Entries):
        heavy = _heavy(A, rows, columns, live.unit)
        if pruned or heavy.size:
            kept_entries = rows[:, None] & columns & ((A != 0) if pruned else True)
            kept_entries[tuple(heavy.T)] = False
            left = _described(A[kept_entries])
    own_levels, step = (None, None) if pattern else levels.of(left)
    kept = A[:0] if heavy.size else _part(A, rows & ~duplicate_rows, columns & ~duplicate_columns)
    return SpecialWeights(
        pattern=pattern,
        dead_rows=dead_rows,
        dead_columns=dead_columns,
        duplicate_rows=duplicate_rows,
        duplicate_columns=duplicate_columns,
        constant_rows=constant_rows,
        constant_columns=constant_columns,
        pruned_share=pruned,
        heavy=heavy,
        levels=of_rows[0] if own_levels is None and of_rows else own_levels,
        levels_by_row=own_levels is None and of_rows is not None,
        step=step,
        orthogonal=_orthogonal(kept, entries.unit),
        left=left,
    )


def _matrix(weight: Tensor) -> Matrix:
    """Return the weight as a NumPy matrix, float64 as it is and anything else in float32, which holds it exactly."""
    import torch

    values: Matrix = weight.detach().to(torch.float64 if weight.dtype == torch.float64 else torch.float32).numpy()
    return values


def _part(A: Matrix, rows: Mask, columns: Mask) -> Matrix:
    """Return the rows and columns of A that are asked for; A itself where all are."""
    part = A if rows.all() else A[rows]
    return part if columns.all() else part[:, columns]


def _described(values: Matrix) -> Entries | str:
    import torch

    return describe(torch.from_numpy(np.ascontiguousarray(values)))


def _lines(A: Matrix) -> tuple[Mask, Mask]:
    """Return which rows are numerically zero, and which others are constant, ``[m]`` each."""
    low, high = A.min(axis=1), A.max(axis=1)
    size = np.maximum(np.abs(low), np.abs(high)).astype(np.float64)
    dead = size <= NUMERICALLY_ZERO * (2 * np.median(size[size > 0] / 2) if size.any() else 0.0)
    return dead, (low == high) & ~dead & (A.shape[1] >= _FEWEST_EQUAL)


def _duplicates(A: Matrix, dead: Mask) -> Mask:
    """Return which rows equal an earlier one that is not dead, ``[m]``; -0 equals 0."""
    found = np.zeros(A.shape[0], dtype=np.bool_)
    if A.shape[1] < _FEWEST_EQUAL:
        return found
    start = np.ascontiguousarray(A[:, :_PREFIX]) + 0.0
    keys = start.view(np.dtype((np.void, start.itemsize * _PREFIX))).reshape(-1)
    _, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
    seen: set[bytes] = set()
    for row in np.flatnonzero((counts[which.reshape(-1)] > 1) & ~dead):
        content = (A[row] + 0.0).tobytes()
        found[row] = content in seen
        seen.add(content)
    return found


def _pattern(A: Matrix, entries: Entries) -> Pattern | None:
    """Return the pattern of the non-zero entries, if it is a known one."""
    m, n = A.shape
    nonzero = entries.count - entries.zeros
    if min(m, n) < 2 or not entries.zeros or nonzero < 2:
        return None
    few = None if entries.levels is None else entries.levels[entries.levels != 0]
    if nonzero <= max(m, n):
        at = np.argwhere(A)
        if (at[:, 0] == at[:, 1]).all():
            return "identity" if nonzero == min(m, n) and few is not None and few.tolist() == [1.0] else "diagonal"
        alone = all(len(np.unique(at[:, axis])) == len(at) for axis in (0, 1))
        if alone and nonzero == min(m, n) and few is not None and few.size == 1:
            return "permutation"
    return "mask" if few is not None and few.size == 1 else None


def _heavy(A: Matrix, rows: Mask, columns: Mask, unit: float) -> NDArray[np.int64]:
    """Return where the single heavy weights are that lie in these rows and columns, ``[h, 2]``."""
    import torch

    plain = A if _PLAIN[0] <= unit <= _PLAIN[1] else A / A.dtype.type(unit)
    found = single_weights(torch.from_numpy(plain))
    return found[rows[found[:, 0]] & columns[found[:, 1]]]


def _orthogonal(A: Matrix, unit: float) -> Side | None:
    """Return the smaller side of A if its rows or columns are orthogonal to each other, whatever their norms.

    B has them at norm 1, and v is random: ||B B^T v - v|| / ||v|| is about sqrt((p + 1) / N) for a Gaussian matrix.
    """
    side: Side = "rows" if A.shape[0] <= A.shape[1] else "columns"
    B = A if side == "rows" else A.T
    p, N = B.shape
    if p < _FEWEST_ORTHOGONAL:
        return None
    as_stored = B.dtype.type
    B = B / as_stored(unit)
    norms = np.sqrt(np.einsum("ij,ij->i", B, B, dtype=np.float64))
    if not norms.all():
        return None
    v = np.eye(p) if p <= _ROWS else devices.numpy_generator(0, "orthogonal").standard_normal((p, _PROBES))
    back = (B @ (B.T @ (v / norms[:, None]).astype(as_stored))) / norms[:, None]
    away = float(np.linalg.norm(back - v) / np.linalg.norm(v))
    return side if away <= min(_ORTHOGONAL, _BY_CHANCE * np.sqrt((p + 1) / N)) else None
