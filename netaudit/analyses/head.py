"""The head, the fully connected layers at the top of a network: one layer forward, and whether labels can go down it.

A layer is y = activation(A x + b), with A ``[m, n]`` = ``[out, in]``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from netaudit.network.layers import FCLayer, Head

if TYPE_CHECKING:
    from torch import Tensor

    from netaudit.analyses.context import NetworkContext
    from netaudit.network.network import Network

SMALLEST, LARGEST = 1e-15, 1e15
"""Standard deviations of weights that can go down and up a head in float32, where squares must be finite and not 0."""

Read = Callable[[str], FCLayer]
"""Reads a layer by its name."""


def activate(z: Tensor, activation: str) -> Tensor:
    """Apply the named activation; ``linear`` and names that PyTorch does not know leave z as it is."""
    import torch

    function = None if activation == "linear" else getattr(torch.nn.functional, activation, None)
    return z if function is None else function(z)


def preactivations(x: Tensor, layer: FCLayer) -> Tensor:
    """A x + b ``[..., out]`` for inputs x ``[..., in]``, in float32 on the device of x."""
    from torch.nn.functional import linear

    weight = layer.weight.to(x.device).float()
    bias = None if layer.bias is None else layer.bias.to(x.device).float()
    return linear(x, weight, bias)


def up(x: Tensor, layer: FCLayer, activation: str) -> Tensor:
    """The outputs ``[..., out]`` of a layer for inputs x ``[..., in]``, in float32 on the device of x."""
    return activate(preactivations(x, layer), activation)


def reversible_head(context: NetworkContext) -> Head | str:
    """The head down which labels can be sent, or the reason why they cannot, as a clause.

    The shadow of a layer is scaled by the variance of its weights, which therefore must not be 0; and with a single
    output there is only one label. A layer whose weights were not described yet is read for its variance.
    """
    head, gap = context.network.head, context.network.head_gap()
    if head is None or gap is not None:
        return gap or "no head was found"
    if classes(context.network, head) < 2:
        return "the top layer has a single output"
    constant = next((name for name, scale in context.scales.items() if not scale), None)
    if constant is not None:
        return f"the weights of {constant} are constant, or not finite"
    extreme = next((name for name, scale in context.scales.items() if not SMALLEST < scale < LARGEST), None)
    return head if extreme is None else f"the weights of {extreme} are too small or too large for single precision"


def classes(network: Network, head: Head) -> int:
    """The number of outputs of the top layer, which is not read for it.

    Raises:
        SourceError: the top layer is skipped.
    """
    return network.spec(head.layers[-1].name).shape[0]
