"""The shadow distribution x | h of a layer: x = r(alpha A^T h) * dropout, alpha = 2 / (rho n sigma^2).

The 2 is there because the ReLU r keeps half the mass: E[A_ij r((A^T h)_j)] = sigma^2 h_i / 2 by Stein's identity, so
that A x is an unbiased estimate of h for a Gaussian A ``[m, n]``.

Source: S. Arora, Y. Liang and T. Ma, arXiv:1511.05653, equations (1)-(3); their W is A^T here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class SparseDraws:
    """k-sparse vectors h of length m, each by its support and its non-zeros."""

    support: Tensor
    """Indices of the non-zeros, ``[draws, k]`` int64, distinct within a row."""
    values: Tensor
    """The non-zeros, ``[draws, k]`` float32."""
    m: int
    """The length of each h: the outputs of the layer."""

    def dense(self) -> Tensor:
        """Return h with its zeros, ``[draws, m]`` float32."""
        import torch

        return torch.zeros(len(self.support), self.m).scatter_(1, self.support, self.values)

    def down(self, matrix: Tensor, rows: slice = slice(None)) -> Tensor:
        """Return A^T h, ``[draws, n]``, for A = ``matrix [m, n]`` on any device and these ``rows``, by default all.

        Of A only the k rows on the support of each h are read.
        """
        import torch

        support, values = (part[rows].to(matrix.device) for part in (self.support, self.values))
        through: Tensor = torch.nn.functional.embedding_bag(support, matrix, per_sample_weights=values, mode="sum")
        return through


def draw_sparse(m: int, k: int, draws: int, generator: torch.Generator) -> SparseDraws:
    """Draw k-sparse vectors of length m with a uniform support and non-zeros of :func:`draw_values`."""
    support = _supports(m, k, draws, generator)
    return SparseDraws(support, draw_values(k, draws, generator), m)


def draw_values(k: int, draws: int, generator: torch.Generator) -> Tensor:
    """Draw non-zeros ``[draws, k]`` uniformly from [1/2, 1]: the theory wants them bounded away from 0."""
    import torch

    return torch.rand(draws, k, generator=generator) / 2 + 0.5


def place(values: Tensor, m: int, generator: torch.Generator) -> SparseDraws:
    """Put the non-zeros ``values [draws, k]`` on new supports in vectors of length m, uniform without replacement."""
    draws, k = values.shape
    return SparseDraws(_supports(m, k, draws, generator), values, m)


def _supports(m: int, k: int, draws: int, generator: torch.Generator) -> Tensor:
    import torch

    return torch.rand(draws, m, generator=generator).topk(k, dim=1).indices


def alpha(rho: float, n: int, sigma: float) -> float:
    """Return the scale 2 / (rho n sigma^2) that makes the inversion unbiased; dropout keeps rho n inputs on average."""
    return 2 / (rho * n * sigma**2)


def keep_mask(draws: int, n: int, rho: float, generator: torch.Generator) -> Tensor:
    """Draw a dropout mask ``[draws, n]`` of float32 zeros and ones, each 1 with probability rho."""
    import torch

    return (torch.rand(draws, n, generator=generator) < rho).float()


def shadow(pre: Tensor, mask: Tensor, scale: float) -> Tensor:
    """Return x = r(scale A^T h) * mask, ``[draws, n]``, from ``pre`` = A^T h and ``mask``, both ``[draws, n]``."""
    return (pre * scale).relu_() * mask
