"""The multi-layer generative model of Gaussian nets: a sparse h goes down all layers as shadows, and forward again.

Layers are numbered from the bottom: A_j has shape ``[n_j, n_{j-1}]``, x = h^(0) and the sparse h = h^(L) is at the top.
Dropout keeps k_j of the n_j coordinates of layer j on average, about half of which the ReLU makes zero:

    h^(j-1) = r(alpha_j A_j^T h^(j)) * Bernoulli(k_{j-1} / n_{j-1}),   alpha_j = 2 / (k_{j-1} sigma^2),

and the network goes forward with one constant offset a layer, r(A_j . - t_j). Here sigma = 1. What comes back has a
closed form, which is in :mod:`netaudit.shadow.multilayer_prediction`.

Source: S. Arora, Y. Liang and T. Ma, arXiv:1511.05653, equation (4) and Theorems 2.1 and 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netaudit.shadow.distribution import SparseDraws, keep_mask, place, shadow

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class NetShape:
    """Widths and sparsities of a net, bottom to top.

    Raises:
        ValueError: there is no layer, a width lacks its sparsity, or a sparsity does not fit into its width.
    """

    sizes: tuple[int, ...]
    """The widths n_0, ..., n_L; A_j is ``[n_j, n_{j-1}]``."""
    kept: tuple[int, ...]
    """k_0, ..., k_{L-1}: how many coordinates of each layer dropout keeps on average, from 1 to n_j."""
    top: int
    """k_L: the exact number of non-zeros of h."""

    def __post_init__(self) -> None:
        if len(self.kept) != len(self.sizes) - 1 or len(self.kept) < 1:
            raise ValueError(f"{len(self.sizes)} widths need {len(self.sizes) - 1} sparsities, got {len(self.kept)}")
        if any(not 0 < k <= n for k, n in zip((*self.kept, self.top), self.sizes, strict=True)):
            raise ValueError(f"sparsities {(*self.kept, self.top)} do not fit into widths {self.sizes}")

    @property
    def layers(self) -> int:
        """L, the number of matrices."""
        return len(self.kept)


@dataclass(frozen=True)
class NetDraws:
    """The random numbers of some passes, apart from the matrices."""

    h: SparseDraws
    """What is sent down from the top, ``draws`` vectors of length n_L."""
    masks: tuple[Tensor, ...]
    """The dropout of each layer below the top, bottom first, ``[draws, n_j]`` zeros and ones."""


def draw_passes(shape: NetShape, values: Tensor, generator: torch.Generator) -> NetDraws:
    """Draw a support and the masks for each h with the non-zeros ``values [draws, k_L]``."""
    masks = tuple(keep_mask(len(values), n, k / n, generator) for n, k in zip(shape.sizes, shape.kept, strict=False))
    return NetDraws(place(values, shape.sizes[-1], generator), masks)


def down(matrices: Sequence[Tensor], shape: NetShape, h: Tensor, masks: Sequence[Tensor]) -> Tensor:
    """Return the shadow x ``[draws, n_0]`` of ``h [draws, n_L]`` through all ``matrices``.

    The matrices and the masks come bottom first, and all tensors are on one device.
    """
    for matrix, k, mask in zip(reversed(matrices), reversed(shape.kept), reversed(masks), strict=True):
        h = shadow(h @ matrix, mask, 2 / k)
    return h


def forward(matrices: Sequence[Tensor], x: Tensor, offsets: Sequence[Tensor]) -> Tensor:
    """Return r(A_L ... r(A_1 x - t_1) ... - t_L), ``[draws, n_L]``, for ``x [draws, n_0]``.

    The matrices and the offsets come bottom first; each offset is ``[draws, 1]``.
    """
    for matrix, offset in zip(matrices, offsets, strict=True):
        x = (x @ matrix.T - offset).relu_()
    return x
