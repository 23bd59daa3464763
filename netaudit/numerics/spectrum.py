"""Singular values of a layer: exact through the float64 Gram matrix of the smaller side, or estimated by Lanczos.

Squaring costs the singular values below 1e-8 of the largest their digits; the laws here look at the bulk and the
upper edge, where the result is exact to 1e-12. Where the smallest ones count, for the rank, there is a true
decomposition. Above a size the distribution is estimated with an error bound: see :mod:`netaudit.numerics.lanczos`.

A layer has two spectra, with its mean and without. The mean is a matrix of rank one, so each singular value of A -
mean(A) lies between neighbours of A's own (Weyl), and the two distribution functions differ by at most 1/min(m, n)
anywhere: in a large layer one decomposition serves both, and without the mean only the largest values are found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics import arpack, lanczos
from netaudit.numerics import device as devices

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Floats = NDArray[np.float64]

Method = Literal["auto", "exact", "lanczos"]
METHODS: tuple[Method, ...] = ("auto", "exact", "lanczos")

LARGEST_EXACT = 8192
"""Smaller side up to which ``auto`` decomposes. On two cores that is no slower than Lanczos: both spectra take 28 s at
8192, Lanczos 47 (the committed benchmark). But a Gram matrix has half a gigabyte there, of which two or three are
needed, and time grows with the cube of the side, Lanczos' with its square."""

NO_MEAN = 0.05
"""Mean, in units of the size at which it makes a singular value of its own, std / (mn)^(1/4), below which a layer is
taken as centred: at a twentieth no singular value moves by more than 4e-4 of the largest (measured at 300 x 900 and
512 x 512), and a decomposition is saved. The sample mean of random entries is (mn)^(-1/4) of that size: 0.013 for
AlexNet's fc6.
"""

LARGEST_BOTH = 2048
"""Smaller side up to which ``auto`` decomposes a layer with its mean and without. Above, values that are right to
two ranks are right to 1/1024 of the distribution function, a fiftieth of the law's tolerance of 0.05, and at 4096 the
largest values take 0.5 s where a decomposition takes 2.2."""

_RAW_STEPS = 64  # of the matrix with its mean, of which only the largest values are looked for
_FOUND = 8  # of the largest, where the others lie between neighbours: the edge is judged on the first that is no spike
_RESTARTS = 60  # of ARPACK, of which a bulk takes about 20: then a decomposition is no slower
_BLOCK = 1024  # of the larger side a product: 4096 x 1024 float64 is 32 MB, large enough for full speed
_PANEL = 512  # of the smaller side: 256 and 1024 are 2 and 7 % slower at 4096


@dataclass(frozen=True)
class Spectrum:
    """Singular values in units of the entries' standard deviation, ascending, float64, ``min(m, n)`` of them.

    From Lanczos the largest are singular values, and the others quantiles of their estimated distribution.
    """

    centred: Floats
    """Of A - mean(A); those of A where the mean is below ``NO_MEAN``, or for all but the largest, see ``error``."""
    raw: Floats
    """Of A as it is, exact: what other tools report is of A as stored, and an exponent fitted to a few of the largest
    values feels what no distance to a law does."""
    gram: Tensor | None
    """Gram matrix ``[p, p]`` of the smaller side of (A - mean(A)) / std; only the lower triangle counts. None from
    Lanczos, which does without."""
    error: float = 0.0
    """Bound of the error of ``centred``'s distribution function; 0 where every value is exact."""
    note: str = ""
    """How the values were had, where not each is exact."""
    vectors: Floats | None = None
    """Eigenvectors ``[p, k]`` of the Gram matrix's largest eigenvalues, the largest first, where they are known."""

    @property
    def decomposed(self) -> bool:
        """Whether ``raw`` has every singular value, and not only their distribution."""
        return self.gram is not None or not self.error


