"""The shadow distribution x | h of a layer: x = r(alpha A^T h) * dropout, alpha = 2 / (rho n sigma^2).

The 2 is there because ReLU keeps half the mass: E[A_ij r(s)] = sigma^2 h_i / 2 by Stein's identity, so that
A x is an unbiased estimate of h for Gaussian A.

Source: Arora, Liang and Ma, arXiv:1511.05653, equations (1)-(3); their W is A^T here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class SparseDraws:
    """k-sparse vectors h: ``draws`` of them, support uniform without replacement, values uniform on [1/2, 1]."""

    support: Tensor
    """Indices, ``[draws, k]`` int64."""
    values: Tensor
    """Non-zeros of h, ``[draws, k]`` float32."""
    m: int

    def dense(self) -> Tensor:
        """h, ``[draws, m]`` float32."""
        import torch

        return torch.zeros(len(self.support), self.m).scatter_(1, self.support, self.values)

    def down(self, matrix: Tensor, rows: slice = slice(None)) -> Tensor:
        """A^T h ``[draws, n]`` of these ``rows``, A = ``matrix [m, n]`` on any device: of A only k rows each count."""
        import torch

        support, values = (part[rows].to(matrix.device) for part in (self.support, self.values))
        through: Tensor = torch.nn.functional.embedding_bag(support, matrix, per_sample_weights=values, mode="sum")
        return through


def draw_sparse(m: int, k: int, draws: int, generator: torch.Generator) -> SparseDraws:
    """Draw ``draws`` k-sparse vectors of length m (theory: non-zeros bounded away from 0, uniform on [1/2, 1])."""
    support = _supports(m, k, draws, generator)
    return SparseDraws(support, draw_values(k, draws, generator), m)


def draw_values(k: int, draws: int, generator: torch.Generator) -> Tensor:
    """The non-zeros alone, ``[draws, k]``."""
    import torch

    return torch.rand(draws, k, generator=generator) / 2 + 0.5


def place(values: Tensor, m: int, generator: torch.Generator) -> SparseDraws:
    """Vectors of length m with the non-zeros ``values [draws, k]``, each on a new random support."""
    draws, k = values.shape
    return SparseDraws(_supports(m, k, draws, generator), values, m)


def _supports(m: int, k: int, draws: int, generator: torch.Generator) -> Tensor:
    import torch

    return torch.rand(draws, m, generator=generator).topk(k, dim=1).indices


def alpha(rho: float, n: int, sigma: float) -> float:
    """The scale 2 / (rho n sigma^2) that makes the inversion unbiased; rho n is the expected number kept."""
    return 2 / (rho * n * sigma**2)


def keep_mask(draws: int, n: int, rho: float, generator: torch.Generator) -> Tensor:
    """Bernoulli(rho) dropout mask ``[draws, n]``, float32 zeros and ones."""
    import torch

    return (torch.rand(draws, n, generator=generator) < rho).float()


def shadow(pre: Tensor, mask: Tensor, scale: float) -> Tensor:
    """x = r(alpha A^T h) * mask from ``pre`` = A^T h; all ``[draws, n]``."""
    return (pre * scale).relu_() * mask
