"""Singular values of a layer: exact through the Gram matrix of the smaller side, or estimated by Lanczos.

The Gram matrix is formed and decomposed in float64. Squaring costs the singular values below 1e-8 of the largest their
digits; the laws here look at the bulk and the upper edge, where the result is exact to 1e-12. Where the smallest ones
count, for the rank, there is a true decomposition. Above a size the distribution is estimated with an error bound: see
:mod:`netaudit.numerics.lanczos`.

A layer has two spectra, that of the centred matrix A - mean(A) and that of the uncentred A. The mean is a matrix of
rank one, so that each singular value of the one lies between neighbours of the other's (Weyl's inequalities), and the
two distribution functions differ by at most 1/p anywhere. In a large layer one decomposition therefore serves both, and
of the centred matrix only the largest values are found.

A layer that is a product of two thin factors (an adapter alone) needs none of this: see
:mod:`netaudit.numerics.low_rank`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import arpack, lanczos
from netaudit.numerics import device as devices
from netaudit.numerics.gram import BLOCK, gram_matrix, gram_product, gram_singular_values
from netaudit.numerics.low_rank import Factors, product_values

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Floats = NDArray[np.float64]

Method = Literal["auto", "exact", "lanczos"]
METHODS: tuple[Method, ...] = ("auto", "exact", "lanczos")
"""How singular values can be had; see :func:`singular_values`."""

LARGEST_EXACT = 8192
"""Largest p that ``auto`` decomposes. Up to there a decomposition is no slower than Lanczos on the committed
benchmark's machine. But a Gram matrix has half a gigabyte there, of which two or three are needed, and time grows with
the cube of p, Lanczos' with its square."""

NO_MEAN = 0.05
"""Mean below which a layer is taken as centred, in units of std / (mn)^(1/4), the mean that makes a singular value of
its own. At a twentieth no singular value moves by more than 4e-4 of the largest (measured at 300 x 900 and 512 x 512),
and a decomposition is saved. The sample mean of random entries is (mn)^(-1/4) of that unit: 0.013 for AlexNet's fc6."""

LARGEST_BOTH = 2048
"""Largest p for which ``auto`` decomposes both the centred and the uncentred matrix. Above, values that are right to
two ranks are right to 1/1024 of the distribution function, a fiftieth of the law's tolerance of 0.05, and the few
largest values take a fraction of the time of a decomposition."""

_UNCENTRED_STEPS = 64
"""Lanczos steps for the uncentred matrix, of which only the largest values are looked for."""
_FOUND = 8
"""Largest centred values that are found where the others lie between neighbours: the edge of the law is judged on the
first that is no spike."""
_RESTARTS = 60
"""Restarts of ARPACK, of which a bulk takes about 20; with more a decomposition is no slower."""


@dataclass(frozen=True)
class Spectrum:
    """Singular values ``[p]`` in units of the entries' standard deviation, ascending, float64.

    From Lanczos the largest are singular values, and the others quantiles of their estimated distribution.
    """

    centred: Floats
    """Of A - mean(A). Where the mean is below ``NO_MEAN`` they are those of A, unless A is a product of factors; where
    ``error`` is above 0 all but the largest are known up to that error."""
    uncentred: Floats
    """Of A as it is stored, exact unless from Lanczos. Other tools report on A as stored, and an exponent that is
    fitted to a few of the largest values feels what no distance to a law does."""
    gram: Tensor | None
    """Gram matrix ``[p, p]`` of the smaller side of (A - mean(A)) / std, of which only the lower triangle counts. None
    from Lanczos and from factors, which do without."""
    error: float = 0.0
    """Bound of the error of the distribution function of ``centred``; 0 where every value is exact."""
    known: int = 0
    """How many of the largest of ``centred`` are exact: all p where ``error`` is 0, unless they are from Lanczos."""
    vectors: Floats | None = None
    """Eigenvectors ``[p, k]`` of the Gram matrix's k largest eigenvalues, the largest first, where they are known."""
    factored: bool = False
    """Whether A is a product of thin factors, from which every value was computed: those beyond its rank are 0."""

    @property
    def decomposed(self) -> bool:
        """Whether ``uncentred`` has every singular value, and not only their distribution."""
        return self.factored or self.gram is not None or not self.error


