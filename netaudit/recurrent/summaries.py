"""What points and modes say of a recurrent network: dimension, slow modes, and what lies along what. Pure NumPy.

The measures are those of Maheswaranathan, Williams, Golub, Ganguli and Sussillo (2019, arXiv:1906.10720), but for the
participation ratio (Gao et al. 2017).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
NEIGHBOURS = 10
"""The nearest points, the point itself included, whose first principal axis is the local tangent."""


def variances(points: ArrayLike) -> Floats:
    """Variances of points ``[n, state]`` along their principal axes, descending; none below 0.

    >>> variances([[0.0, 0.0], [2.0, 0.0], [0.0, 0.0], [2.0, 0.0]]).tolist()
    [1.0, 0.0]
    """
    centred = np.asarray(points, dtype=np.float64)
    centred = centred - centred.mean(0)
    narrow = centred @ centred.T if len(centred) < centred.shape[1] else centred.T @ centred
    found: Floats = np.clip(np.linalg.eigvalsh(narrow)[::-1], 0, None) / len(centred)
    return found


def participation_ratio(points: ArrayLike) -> float:
    """``(sum v)^2 / sum v^2`` of the variances v: the number of axes if all were equal; NaN where there is one point.

    >>> participation_ratio([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    2.0
    """
    v = variances(points)
    return float(v.sum() ** 2 / (v**2).sum()) if v.any() else float("nan")


def first_axis_share(points: ArrayLike) -> float:
    """The share of the variance on the first principal axis: 1 where the points lie on a line; NaN for one point."""
    v = variances(points)
    return float(v[0] / v.sum()) if v.any() else float("nan")


def slow_modes(time_constants: ArrayLike, length: float) -> NDArray[np.int64]:
    """How many modes of each point are slower than a sequence is long, ``[n]``: a line attractor has one.

    Args:
        time_constants: in steps, ``[n, state]``.
        length: of a sequence, in steps; the median one.
    """
    count: NDArray[np.int64] = np.count_nonzero(np.asarray(time_constants) > length, axis=1)
    return count


def gaps(time_constants: ArrayLike) -> Floats:
    """How many times as slow the slowest mode of each point is as the next, ``[n]``; 1 where both stand still.

    Args:
        time_constants: in steps, ``[n, state]``, descending, at least two.
    """
    first, second = np.asarray(time_constants, dtype=np.float64)[:, :2].T
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.where(first == second, 1.0, first / second)
    return found


def tangents(points: ArrayLike, *, neighbours: int = NEIGHBOURS) -> Floats:
    """The direction in which the points near each point spread most, ``[n, state]``, of length 1 and either sign.

    Args:
        points: ``[n, state]``, at least two.
        neighbours: the point itself and the nearest others.
    """
    points = np.asarray(points, dtype=np.float64)
    found = np.empty_like(points)
    for number, point in enumerate(points):
        near = points[np.argsort(np.linalg.norm(points - point, axis=1), kind="stable")[:neighbours]]
        found[number] = np.linalg.svd(near - near.mean(0), full_matrices=False)[2][0]
    return found


def alignment(directions: ArrayLike, others: ArrayLike) -> Floats:
    """``|cos|`` of the angle between directions, row by row: of the slow direction with the tangent or the readout.

    >>> alignment([[1.0, 0.0], [0.0, 2.0]], [-3.0, 0.0]).tolist()
    [1.0, 0.0]
    """
    one, two = np.asarray(directions), np.asarray(others)
    sizes = np.linalg.norm(one, axis=-1) * np.linalg.norm(two, axis=-1)
    found: Floats = np.abs((one * two).sum(-1)) / sizes
    return found


def selectivity(
    left: ArrayLike, input_jacobian: ArrayLike, tokens: ArrayLike, held: ArrayLike, weights: ArrayLike
) -> float:
    """Spearman's correlation between how far a token moves the state along the slow mode and how much it should count.

    A token x moves it by ``l B (x - x*)`` with the left vector l and ``B = dF/dx``.

    Args:
        left: l, ``[state]``; its real part counts.
        input_jacobian: B, ``[state, input]``.
        tokens: the inputs x of the tokens, ``[V, input]``.
        held: x*, ``[input]``.
        weights: of the tokens in a bag-of-words classifier, ``[V]``.
    """
    from scipy.stats import spearmanr

    pushed = _pushes(left, input_jacobian, tokens, held)
    return float(spearmanr(pushed, np.asarray(weights)).statistic)


def integration(
    left: ArrayLike, input_jacobian: ArrayLike, sequences: Sequence[ArrayLike], held: ArrayLike, logits: ArrayLike
) -> float:
    """R^2 between the logit after a sequence and the sum of what each of its inputs adds along the slow mode.

    Args:
        left: l, ``[state]``.
        input_jacobian: B, ``[state, input]``.
        sequences: of inputs, ``[T, input]`` each.
        held: x*, ``[input]``.
        logits: the network's readout after each sequence.
    """
    sums = [_pushes(left, input_jacobian, sequence, held).sum() for sequence in sequences]
    return float(np.corrcoef(sums, np.asarray(logits, dtype=np.float64))[0, 1] ** 2)


def _pushes(left: ArrayLike, input_jacobian: ArrayLike, inputs: ArrayLike, held: ArrayLike) -> Floats:
    along: Floats = np.real(np.asarray(left)) @ np.asarray(input_jacobian)
    pushed: Floats = (np.asarray(inputs) - np.asarray(held)) @ along
    return pushed
