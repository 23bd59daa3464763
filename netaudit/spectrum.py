"""Singular values of a layer, exact: the float64 Gram matrix of the smaller side, then a symmetric eigensolver.

Squaring costs the singular values below 1e-8 of the largest their digits; the laws here look at the bulk and the
upper edge, where the result is exact to 1e-12.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsyrk

from netaudit import device as devices

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_BLOCK = 1024  # columns a product: 4096 x 1024 float64 is 32 MB, large enough for full speed


@dataclass(frozen=True)
class Spectrum:
    """Singular values in units of the entries' standard deviation, ascending, float64, ``min(m, n)`` of them."""

    centred: NDArray[np.float64]
    """Of A - mean(A)."""
    raw: NDArray[np.float64]
    """Of A as it is."""


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
    eigenvalues = torch.linalg.eigvalsh(centred)
    # (B + mu 1 1^T)^T (B + mu 1 1^T) for the tall, centred B: no second product over the larger side
    cross = shift * sums
    raw = centred.add_(cross[:, None] + cross[None, :] + shift**2 * larger)
    return Spectrum(_roots(eigenvalues), _roots(torch.linalg.eigvalsh(raw)))


def _roots(eigenvalues: Tensor) -> NDArray[np.float64]:
    values: NDArray[np.float64] = eigenvalues.clamp_min(0).sqrt().cpu().numpy()
    return values