def singular_values(
    weight: Tensor,
    mean: float,
    std: float,
    device: torch.device,
    method: Method = "exact",
    seed: int = 0,
    factors: Factors | None = None,
) -> Spectrum:
    """Return the singular values of A ``[m, n]``, centred and uncentred, in units of std, where no square can overflow.

    Args:
        weight: A, of any floating dtype.
        mean: the mean of A's entries.
        std: their standard deviation, above 0.
        device: where the work runs; the CPU takes over where it has no float64 or too little memory.
        method: ``exact`` has every value of both in O(N p^2). ``lanczos`` has the largest values and the distribution
            of the others, in O(N p) a step. ``auto`` is exact up to ``LARGEST_BOTH``, decomposes once up to
            ``LARGEST_EXACT``, and takes Lanczos above. The default is the plainest.
        seed: what the probes of Lanczos follow from, with the shape.
        factors: L ``[m, r]`` and R ``[r, n]`` where A is their product. If r is below p - 1, every value of both comes
            from them in O((m + n) r^2), unless Lanczos was asked for.
    """
    p = min(weight.shape)
    if factors is not None and _thin(factors, p) and method != "lanczos":
        return _of_factors(factors, mean, std, device)
    if _by_lanczos(method, p):
        work = _estimated
    elif method == "auto" and p > LARGEST_BOTH and _has_mean(weight, mean, std):
        work = _once
    else:
        work = _exact
    return devices.with_cpu_fallback(
        lambda where: work(weight, mean, std, where, seed), devices.float64_device(device), "the spectrum"
    )


def spectrum_numbers(m: int, n: int, method: Method) -> int:
    """Return how many float64 numbers are in memory at once beside the weights ``[m, n]``, to plan with."""
    p = min(m, n)
    return lanczos.probes_for(p) * lanczos.STEPS * p if _by_lanczos(method, p) else 3 * p**2


def true_values(weight: Tensor, std: float, device: torch.device) -> Floats:
    """Return the singular values ``[p]`` of A / std, ascending, the smallest ones to rounding of the largest, too.

    A singular value decomposition in float64 does not square the matrix, and costs a few times as much.
    """
    import torch

    def work(where: torch.device) -> Floats:
        values: Floats = torch.linalg.svdvals(weight.to(device=where, dtype=torch.float64) / std).flip(0).cpu().numpy()
        return values

    return devices.with_cpu_fallback(work, devices.float64_device(device))


def centred_values(matrix: Tensor, device: torch.device) -> Floats:
    """Return the singular values ``[p]`` of a matrix ``[m, n]`` that is centred already, ascending, float64."""

    def work(where: torch.device) -> Floats:
        return gram_singular_values(gram_matrix(matrix, 0.0, 1.0, where)[0])

    return devices.with_cpu_fallback(work, devices.float64_device(device))


def output_vectors(spectrum: Spectrum, weight: Tensor, mean: float, std: float, count: int) -> Floats:
    """Return the singular vectors ``[m, count]`` over the outputs of the ``count`` largest values of A - mean(A).

    Each has norm 1, and the largest value's comes first. They come from products with the Gram matrix, or without one
    with A itself, on the CPU; see :mod:`netaudit.numerics.arpack`. ``spectrum``, ``mean`` and ``std`` are A's own.

    Raises:
        ArpackError: the vectors were not found.
    """
    import torch

    if spectrum.vectors is not None and spectrum.vectors.shape[1] >= count:
        vectors = spectrum.vectors[:, :count]
    elif spectrum.gram is not None:
        _, vectors = arpack.largest(spectrum.gram, count)
    else:
        product = gram_product(weight, mean / std, std, torch.device("cpu"))
        p = min(weight.shape)
        _, vectors = arpack.leading(lambda v: product(torch.from_numpy(v.reshape(1, -1)))[0].numpy(), p, count)
    if weight.shape[0] >= weight.shape[1]:  # the vectors are over the inputs: one product more
        V = torch.from_numpy(vectors).to(weight.device)
        blocks = [
            (weight[start : start + BLOCK].double().sub(mean).div_(std) @ V).cpu().numpy()
            for start in range(0, weight.shape[0], BLOCK)
        ]
        vectors = np.concatenate(blocks)
        norms = np.linalg.norm(vectors, axis=0)
        vectors /= np.where(norms > 0, norms, 1.0)  # the product with a vector of the value 0 is 0
    return np.asarray(vectors)


