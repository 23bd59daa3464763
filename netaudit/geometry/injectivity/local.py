r"""Whether a layer can be inverted near real inputs, and how much it then amplifies an error.

At an input x the rows with w_i x + b_i >= 0 decide. Inputs after a ReLU, x >= 0, can move only where they are not 0:
with S the support of x and A its active rows, the layer is injective near x (among inputs with the same zeros) exactly
when W[A, S] has the rank |S|. Then 1 / sigma_min(W[A, S]) is the largest factor by which its inverse enlarges a small
error there: a local figure, not a bound on the domain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from netaudit.geometry.injectivity.arrays import Floats, Indices, Mask


@dataclass(frozen=True)
class Local:
    """The layer at each of N inputs."""

    active: Indices
    """``[N]``: rows that are active."""
    support: Indices
    """``[N]``: coordinates along which the input can move: those that are not 0 for inputs >= 0, else all."""
    injective: Mask
    """``[N]`` bool: whether the active rows span them. Where they are fewer than the support, they do not for sure;
    else that their smallest singular value is above the rounding of float64 decides."""
    largest: Floats
    """``[N]``: sigma_max(W[A, S]), NaN where it was not computed."""
    smallest: Floats
    """``[N]``: sigma_min(W[A, S]), 0 where the layer is not injective there; NaN where it was not computed."""


def at_inputs(
    weight: Tensor, bias: Tensor | None, inputs: Tensor, device: torch.device, *, orthant: bool, most: int = 64
) -> Local:
    """Look at the layer at inputs ``[N, in]``.

    Args:
        weight: ``[out, in]``.
        bias: ``[out]``, or None.
        inputs: real inputs of the layer.
        device: where the products and decompositions run, in float64.
        orthant: whether the inputs come out of a ReLU, so that their zeros stay.
        most: singular values are computed at the first that many inputs whose active rows could be enough.
    """
    import torch

    from netaudit.numerics import device as devices

    where = devices.float64_device(device)
    W, x = weight.to(where, torch.float64), inputs.to(where, torch.float64)
    z = x @ W.T if bias is None else x @ W.T + bias.to(where, torch.float64)
    on = (z >= 0) & W.any(dim=1)
    moves = x != 0 if orthant else torch.ones_like(x, dtype=torch.bool)
    active, support = on.sum(1).cpu().numpy(), moves.sum(1).cpu().numpy()
    injective = active >= support
    smallest = np.where(injective, np.nan, 0.0)
    largest = np.full(len(active), np.nan)
    for k in np.flatnonzero(injective & (support > 0))[:most].tolist():
        part = W[on[k]][:, moves[k]]
        values = torch.linalg.svdvals(part)
        doubt = max(part.shape) * float(np.finfo(np.float64).eps) * float(values[0])
        largest[k] = float(values[0])
        smallest[k] = float(values[-1]) if float(values[-1]) > doubt else 0.0
        injective[k] = smallest[k] > 0
    return Local(active, support, injective, largest, smallest)
