"""What the tests of a layer's start are given, computed once for all families."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtrc

from netaudit.analyses.context import LayerContext
from netaudit.numerics.laws.initialisation import structure_tests
from netaudit.numerics.laws.initialisation.families import CLAMP, CLAMPED
from netaudit.numerics.laws.initialisation.law_tests import Sample, sample_of
from netaudit.numerics.laws.initialisation.rounding import FORMATS, precision, rounded
from netaudit.numerics.laws.initialisation.structure_tests import Side

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]

_BLOCK = 1 << 20
"""Entries converted to float64 at a time: 8 MB."""
_NO_ACCIDENT = 1e-6
"""p-value of the number of clamped weights below which they are no accident, and are tested with the others."""
_SAME = 1e-2
"""Share of the squared cosines of a random matrix, and of the variance of its squared norms, below which rows are
orthonormal. Rounding to bfloat16 and, of larger sides than ``_SMALL``, taking the mean off leave 6e-4 at most."""
_SMALL = 256
"""Smaller side up to which the rows' products are taken of the weights with their mean, which costs nothing there: the
mean of an orthogonal 40 x 40 matrix, taken off, leaves up to 0.05."""


def without_clamped(context: LayerContext) -> tuple[LayerContext, float]:
    """The layer without the weights that timm's ``trunc_normal_`` left at +-2, and the p-value of so many of them.

    Nearly every layer has none, and is given back as it is, with 1.
    """
    entries, weight = context.entries, context.layer.weight
    if entries.largest * entries.std + abs(entries.mean) < CLAMP or entries.std > CLAMP / 10:
        return context, 1.0
    clamped = weight.abs() == CLAMP
    count = int(clamped.sum())
    p_value = float(pdtrc(count - 1, weight.numel() * CLAMPED)) if count else 1.0
    if p_value < _NO_ACCIDENT:
        return context, 1.0
    without = replace(context, layer=replace(context.layer, weight=weight.masked_fill(clamped, 0.0)))
    return (context, 1.0) if without.unusable else (without, p_value)  # nothing else may be there


def weights_sample(context: LayerContext) -> Sample:
    """The weights in order, from the order statistics that the context has; their ranks are right to 1e-6."""
    entries = context.entries
    stored = FORMATS.get(context.layer.dtype, FORMATS["float32"])
    # the standardised values, taken back, are off by 1e-16 of the largest: rounding gives the stored numbers again
    values = rounded(entries.mean + entries.std * entries.z, stored)
    narrowest = precision(values, context.layer.dtype)
    return Sample(
        values, entries.before, entries.after, entries.count, entries.mean, entries.mean**2 + entries.std**2, narrowest
    )


def bias_sample(bias: Tensor) -> Sample:
    """The biases in order."""
    values = bias.double().numpy()
    return sample_of(values, precision(values, str(bias.dtype).removeprefix("torch.")))


def structure(context: LayerContext, sixth: float) -> Mapping[str, float]:
    """The p-value of each trace that training leaves, by its name.

    ``sixth`` is the sixth moment of the entries in their own standard deviations.
    """
    m, n = context.shape
    fourth = context.entries.excess_kurtosis + 3
    rows, columns = sides(context.layer.weight, context.entries.mean, context.entries.std)
    found = {
        "row_norms": structure_tests.norms(rows, fourth, sixth),
        "column_norms": structure_tests.norms(columns, fourth, sixth),
        "row_sums": structure_tests.sums(rows, fourth),
        "column_sums": structure_tests.sums(columns, fourth),
        "largest_singular_value": structure_tests.largest(float(context.spectrum.centred[-1]), m, n, fourth),
    }
    gram = context.spectrum.gram
    if gram is not None:
        cosines, pairs = mean_squared_cosine(gram)
        concentration = fourth / max(m, n)
        found["coherence"] = structure_tests.coherence(cosines, pairs, max(m, n), concentration)
    return found


def orthogonal_gain(context: LayerContext) -> float | None:
    """The gain of a matrix whose smaller side is orthonormal up to one number, or None."""
    gram, p = context.spectrum.gram, min(context.shape)
    if gram is None or p < 2:
        return None
    if p <= _SMALL:
        gram = _with_mean(gram, context)
    cosines, _ = mean_squared_cosine(gram)
    lengths = gram.diagonal()
    of_random = 2 / max(context.shape)  # variance of a squared norm over its mean squared
    if cosines * max(context.shape) > _SAME or float((lengths / lengths.mean()).var()) > _SAME * of_random:
        return None
    # of the weights as stored: the lengths in the spectrum are without the mean, which in a small layer counts
    return float(np.hypot(context.entries.std, context.entries.mean) * np.sqrt(max(context.shape)))


def _with_mean(gram: Tensor, context: LayerContext) -> Tensor:
    """Z Z^T of the smaller side ``[p, p]`` from that of Z without its mean, Z = A / std."""
    import torch

    (m, n), mean, std = context.shape, context.entries.mean, context.entries.std
    sums = context.layer.weight.sum(1 if m < n else 0, dtype=torch.float64).to(gram.device) / std
    shift = mean / std
    return gram + shift * (sums[:, None] + sums[None, :]) - shift**2 * max(m, n)


def mean_squared_cosine(gram: Tensor) -> tuple[float, int]:
    """The mean of g_il^2 / (g_ii g_ll) over i > l, and the number of pairs. Only the lower triangle counts."""
    import torch

    p = gram.shape[0]
    inverse = torch.where(gram.diagonal() > 0, 1 / gram.diagonal(), 0.0)
    total, step = 0.0, max(1, _BLOCK // p)
    for start in range(0, p, step):
        block = gram[start : start + step].tril(start - 1)
        total += float(((block * block) @ inverse) @ inverse[start : start + step])
    pairs = p * (p - 1) // 2
    return total / max(pairs, 1), pairs


def sides(weight: Tensor, mean: float, std: float) -> tuple[Side, Side]:
    """Sums and sums of squares along the rows and along the columns of (A - mean) / std."""
    import torch

    m, n = weight.shape
    row_sums, row_squares = (torch.empty(m, dtype=torch.float64) for _ in range(2))
    column_sums, column_squares = (torch.zeros(n, dtype=torch.float64) for _ in range(2))
    step = max(1, _BLOCK // n)
    for start in range(0, m, step):
        block = (weight[start : start + step].double() - mean).div_(std)  # double() is no copy of float64
        row_sums[start : start + step], squares = block.sum(1), block.square()
        row_squares[start : start + step] = squares.sum(1)
        column_sums += block.sum(0)
        column_squares += squares.sum(0)
    return (
        Side(row_sums.numpy(), row_squares.numpy(), n),
        Side(column_sums.numpy(), column_squares.numpy(), m),
    )
