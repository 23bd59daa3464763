"""What changed since the first weights: the size, the rank and the leading directions of W - W0."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.analyses.context import NetworkContext
from netaudit.analyses.network.initialisation.payload import LayerChange, Since
from netaudit.network.network import Network
from netaudit.numerics import arpack
from netaudit.numerics.gram import gram_matrix, gram_singular_values
from netaudit.numerics.laws import spikes
from netaudit.text import printable

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]

_ROUNDING = 2.0**-23
"""Of float32, in which nearly every checkpoint is stored."""
_VECTORS = 8
"""Most leading singular vectors that are compared."""
_DENSE = 256
"""Side up to which all eigenvectors are found at once."""


def since(context: NetworkContext, first: Network) -> Since:
    """Compare every audited layer with that of the same name among the first weights."""
    known = {spec.name: spec for spec in first.specs()}
    changes, missing, other_shape = [], [], []
    work = (layer.shape[0] * layer.shape[1] * min(layer.shape) for layer in context.layers)
    done = list(accumulate(work, initial=0))
    for index, layer in enumerate(context.layers):
        spec = known.get(layer.name)
        if spec is None:
            missing.append(layer.name)
        elif spec.shape != layer.shape:
            other_shape.append(layer.name)
        else:
            shown = printable(layer.name, 60)
            context.progress(f"{shown}: change since the first weights", done[index], done[-1])
            changes.append(change(layer.name, context.read(layer.name).weight, first.read(spec).weight))
    return Since(first.info.name, tuple(changes), tuple(missing), tuple(other_shape))


def change(name: str, weight: Tensor, first: Tensor) -> LayerChange:
    """The change of one layer ``[m, n]``, in float64."""
    return change_and_values(name, weight, first)[0]


def change_and_values(name: str, weight: Tensor, first: Tensor) -> tuple[LayerChange, Floats]:
    """The same, with the singular values of W - W0 ``[p]``, ascending, over the root mean square of its entries.

    There are none where nothing changed.
    """
    import torch

    m, n = weight.shape
    difference = weight.double() - first.double()
    norm, start = float(difference.norm()), float(first.double().norm())
    relative = norm / start if start else 0.0 if not norm else np.inf
    relative = float(min(relative, 1e9))
    unit = norm / np.sqrt(m * n)
    if not unit or not np.isfinite(unit):
        return LayerChange(name, relative, 0, None, 0, None, None), np.zeros(0)
    cpu = torch.device("cpu")
    values = gram_singular_values(gram_matrix(difference, 0.0, unit, cpu)[0])
    top = float(values[-1])
    rank = int((values > top * max(m, n) * _ROUNDING).sum())
    # of a change of low rank, what is left is rounding, and no bulk
    found = min(spikes.find(values, m, n).count, rank) if min(m, n) > 2 else 0
    count = min(max(found, 1), _VECTORS, min(m, n))
    ours, theirs, made = (_leading(matrix.double(), count) for matrix in (weight, first, difference))
    found_change = LayerChange(
        layer=name,
        relative=relative,
        rank=rank,
        stable_rank=float((values**2).sum() / top**2),
        spikes=found,
        overlap_with_start=_overlap(ours, theirs),
        overlap_with_change=_overlap(ours, made),
    )
    return found_change, values


def _leading(matrix: Tensor, count: int) -> Tensor:
    """Singular vectors ``[p, count]`` over the smaller side."""
    import torch
    from scipy.sparse.linalg import ArpackError

    scale = float(matrix.square().mean().sqrt()) or 1.0
    gram, _ = gram_matrix(matrix, 0.0, scale, torch.device("cpu"))
    if gram.shape[0] > max(_DENSE, 4 * count):
        try:
            return torch.from_numpy(np.ascontiguousarray(arpack.largest(gram, count)[1]))
        except ArpackError:  # they are too close to each other
            pass
    _, vectors = torch.linalg.eigh(gram, UPLO="L")
    leading: Tensor = vectors[:, -count:]
    return leading


def _overlap(a: Tensor, b: Tensor) -> float:
    return float(min(1.0, float((a.T @ b).square().sum()) / a.shape[1]))
