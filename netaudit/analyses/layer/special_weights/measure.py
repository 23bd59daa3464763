"""What about a layer's weights no law of random entries speaks of; see :mod:`netaudit.numerics.special_weights`."""

from __future__ import annotations

from typing import cast

import numpy as np

from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer.special_weights.payload import Kind, SpecialWeights
from netaudit.numerics.single_weights import heavy_limit
from netaudit.results.payload import number, six_digits


def measure(context: LayerContext) -> SpecialWeights:
    """Count each kind; the rank comes from the spectrum, which every audit has anyway."""
    found, (m, n) = context.special_weights, context.shape
    rank, full = _rank(context), int(min(found.kept_rows.sum(), found.kept_columns.sum()))
    deficient = rank is not None and rank < full and not found.heavy.size
    return SpecialWeights(
        kinds=cast(tuple[Kind, ...], (*found.kinds, *(("rank_deficient",) if deficient else ()))),
        dead_rows=int(found.dead_rows.sum()),
        dead_columns=int(found.dead_columns.sum()),
        duplicate_rows=int(found.duplicate_rows.sum()),
        duplicate_columns=int(found.duplicate_columns.sum()),
        constant_rows=int(found.constant_rows.sum()),
        constant_columns=int(found.constant_columns.sum()),
        pruned_share=found.pruned_share,
        heavy_entries=len(found.heavy),
        heavy_limit=six_digits(heavy_limit(m, n)),
        levels=found.levels,
        levels_by_row=found.levels_by_row,
        step=None if found.step is None else number(six_digits(found.step)),
        orthogonal=found.orthogonal,
        rank=rank,
        full_rank=full,
        left=0.0 if isinstance(found.left, str) else found.left.count / (m * n),
    )


def _rank(context: LayerContext) -> int | None:
    """Singular values above the rounding of the Gram product, about a millionth of the largest; None if unknown."""
    if not context.spectrum.decomposed:
        return None
    squares = context.spectrum.uncentred**2
    return int(np.sum(squares > max(context.shape) * np.finfo(np.float64).eps * squares[-1]))
