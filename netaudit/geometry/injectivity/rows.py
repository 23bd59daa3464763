"""The rows of a layer as half-spaces: what every step of the decision is given.

With a bias, an input x is the ray of y = (x, 1) in one dimension more, and row i is active where r_i y >= 0 with r_i =
(w_i, b_i); without one, y = x and r_i = w_i. The domain is cut out by coordinates of y that are positive: the last one
with a bias, and all of x on the orthant. D is the length of y.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from netaudit.errors import NetauditError
from netaudit.geometry.injectivity import exact

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor

    from netaudit.geometry.injectivity.arrays import Floats, Indices
    from netaudit.geometry.injectivity.certificate import Domain

_ULP = float(np.finfo(np.float64).eps)
_BLOCK = 2**22
"""Bytes of the rows that are scaled together: they stay in the cache of a processor."""
_LEAST = -1000
"""Least power of two that is scaled away, whose inverse is still finite: rows below it are scaled by 2^1000."""


@dataclass(frozen=True)
class Rows:
    """The rows whose weights are not all 0: the others are constant and can tell no inputs apart."""

    weight: Floats
    """``[m, n]`` float64, as stored."""
    bias: Floats | None
    """``[m]`` float64; None where all are 0."""
    orthant: bool
    """Whether only x >= 0 is asked about."""
    _integers: dict[int, exact.Integers] = field(default_factory=dict, repr=False)

    @property
    def m(self) -> int:
        """Number of rows."""
        return len(self.weight)

    @property
    def n(self) -> int:
        """Number of inputs."""
        return int(self.weight.shape[1])

    @property
    def width(self) -> int:
        """D, the length of y."""
        return self.n + (self.bias is not None)

    @cached_property
    def unit(self) -> Floats:
        """``[m, D]``: the r_i divided by their norms, rounded: only signs that clear the rounding are read off it."""
        whole = self.weight if self.bias is None else np.column_stack([self.weight, self.bias])
        return unit_rows(whole)

    @cached_property
    def linear(self) -> Floats:
        """``[m, n]``: the w_i divided by their norms, rounded."""
        return self.unit if self.bias is None else unit_rows(self.weight)

    @cached_property
    def positive(self) -> Indices:
        """Indices of the coordinates of y that are positive in the domain."""
        first = 0 if self.orthant else self.n
        return np.arange(first, self.width)

    def integers(self, row: int) -> exact.Integers:
        """r_i times a positive factor, exactly."""
        if row not in self._integers:
            whole = self.weight[row] if self.bias is None else np.append(self.weight[row], self.bias[row])
            self._integers[row] = exact.integers(whole)[0]
        return self._integers[row]

    def signs(self, y: Floats) -> NDArray[np.int8]:
        """The signs ``[m]`` of r_i y at a point of float64 numbers, proved: -1, 0 or 1.

        A product in float64 decides where it is larger than its rounding error can be, and integers elsewhere.
        """
        scaled = np.ldexp(y, -int(np.frexp(np.abs(y).max(initial=0.0))[1]))
        values = self.unit @ scaled
        # D products and sums, the rounding of the rows' norms, and what underflows. The sizes of the products add up to
        # at most the product of the norms, of which the rows' are 1; a hundredth covers the rounding of all that.
        error = (self.width + 8) * _ULP * 1.01 * float(np.linalg.norm(scaled)) + 1e-290
        signs = np.sign(values).astype(np.int8)
        unsure = np.flatnonzero(np.abs(values) <= error)
        if len(unsure):
            point = exact.integers(y)[0]
            for row in unsure.tolist():
                value = exact.dot(self.integers(row), point)
                signs[row] = (value > 0) - (value < 0)
        return signs


def checked(
    weight: ArrayLike | Tensor, bias: ArrayLike | Tensor | None, domain: Domain
) -> tuple[Rows, tuple[int, int]]:
    """Make rows of what a user gives, and give the shape ``(out, in)`` that it had with its rows of zeros.

    Args:
        weight: ``[out, in]``, an array or tensor of real numbers, read as float64.
        bias: ``[out]``, or None.
        domain: ``all`` or ``orthant``.

    Raises:
        NetauditError: the weight is no matrix, is empty, is not finite, or does not fit the bias; no such domain.
    """
    if domain not in ("all", "orthant"):
        raise NetauditError(f"{domain!r} is no domain", hint="use 'all' or 'orthant'")
    W = _numbers(weight, "weight", 2)
    b = None if bias is None else _numbers(bias, "bias", 1)
    if b is not None and len(b) != len(W):
        raise NetauditError(f"the bias has {len(b)} numbers, the weight {len(W)} rows", hint="a weight is [out, in]")
    used = W.any(axis=1)
    biased = b is not None and bool(b[used].any())
    return Rows(W[used], b[used] if b is not None and biased else None, domain == "orthant"), (len(W), W.shape[1])


def _numbers(values: ArrayLike | Tensor, name: str, dimensions: int) -> Floats:
    """The numbers in float64.

    Raises:
        NetauditError: they have other dimensions, are none, are not real or not finite.
    """
    shape = "[out, in]" if dimensions == 2 else "[out]"
    if hasattr(values, "detach"):  # a tensor, without importing PyTorch for arrays
        values = values.detach().cpu()
        values = values.double().numpy() if values.is_floating_point() else values.numpy()
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise NetauditError(
            f"the {name} is no array: its rows differ in length", hint=f"give an array {shape}"
        ) from error
    if array.ndim != dimensions or array.size == 0:
        raise NetauditError(
            f"the {name} has the shape {array.shape}", hint=f"give an array {shape} with at least one number"
        )
    if array.dtype.kind not in "fiub":
        raise NetauditError(f"the {name} is of type {array.dtype}", hint="give real numbers")
    array = array.astype(np.float64, copy=False)
    if not np.isfinite(array).all():
        raise NetauditError(f"the {name} holds numbers that are not finite")
    return array


def unit_rows(matrix: Floats) -> Floats:
    """The rows divided by their norms, without overflow; a row of zeros stays one.

    >>> unit_rows(np.array([[3e300, 4e300], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    unit = np.empty_like(matrix)
    step = max(1, _BLOCK // (8 * max(1, matrix.shape[1])))
    for start in range(0, len(matrix), step):
        part = matrix[start : start + step]
        largest = np.abs(part).max(axis=1, initial=0.0, keepdims=True)
        _, exponent = np.frexp(largest)
        scaled = part * np.ldexp(1.0, -np.maximum(exponent, _LEAST))
        norms = np.linalg.norm(scaled, axis=1, keepdims=True)
        unit[start : start + step] = scaled / np.where(norms > 0, norms, 1.0)
    return unit
