"""Singular values of a layer, exact: the float64 Gram matrix of the smaller side, then a symmetric eigensolver.

Squaring costs the singular values below 1e-8 of the largest their digits; the laws here look at the bulk and the
upper edge, where the result is exact to 1e-12.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsymv, dsyrk

from netaudit import device as devices

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Floats = NDArray[np.float64]

NO_MEAN = 0.05
"""Mean, in units of the size at which it makes a singular value of its own, std / (mn)^(1/4), below which a layer is
taken as centred: at a twentieth no singular value moves by more than 4e-4 of the largest (measured at 300 x 900 and
512 x 512), and a decomposition is saved. The sample mean of random entries is (mn)^(-1/4) of that size: 0.013 for
AlexNet's fc6.
"""

_BLOCK = 1024  # columns a product: 4096 x 1024 float64 is 32 MB, large enough for full speed


@dataclass(frozen=True)
class Spectrum:
    """Singular values in units of the entries' standard deviation, ascending, float64, ``min(m, n)`` of them."""

    centred: Floats
    """Of A - mean(A); those of A where the mean is below ``NO_MEAN``."""
    raw: Floats
    """Of A as it is, exact: what other tools report is of A as stored, and an exponent fitted to a few of the largest
    values feels what no distance to a law does."""
    gram: Tensor
    """Gram matrix ``[p, p]`` of the smaller side of (A - mean(A)) / std; only the lower triangle counts."""


def gram(weight: Tensor, mean: float, std: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Gram matrix ``[p, p]`` of the smaller side of (A - mean) / std, and its sums ``[p]`` along the other; float64.

    Only the lower triangle counts: on the CPU a symmetric product fills no more, at half the cost of a full one.
    """
    import torch

    tall = weight if weight.shape[0] >= weight.shape[1] else weight.T  # [N, p]
    p = tall.shape[1]
    product = torch.zeros(p, p, dtype=torch.float64, device=device)
    sums = torch.zeros(p, dtype=torch.float64, device=device)
    for start in range(0, tall.shape[0], _BLOCK):
        block = tall[start : start + _BLOCK].to(device=device, dtype=torch.float64).sub(mean).div_(std).contiguous()
        if device.type == "cpu":  # the transposes are views in Fortran's order: nothing is copied
            dsyrk(1.0, block.numpy().T, beta=1.0, c=product.numpy().T, overwrite_c=1)
        else:
            product.addmm_(block.T, block)
        sums += block.sum(0)
    return product, sums


def singular_values(weight: Tensor, mean: float, std: float, device: torch.device) -> Spectrum:
    """Singular values of A = ``weight`` ``[out, in]`` with and without its mean, in O(N p^2), p = min(out, in).

    ``mean`` and ``std`` are those of the entries. The result stays in units of std, where no square can overflow.
    """
    return devices.with_cpu_fallback(lambda where: _exact(weight, mean, std, where), devices.float64_device(device))


def _exact(weight: Tensor, mean: float, std: float, device: torch.device) -> Spectrum:
    import torch

    centred, sums = gram(weight, mean, std, device)
    shift, larger = mean / std, max(weight.shape)
    # (B + mu 1 1^T)^T (B + mu 1 1^T) for the tall, centred B: no second product over the larger side
    cross = shift * sums
    raw = _roots(torch.linalg.eigvalsh(centred + (cross[:, None] + cross[None, :] + shift**2 * larger)))
    if abs(shift) * (weight.shape[0] * weight.shape[1]) ** 0.25 < NO_MEAN:
        return Spectrum(raw, raw, centred)
    return Spectrum(_roots(torch.linalg.eigvalsh(centred)), raw, centred)


def centred_values(matrix: Tensor, device: torch.device) -> Floats:
    """Singular values of a matrix that is centred already, ascending, float64."""
    import torch

    def work(where: torch.device) -> Floats:
        return _roots(torch.linalg.eigvalsh(gram(matrix, 0.0, 1.0, where)[0]))

    return devices.with_cpu_fallback(work, devices.float64_device(device))


def output_vectors(spectrum: Spectrum, weight: Tensor, mean: float, std: float, count: int) -> Floats:
    """Singular vectors over the outputs, ``[out, count]``, of the ``count`` largest values of A - mean(A); unit norm.

    Lanczos on the Gram matrix (ARPACK, on the CPU), from a fixed start: the same layer gives the same vectors.
    """
    import torch
    from scipy.sparse.linalg import LinearOperator, eigsh

    lower = spectrum.gram.cpu().numpy().T  # Fortran's order: its upper triangle
    p = len(lower)
    operator = LinearOperator((p, p), matvec=lambda v: dsymv(1.0, lower, v.ravel()), dtype=np.float64)
    _, vectors = eigsh(operator, k=count, which="LA", v0=np.ones(p), tol=1e-8)
    vectors = vectors[:, ::-1].copy()
    if weight.shape[0] > weight.shape[1]:  # the vectors are over the inputs: one product more
        A = torch.from_numpy(vectors).to(weight.device)
        blocks = [
            (weight[start : start + _BLOCK].double().sub(mean).div_(std) @ A).cpu().numpy()
            for start in range(0, weight.shape[0], _BLOCK)
        ]
        vectors = np.concatenate(blocks)
        vectors /= np.linalg.norm(vectors, axis=0)
    return np.asarray(vectors)


def _roots(eigenvalues: Tensor) -> Floats:
    values: Floats = eigenvalues.clamp_min(0).sqrt().cpu().numpy()
    return values
