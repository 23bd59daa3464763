"""The bag of words: logistic regression on how often each word comes, blind to their order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse, special
from torch import Tensor

from netaudit.numerics import device as devices
from netaudit.training.text import TextSet

Floats = NDArray[np.float64]
PENALTIES = (1.0, 3.0, 10.0, 30.0, 100.0)
"""Of half the squared norm of the coefficients, beside the sum of the losses; the best on a fifth of the training
texts is taken."""
VALIDATION = 5
"""One training text in so many chooses the penalty."""


@dataclass(frozen=True, eq=False)
class BagOfWords:
    """A logistic regression."""

    coefficients: Floats
    """What each word adds to the logit, ``[V]``; padding nothing."""
    intercept: float
    penalty: float
    accuracy: float
    """Of the test texts."""


def bag_of_words(data: TextSet) -> BagOfWords:
    """Fit to the training texts with the penalty that a fifth of them likes best, and test."""
    train, test = (_counts(part.x, len(data.words)) for part in (data.train, data.test))
    y = data.train.y.numpy().astype(np.float64)
    order = devices.numpy_generator(0, "bag of words").permutation(len(y))
    held, rest = np.array_split(order, [len(order) // VALIDATION])
    scores = [_accuracy(train[held], y[held], *fitted(train[rest], y[rest], penalty)) for penalty in PENALTIES]
    penalty = PENALTIES[int(np.argmax(scores))]
    coefficients, intercept = fitted(train, y, penalty)
    return BagOfWords(coefficients, intercept, penalty, _accuracy(test, data.test.y.numpy(), coefficients, intercept))


def fitted(x: sparse.csr_array, y: Floats, penalty: float) -> tuple[Floats, float]:
    """The coefficients and the intercept, which is not penalised, by L-BFGS.

    Args:
        x: counts ``[N, V]``.
        y: labels 0 or 1, ``[N]``.
        penalty: of half the squared norm of the coefficients, beside the sum of the losses.
    """
    sign = 2 * y - 1

    def loss(w: Floats) -> tuple[float, Floats]:
        margin = sign * (x @ w[:-1] + w[-1])
        slope = -sign * special.expit(-margin)
        value = np.logaddexp(0, -margin).sum() + penalty * (w[:-1] @ w[:-1]) / 2
        return float(value), np.append(x.T @ slope + penalty * w[:-1], slope.sum())

    found = optimize.minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return found.x[:-1], float(found.x[-1])


def _counts(x: Tensor, words: int) -> sparse.csr_array:
    """How often each word comes in each text, ``[N, V]``; padding never."""
    numbers = x.numpy().astype(np.int64)
    rows, columns = np.nonzero(numbers)
    ones = np.ones(len(rows))
    return sparse.csr_array((ones, (rows, numbers[rows, columns])), shape=(len(numbers), words))  # repeated ones add up


def _accuracy(x: sparse.csr_array, y: NDArray[np.generic], coefficients: Floats, intercept: float) -> float:
    return float(np.mean((x @ coefficients + intercept > 0) == (y == 1)))