def _thin(factors: Factors, p: int) -> bool:
    return factors[0].shape[1] + 1 < p


def _of_factors(factors: Factors, mean: float, std: float, device: torch.device) -> Spectrum:
    def work(where: torch.device) -> Spectrum:
        centred, vectors = product_values(factors, std, where, mean)
        uncentred, _ = product_values(factors, std, where)
        return Spectrum(centred, uncentred, None, known=len(centred), vectors=vectors, factored=True)

    return devices.with_cpu_fallback(work, devices.float64_device(device), "the spectrum")


def _by_lanczos(method: Method, p: int) -> bool:
    return method == "lanczos" or (method == "auto" and p > LARGEST_EXACT)


def _has_mean(weight: Tensor, mean: float, std: float) -> bool:
    m, n = weight.shape
    return bool(abs(mean / std) * (m * n) ** 0.25 >= NO_MEAN)


def _exact(weight: Tensor, mean: float, std: float, device: torch.device, seed: int) -> Spectrum:
    gram, uncentred = _decomposed(weight, mean, std, device)
    centred = gram_singular_values(gram) if _has_mean(weight, mean, std) else uncentred
    return Spectrum(centred, uncentred, gram, known=len(centred))


def _once(weight: Tensor, mean: float, std: float, device: torch.device, seed: int) -> Spectrum:
    from scipy.sparse.linalg import ArpackError

    gram, uncentred = _decomposed(weight, mean, std, device)
    p = len(uncentred)
    try:
        squares, vectors = arpack.largest(gram, _FOUND, _RESTARTS)
    except ArpackError:  # they are too close to each other
        return Spectrum(gram_singular_values(gram), uncentred, gram, known=p)
    largest = np.maximum(squares[::-1], 0.0)
    others = _between(uncentred**2, largest, float(gram.diagonal().sum()))
    return Spectrum(np.sqrt(np.concatenate([others, largest])), uncentred, gram, 2 / p, _FOUND, vectors)


def _between(shifted: Floats, largest: Floats, total: float) -> Floats:
    """Return eigenvalues below the ``largest``, each within a neighbour of those ``shifted`` by rank one; ascending.

    Each is as far from its own towards the next, or towards the one before, as gives all the exact sum ``total``,
    on which the scale of the bulk rests and with it the test of its edge.
    """
    own, above = (np.minimum(part, largest[0]) for part in (shifted[: -len(largest)], shifted[1 : 1 - len(largest)]))
    missing = total - float(largest.sum()) - float(own.sum())
    step = above - own if missing > 0 else np.diff(own, prepend=own[0])
    room = float(step.sum())
    values: Floats = own + np.clip(missing / room, -1.0, 1.0) * step if room else own
    return values


def _decomposed(weight: Tensor, mean: float, std: float, device: torch.device) -> tuple[Tensor, Floats]:
    """Return the Gram matrix of (A - mean) / std, and the singular values of A / std."""
    import torch

    centred, sums = gram_matrix(weight, mean, std, device)
    shift, N = mean / std, max(weight.shape)
    # (T + mu 1 1^T)^T (T + mu 1 1^T) for the tall, centred T: no second product over the larger side
    cross = shift * sums
    uncentred = torch.add(centred, cross[:, None]).add_(cross + shift**2 * N)  # in place: new memory costs time
    return centred, gram_singular_values(uncentred)


def _estimated(weight: Tensor, mean: float, std: float, device: torch.device, seed: int) -> Spectrum:
    p = min(weight.shape)
    with devices.exact_float32():
        generator = devices.generator(seed, "lanczos", f"{weight.shape[0]}x{weight.shape[1]}")
        estimate = lanczos.estimate(gram_product(weight, mean / std, std, device), p, generator, device)
        centred = uncentred = np.sqrt(estimate.values)
        if _has_mean(weight, mean, std):
            # all but the largest lie between neighbours of the centred ones
            product = gram_product(weight, 0.0, std, device)
            shifted = lanczos.estimate(product, p, generator, device, probes=2, steps=_UNCENTRED_STEPS)
            known = np.sqrt(shifted.values[p - shifted.known :])
            uncentred = np.sort(np.concatenate([centred[: p - known.size], known]))
    return Spectrum(centred, uncentred, None, estimate.error, estimate.known)
