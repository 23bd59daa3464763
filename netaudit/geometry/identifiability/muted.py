"""Neurons whose outputs are not looked at: no layer above has weights for them.

What a neuron gives is measured in the range of its output over the box, so that a neuron that is rescaled by c, with
its outgoing weights by 1 / c, is judged as before. Rows of the layer above that are themselves dead or muted do not
count, so that this goes from the top down.
"""

from __future__ import annotations

import torch
from torch import Tensor

from netaudit.geometry.identifiability.bounds import parts
from netaudit.numerics.special_weights import NUMERICALLY_ZERO


def muted(above: Tensor, radius: Tensor, counted: Tensor) -> Tensor:
    """Which neurons are muted, ``[n]``.

    A neuron is where range x ||outgoing weights|| is at most ``NUMERICALLY_ZERO`` (1e-6, some roundings of float32) of
    the median over the neurons for which it is not 0. One whose output is constant is if it has no weights at all.

    Args:
        above: the weight of the layer above, ``[m, n]``.
        radius: half the range of each neuron's output, ``[n]``.
        counted: which rows of ``above`` are looked at, ``[m]``.
    """
    norms = torch.zeros_like(radius)
    for rows, part in parts(above, radius.device):
        looked_at = part * counted[rows, None]
        largest = looked_at.abs().amax(0)
        scaled = looked_at / torch.where(largest > 0, largest, 1.0)  # its squares fit float64
        norms = torch.hypot(norms, largest * scaled.norm(dim=0))
    sizes = radius * norms
    usual = torch.where((sizes > 0) & sizes.isfinite(), sizes, torch.nan).nanmedian()  # NaN, and below nothing, if none
    return (norms == 0) | ((radius > 0) & (sizes <= NUMERICALLY_ZERO * usual))
