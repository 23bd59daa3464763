"""Run a layer in reverse, as the theory does, or with what trained layers need put right.

As stored: x = r(alpha A^T h) with alpha = 2 / (n sigma^2). Corrected, the layer goes into the fixed gauge, its common
mode is taken out, and each singular value beyond the edge of the noise counts on the way down as much as the edge
itself; then x is given the scale at which r(A x) is nearest to h. The way forward is the layer itself, unchanged:

    B = D_r A D_c,   C = B - 1 removed^T,   x = D_c r((2 / n) C^T (1 - U f U^T) D_r h),   f_i = 1 - edge / s_i,

for the left singular vectors U of C whose values s_i lie beyond the edge. Large singular values come back with the
square of their size, and so drown what tells one h from another; without them what h shares with its neighbours is
lost. The edge is the size that the noise reaches. docs/method.md says what this restores and what it does not.

Source of the reverse pass: S. Arora, Y. Liang and T. Ma, arXiv:1511.05653, equations (1)-(3). The corrections are
netaudit's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from netaudit.numerics import device as devices
from netaudit.numerics.laws import spikes
from netaudit.shadow.distribution import alpha
from netaudit.shadow.gauge import Gauge, fixed_gauge

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LARGEST_CORRECTED = 4096
"""Largest smaller side for which the directions are found: by a decomposition of the Gram matrix, of 128 MB there."""


@dataclass(frozen=True)
class ReversePass:
    """The way down one layer: h ``[draws, m]`` to x ``[draws, n]``."""

    weight: Tensor
    """A ``[m, n]``, float32."""
    gauge: Gauge | None = None
    """The layer in the fixed gauge; None for the pass as the theory has it."""
    directions: Tensor | None = None
    """U ``[m', r]``, float32."""
    damping: Tensor | None = None
    """f ``[r]``, in [0, 1)."""

    def down(self, h: Tensor, mask: Tensor | None = None, rho: float = 1.0) -> Tensor:
        """Return x for ``h``, with the dropout ``mask [draws, n]`` that keeps each input with probability ``rho``."""
        import torch

        n = self.weight.shape[1]
        if self.gauge is None:
            x = (h @ self.weight * alpha(rho, n, float(self.weight.std(correction=0)))).relu_()
        else:
            there = self.gauge.take(h)
            if self.directions is not None and self.damping is not None:
                there = there - (there @ self.directions * self.damping) @ self.directions.T
            live = (there @ self.gauge.matrix * alpha(rho, n, 1.0)).relu_() * self.gauge.columns.float()
            x = torch.zeros(len(h), n, dtype=h.dtype).index_copy_(1, self.gauge.live_columns, live)
        return x if mask is None else x * mask

    def up(self, x: Tensor) -> Tensor:
        """Return A x, ``[draws, m]``."""
        return x @ self.weight.T


def reverse_pass(weight: Tensor, *, corrected: bool = False, device: torch.device | None = None) -> ReversePass:
    """Prepare the way down a layer with ``weight [m, n]``, of any floating dtype and not 0 everywhere.

    Raises:
        ValueError: the smaller side of a layer that is to be corrected is above :data:`LARGEST_CORRECTED`.
    """
    import torch

    weight = weight.cpu()
    placed = weight.float()
    if not corrected:
        return ReversePass(placed)
    if min(weight.shape) > LARGEST_CORRECTED:
        raise ValueError(f"a smaller side of {min(weight.shape)} is too large to find the directions of a layer")
    gauge = fixed_gauge(weight, device)
    vectors, values, edge = _beyond_the_edge(gauge.matrix, devices.float64_device(device or torch.device("cpu")))
    damping = 1 - edge / values
    return ReversePass(placed, gauge, vectors.float(), torch.from_numpy(damping).float())


def invert(
    weight: Tensor,
    h: Tensor,
    *,
    corrected: bool = False,
    rho: float = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Run a layer in reverse: return inputs x ``[draws, n]`` whose outputs r(A x) are like h.

    Args:
        weight: A ``[m, n]``, of any floating dtype.
        h: outputs of the layer after its ReLU, ``[draws, m]``, none below 0.
        corrected: put right what keeps a trained layer from being run in reverse (see the module), and give x the
            scale at which r(A x) is nearest to h. By default x is the shadow of the theory.
        rho: the probability with which dropout keeps an input, in (0, 1].
        generator: draws the dropout; needed where ``rho`` is below 1.

    Raises:
        ValueError: the shapes do not fit, ``rho`` lies outside of (0, 1] or lacks a generator, or the layer is too
            large to be corrected.
    """
    import torch

    if h.ndim != 2 or weight.ndim != 2 or h.shape[1] != weight.shape[0]:
        raise ValueError(f"h {tuple(h.shape)} does not fit a layer {tuple(weight.shape)}: [draws, m] and [m, n]")
    if not 0 < rho <= 1 or (rho < 1 and generator is None):
        raise ValueError("rho lies in (0, 1], and below 1 a generator draws the dropout")
    layer = reverse_pass(weight, corrected=corrected)
    mask = None if rho == 1 else (torch.rand(len(h), weight.shape[1], generator=generator) < rho).float()
    x = layer.down(h.float(), mask, rho)
    return rescaled(x, layer.up(x), h.float()) if corrected else x


def rescaled(x: Tensor, z: Tensor, h: Tensor) -> Tensor:
    """Give each x the scale at which r(z), for z = A x, is nearest to its h; an x that gives nothing stays."""
    import torch

    back = z.relu()
    power = back.square().sum(1, keepdim=True)
    scale = (back * h).sum(1, keepdim=True) / power.clamp_min(torch.finfo(x.dtype).tiny)
    return torch.where(scale > 0, x * scale, x)


def _beyond_the_edge(
    matrix: Tensor, device: torch.device
) -> tuple[Tensor, np.ndarray[tuple[int], np.dtype[np.float64]], float]:
    """Left singular vectors ``[m, r]`` and values ``[r]`` of a matrix beyond the edge of its noise, and that edge."""
    import torch

    m, n = matrix.shape
    double = matrix.to(device=device, dtype=torch.float64)
    gram = double @ double.T if m <= n else double.T @ double
    squares, vectors = torch.linalg.eigh(gram)
    values = squares.clamp_min(0).sqrt().cpu().numpy()
    found = spikes.find(values, m, n)
    r = found.count if min(m, n) > 2 else 0
    top = vectors[:, len(values) - r :].flip(1)
    if m > n:
        top = double @ top
        top = top / torch.linalg.vector_norm(top, dim=0).clamp_min(torch.finfo(top.dtype).tiny)
    largest = values[::-1][:r].copy()
    return top.cpu(), largest, found.sigma * (m**0.5 + n**0.5)
