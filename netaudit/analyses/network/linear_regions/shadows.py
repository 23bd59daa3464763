"""The segments from real inputs to their shadows: what the head's own answer looks like when it is sent down again.

Source: arXiv:1511.05653, equation (4) with rho = 1. A factor of h changes the shadow by that factor alone, so that it
is scaled to the length of the input instead of by alpha.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from netaudit.analyses.network.linear_regions.pairs import PAIRS, Floats, Pair
from netaudit.analyses.network.linear_regions.payload import Ends

if TYPE_CHECKING:
    from netaudit.network.layers import FCLayer


def with_shadows(
    ends: Mapping[Ends, Pair], x: Floats, layers: Sequence[FCLayer], device: torch.device
) -> Mapping[Ends, Pair]:
    """The segments, with those from the first inputs ``[N, n]`` to their shadows, the random ones last."""
    start = x[:PAIRS]
    end = shadows(start, layers, device)
    lengths = np.linalg.norm(start, axis=1), np.linalg.norm(end, axis=1)
    there = (lengths[0] > 0) & (lengths[1] > 0)
    if not there.any():
        return ends
    start, end = start[there], end[there] * (lengths[0][there] / lengths[1][there])[:, None]
    kinds: dict[Ends, Pair] = {kind: pair for kind, pair in ends.items() if kind != "random"}
    return {**kinds, "shadow": (start, end), "random": ends["random"]}


def shadows(x: Floats, layers: Sequence[FCLayer], device: torch.device) -> Floats:
    """The shadow ``[N, n]`` of the class that each input ``[N, n]`` is given, up to a factor."""
    h = torch.from_numpy(x).to(device)
    for layer in layers:
        z = h @ layer.weight.to(device, torch.float64).T
        z = z if layer.bias is None else z + layer.bias.to(device, torch.float64)
        h = z.relu()
    h = torch.nn.functional.one_hot(z.argmax(1), z.shape[1]).double()
    for layer in reversed(layers):
        h = (h @ layer.weight.to(device, torch.float64)).relu()
    found: Floats = h.cpu().numpy()
    return found