def gram(weight: Tensor, mean: float, std: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Gram matrix ``[p, p]`` of the smaller side of (A - mean) / std, and its sums ``[p]`` along the other; float64.

    Only the lower triangle counts: little more than it is computed, at 0.6 of the price of a full product.
    """
    import torch

    larger = 0 if weight.shape[0] >= weight.shape[1] else 1
    N, p = weight.shape[larger], weight.shape[1 - larger]
    product = torch.zeros(p, p, dtype=torch.float64, device=device)
    sums = torch.zeros(p, dtype=torch.float64, device=device)
    buffer = torch.empty(min(_BLOCK, N) * p, dtype=torch.float64, device=device)  # new memory costs time
    for start in range(0, N, _BLOCK):
        part = weight.narrow(larger, start, min(_BLOCK, N - start))
        block = buffer[: part.numel()].view(part.shape).copy_(part).sub_(mean).div_(std)
        sums += block.sum(larger)
        tall = block if larger == 0 else block.T
        for left in range(0, p, _PANEL):
            right = min(left + _PANEL, p)
            product[left:right, :right].addmm_(tall[:, left:right].T, tall[:, :right])
    return product, sums


def singular_values(
    weight: Tensor, mean: float, std: float, device: torch.device, method: Method = "exact", seed: int = 0
) -> Spectrum:
    """Singular values of A = ``weight`` ``[out, in]`` with and without its mean, in O(N p^2), p = min(out, in).

    ``mean`` and ``std`` are those of the entries. The result stays in units of std, where no square can overflow.
    ``exact`` has every value of both; ``lanczos`` is O(N p) a step, and its probes follow from the seed. ``auto`` is
    exact up to ``LARGEST_BOTH``, decomposes once up to ``LARGEST_EXACT``, and takes Lanczos above.
    """
    p = min(weight.shape)
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
    """Float64 numbers that are in memory at once beside the weights, to plan with."""
    p = min(m, n)
    return lanczos.probes_for(p) * lanczos.STEPS * p if _by_lanczos(method, p) else 3 * p**2


def _by_lanczos(method: Method, p: int) -> bool:
    return method == "lanczos" or (method == "auto" and p > LARGEST_EXACT)


def _exact(weight: Tensor, mean: float, std: float, device: torch.device, seed: int) -> Spectrum:
    centred, raw = _decomposed(weight, mean, std, device)
    return Spectrum(_eigenvalues(centred) if _has_mean(weight, mean, std) else raw, raw, centred)


def _once(weight: Tensor, mean: float, std: float, device: torch.device, seed: int) -> Spectrum:
    from scipy.sparse.linalg import ArpackError

    centred, raw = _decomposed(weight, mean, std, device)
    p = len(raw)
    try:
        squares, vectors = arpack.largest(centred, _FOUND, _RESTARTS)
    except ArpackError:  # too close to each other to be told apart
        return Spectrum(_eigenvalues(centred), raw, centred)
    largest = np.maximum(squares[::-1], 0.0)
    others = _between(raw**2, largest, float(centred.diagonal().sum()))
    note = (
        f"Without the mean the {_FOUND} largest singular values are exact, and the distribution of the others is right "
        f"up to 2/{p}: they lie between neighbours of those with it, and have the exact sum of squares."
    )
    return Spectrum(np.sqrt(np.concatenate([others, largest])), raw, centred, 2 / p, note, vectors)


def _between(shifted: Floats, largest: Floats, total: float) -> Floats:
    """Eigenvalues below the ``largest``, each within a neighbour of those ``shifted`` by rank one; all ascending.

    Each is as far from its own towards the next, or towards the one before, as gives all the exact sum ``total``,
    on which the scale of the bulk rests and with it the test of its edge.
    """
    own, above = (np.minimum(part, largest[0]) for part in (shifted[: -len(largest)], shifted[1 : 1 - len(largest)]))
    missing = total - float(largest.sum()) - float(own.sum())
    step = above - own if missing > 0 else np.diff(own, prepend=own[0])
    room = float(step.sum())
    found: Floats = own + np.clip(missing / room, -1.0, 1.0) * step if room else own
    return found


def _decomposed(weight: Tensor, mean: float, std: float, device: torch.device) -> tuple[Tensor, Floats]:
    """The Gram matrix of (A - mean) / std, and the singular values of A / std."""
    import torch

    centred, sums = gram(weight, mean, std, device)
    shift, larger = mean / std, max(weight.shape)
    # (B + mu 1 1^T)^T (B + mu 1 1^T) for the tall, centred B: no second product over the larger side
    cross = shift * sums
    shifted = torch.add(centred, cross[:, None]).add_(cross + shift**2 * larger)  # in place: new memory costs time
    return centred, _eigenvalues(shifted)


def _estimated(weight: Tensor, mean: float, std: float, device: torch.device, seed: int) -> Spectrum:
    p = min(weight.shape)
    with devices.exact_float32():
        generator = devices.generator(seed, "lanczos", f"{weight.shape[0]}x{weight.shape[1]}")
        found = lanczos.estimate(gram_product(weight, mean / std, std, device), p, generator, device)
        centred = np.sqrt(found.values)
        raw = centred
        if _has_mean(weight, mean, std):
            # all but the largest lie between neighbours of the centred ones
            shifted = lanczos.estimate(
                gram_product(weight, 0.0, std, device), p, generator, device, probes=2, steps=_RAW_STEPS
            )
            known = np.sqrt(shifted.values[p - shifted.known :])
            raw = np.sort(np.concatenate([centred[: p - known.size], known]))
    note = (
        f"Singular values by stochastic Lanczos quadrature ({lanczos.probes_for(p)} probes, {min(lanczos.STEPS, p)} "
        f"steps): "
        f"the {found.known} largest, and the distribution of the others up to {found.error:.2g}."
    )
    return Spectrum(centred, raw, None, found.error, note)


def gram_product(weight: Tensor, shift: float, std: float, device: torch.device) -> Callable[[Tensor], Tensor]:
    """The product of rows ``[k, p]`` with the Gram matrix of the smaller side of B = A / std - shift, not formed.

    In blocks of A as it is stored, in float32 unless A is float64; the rows are float64.
    """
    import torch

    tall = weight if weight.shape[0] >= weight.shape[1] else weight.T
    dtype = torch.float64 if weight.dtype == torch.float64 else torch.float32

    def product(rows: Tensor) -> Tensor:
        total = torch.zeros_like(rows)
        for start in range(0, tall.shape[0], _BLOCK):
            block = tall[start : start + _BLOCK].to(device=device, dtype=dtype).div(std).sub_(shift)
            total += (rows.to(dtype) @ block.T @ block).double()
        return total

    return product


def _has_mean(weight: Tensor, mean: float, std: float) -> bool:
    m, n = weight.shape
    return bool(abs(mean / std) * (m * n) ** 0.25 >= NO_MEAN)


def true_values(weight: Tensor, std: float, device: torch.device) -> Floats:
    """Singular values of A / std by a singular value decomposition in float64, ascending: the smallest ones, too.

    Twice to five times the price of the Gram matrix's.
    """
    import torch

    def work(where: torch.device) -> Floats:
        values: Floats = torch.linalg.svdvals(weight.to(device=where, dtype=torch.float64) / std).flip(0).cpu().numpy()
        return values

    return devices.with_cpu_fallback(work, devices.float64_device(device))


def centred_values(matrix: Tensor, device: torch.device) -> Floats:
    """Singular values of a matrix that is centred already, ascending, float64."""

    def work(where: torch.device) -> Floats:
        return _eigenvalues(gram(matrix, 0.0, 1.0, where)[0])

    return devices.with_cpu_fallback(work, devices.float64_device(device))


def output_vectors(spectrum: Spectrum, weight: Tensor, mean: float, std: float, count: int) -> Floats:
    """Singular vectors over the outputs, ``[out, count]``, of the ``count`` largest values of A - mean(A); unit norm.

    From products with the Gram matrix, or without one with A itself, on the CPU; see :mod:`netaudit.numerics.arpack`.
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
    if weight.shape[0] > weight.shape[1]:  # the vectors are over the inputs: one product more
        V = torch.from_numpy(vectors).to(weight.device)
        blocks = [
            (weight[start : start + _BLOCK].double().sub(mean).div_(std) @ V).cpu().numpy()
            for start in range(0, weight.shape[0], _BLOCK)
        ]
        vectors = np.concatenate(blocks)
        vectors /= np.linalg.norm(vectors, axis=0)
    return np.asarray(vectors)


def _eigenvalues(gram: Tensor) -> Floats:
    """Singular values from a Gram matrix of which the lower triangle counts, ascending."""
    import torch

    # the transpose is in Fortran's order already: LAPACK's copy of it is a straight one, a tenth of the time at 4096
    values: Floats = torch.linalg.eigvalsh(gram.T, UPLO="U").clamp_min(0).sqrt().cpu().numpy()
    return values
