"""Shadow inversion of a layer from its real hidden activations, beside synthetic ones and beside a Gaussian layer.

A real h is the layer's output on a real input, after its ReLU. It goes down the layer as it is stored, mean included,
and comes back as r(A x), which is compared with h. Real activations are less sparse and less even than the h of the
theory, and real layers have spikes. So the same is done with synthetic h through the layer, which have as many
non-zeros as the real ones on average, and with the real h through a Gaussian matrix.

Source: S. Arora, Y. Liang and T. Ma, arXiv:1511.05653, who start from the activations of trained nets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netaudit.numerics import device as devices
from netaudit.shadow.distribution import alpha, draw_sparse, keep_mask, shadow
from netaudit.shadow.gaussian_layer import independent, orthonormal

if TYPE_CHECKING:
    import torch
    from torch import Tensor

MOST_ACTIVATIONS = 128
"""Activations that are used at most: twice the synthetic draws of a cell of the grid, since real ones differ more among
themselves (netaudit's convention)."""


@dataclass(frozen=True)
class ActivationRecovery:
    """How well one kind of h comes back through one kind of matrix at one keep probability."""

    kind: str
    """``real``: real h through the layer; ``synthetic``: drawn h through the layer; ``gaussian``: real h through a
    Gaussian matrix."""
    rho: float
    """Keep probability of the dropout, in (0, 1]."""
    n: int
    """Number of h that were sent."""
    k: float
    """Mean number of non-zeros of h."""
    cosine: float
    """Mean cosine of r(A x) and h, in [0, 1]."""
    relative_error: float
    """Mean ||r(A x) / c - h||^2 / ||h||^2, with the one gain c over all h that makes it smallest."""
    support_auc: float
    """Mean area under the ROC curve of A x for the support of h, in [0, 1]; 1/2 is chance."""


def recover(
    matrix: Tensor, mean: float, h: Tensor, rhos: Sequence[float], generator: torch.Generator, device: torch.device
) -> list[ActivationRecovery]:
    """Send real activations down a layer and back, beside synthetic ones and beside a Gaussian layer.

    Returns the three kinds for each rho; none where no activation is usable.

    Args:
        matrix: (A - mean(A)) / std(A), ``[m, n]`` float32.
        mean: mean(A) / std(A).
        h: activations, ``[inputs, m]``, none below 0. Rows that are zero everywhere or nowhere are left out, and of
            the others the first :data:`MOST_ACTIVATIONS` are used.
        rhos: keep probabilities of the dropout.
        generator: what draws the dropout, the synthetic h and the Gaussian matrix.
        device: where the products run.
    """
    m, n = matrix.shape
    support = (h > 0).sum(1)
    h = h[(support > 0) & (support < m)][:MOST_ACTIVATIONS]
    if not len(h):
        return []
    k = float((h > 0).sum(1).float().mean())
    synthetic = draw_sparse(m, min(m - 1, max(1, round(k))), len(h), generator).dense()
    recovered = []
    with devices.exact_float32():
        placed = matrix.to(device)
        for rho in rhos:
            mask, scale = keep_mask(len(h), n, rho, generator), alpha(rho, n, 1.0)
            for kind, start in (("real", h), ("synthetic", synthetic)):
                there = start.to(device)
                x = shadow(there @ placed + mean * there.sum(1, keepdim=True), mask.to(device), scale)
                z = x @ placed.T + mean * x.sum(1, keepdim=True)
                recovered.append(_compare(kind, rho, z.cpu(), start))
            recovered.append(_compare("gaussian", rho, _through_gaussian(h, mask, scale, generator), h))
    return recovered


def _through_gaussian(h: Tensor, mask: Tensor, scale: float, generator: torch.Generator) -> Tensor:
    """Return z = A x ``[inputs, m]`` for the shadows x of h through a Gaussian A that is never formed.

    See :mod:`netaudit.shadow.gaussian_layer`.
    """
    import torch

    U = orthonormal(h.T)
    B = torch.randn(mask.shape[1], U.shape[1], generator=generator)
    x = shadow(h @ U @ B.T, mask, scale)
    y = independent(x, h.shape[1], generator)
    return y + (x @ B - y @ U) @ U.T


def _compare(kind: str, rho: float, z: Tensor, h: Tensor) -> ActivationRecovery:
    import torch

    back = z.relu()
    gain = (back * h).sum() / back.square().sum().clamp_min(torch.finfo(h.dtype).tiny)
    error = (gain * back - h).square().sum(1) / h.square().sum(1)
    cosine = torch.nn.functional.cosine_similarity(back, h, dim=1)
    on = (h > 0).to(h.dtype)
    k, m = on.sum(1), h.shape[1]
    ranks = torch.empty_like(z).scatter_(1, z.argsort(dim=1), torch.arange(1, m + 1, dtype=z.dtype).expand_as(z))
    auc = ((ranks * on).sum(1) - k * (k + 1) / 2) / (k * (m - k))
    means = (float(metric.mean()) for metric in (cosine, error, auc))
    return ActivationRecovery(kind, rho, len(h), float(k.mean()), *means)
