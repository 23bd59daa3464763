"""Between which inputs the segments lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from netaudit.analyses.network.linear_regions.payload import Ends
from netaudit.numerics import device as devices

PAIRS = 50
"""Segments of each kind for the flips: the binomial noise of a layer's share is then below that of its neurons."""

MADE: frozenset[Ends] = frozenset(("shadow", "random"))
"""Kinds whose second end is no real input."""

Floats = np.ndarray[Any, np.dtype[np.float64]]
Pair = tuple[Floats, Floats]


def pairs(x: Floats, labels: np.ndarray[Any, np.dtype[np.int64]] | None, seed: int) -> Mapping[Ends, Pair]:
    """The two ends ``[S, n]`` of the segments of each kind, S at most 50; a kind that has none is left out.

    Args:
        x: inputs of the head, ``[N, n]``.
        labels: their classes ``[N]``, if they are known.
        seed: the draws follow from it.
    """
    draw = devices.numpy_generator(seed, "linear_regions", "pairs")
    order = draw.permutation(len(x))
    one, other = order, np.roll(order, 1)
    found: dict[Ends, Pair] = {}
    if labels is None:
        found["inputs"] = _few(x, one, other)
    else:
        differ = labels[one] != labels[other]
        found["other_class"] = _few(x, one[differ], other[differ])
        sorted_order = order[np.argsort(labels[order], kind="stable")]
        same = labels[sorted_order[1:]] == labels[sorted_order[:-1]]
        mixed = draw.permutation(int(same.sum()))
        found["same_class"] = _few(x, sorted_order[1:][same][mixed], sorted_order[:-1][same][mixed])
    found = {kind: pair for kind, pair in found.items() if len(pair[0])}
    if found:
        start = x[order[:PAIRS]]
        steps = draw.normal(size=start.shape)
        steps *= apart(found) / np.linalg.norm(steps, axis=1, keepdims=True)
        found["random"] = start, start + steps
    return found


def apart(found: Mapping[Ends, Pair]) -> float:
    """The median distance between two real inputs, over the pairs of all kinds."""
    distances = [np.linalg.norm(a - b, axis=1) for kind, (a, b) in found.items() if kind not in MADE]
    return float(np.median(np.concatenate(distances)))


def _few(x: Floats, one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> Pair:
    """The first pairs whose inputs differ."""
    differ = (x[one] != x[other]).any(1)
    return x[one[differ][:PAIRS]], x[other[differ][:PAIRS]]
