"""The multi-layer shadow: labels go down the whole fully connected stack and forward again.

Going down, layer j's shadow is x = r(alpha_j A_j^T h) * dropout with alpha_j = 2 / (rho n_j sigma_j^2); the top layer
gives logits, so h is the label vector itself. Coming up, the network runs with its own weights and activations.

Shadows scale with h, biases do not, so biases take part only at the natural scale: when the norm of real inputs is
known, the shadow at the bottom is given that norm and the biases are used; otherwise they are left out.

Source: arXiv:1511.05653, equation (4). The stack's layers are read one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from netaudit.network.layers import FCLayer, Head
from netaudit.numerics import device as devices
from netaudit.results import StackRun
from netaudit.shadow.distribution import shadow

if TYPE_CHECKING:
    import torch
    from torch import Tensor

RHOS = (1.0, 0.5, 0.1)
ONEHOT_DRAWS = 250  # label vectors: each class 25 times on ten classes, every fourth class of ImageNet once
_CONTROLS = 20
_CONTROL_WEIGHTS = 40_000_000  # weights drawn for all control networks: less than a second

Read = Callable[[str], FCLayer]


@dataclass(frozen=True)
class Labels:
    """Label vectors h ``[N, classes]`` to send down; the label is the largest entry."""

    source: str
    h: Tensor


def onehot(classes: int, draws: int = ONEHOT_DRAWS) -> Labels:
    """One-hot vectors: all classes equally often, or evenly spaced ones when there are more than ``draws``."""
    import torch

    if classes <= draws:
        labels = torch.arange(classes).repeat(max(1, draws // classes))
    else:
        labels = torch.linspace(0, classes - 1, draws).round().long()
    return Labels("onehot", torch.nn.functional.one_hot(labels, classes).float())


def activate(z: Tensor, activation: str) -> Tensor:
    """Apply the named activation; ``linear`` and names that PyTorch does not know leave z as it is."""
    import torch

    function = None if activation == "linear" else getattr(torch.nn.functional, activation, None)
    return z if function is None else function(z)


@dataclass(frozen=True)
class Forward:
    """What real inputs give on their way up the stack."""

    logits: Tensor
    """``[N, classes]``."""
    norms: Mapping[str, float]
    """Root mean square of ||x|| at each layer's input."""
    hidden: Mapping[str, Tensor]
    """First outputs of each ReLU layer, ``[at most keep, out]``."""


def forward(read: Read, stack: Head, x: Tensor, device: torch.device, keep: int) -> Forward:
    """Send real inputs x ``[N, in]`` up the stack, keeping the first ``keep`` hidden activations of each layer."""
    norms, hidden = {}, {}
    with devices.exact_float32():
        x = x.to(device)
        for step in stack.layers:
            norms[step.name] = float(x.square().sum(1).mean().sqrt())
            x = _up(x, read(step.name), step.activation)
            if step.activation == "relu":
                hidden[step.name] = x[:keep].cpu()
    return Forward(x.cpu(), norms, hidden)


def recover(
    read: Read,
    stack: Head,
    sigmas: Mapping[str, float],
    sources: Sequence[Labels],
    generator: torch.Generator,
    device: torch.device,
    input_norm: float | None = None,
) -> list[StackRun]:
    """How often each label comes back, for every source and rho, beside the control with independent matrices.

    ``sigmas`` gives the standard deviation of each layer's weights; ``input_norm`` the root mean square of ||x|| over
    real inputs of the bottom layer, None when it is not known.
    """
    import torch

    # without dropout a repeated label has the same shadow again: each is sent once
    batches = [
        (labels.source, keep, torch.unique(labels.h, dim=0) if keep == 1 else labels.h)
        for labels in sources
        for keep in RHOS
    ]
    x = torch.cat([h for _, _, h in batches])
    wanted = x.argmax(1)
    rho = torch.cat([torch.full((len(h), 1), keep) for _, keep, h in batches])
    weights = 0
    with devices.exact_float32():
        x = x.to(device)
        for step in reversed(stack.layers):
            layer = read(step.name)
            n = layer.shape[1]
            weights += layer.weight.numel()
            mask = (torch.rand(len(x), n, generator=generator) < rho).float()
            alpha = 2 / (rho * n * sigmas[step.name] ** 2)
            x = shadow(x @ layer.weight.to(device).float() * alpha.to(device), mask.to(device), 1.0)
        if input_norm is not None:
            x = x * (input_norm / x.norm(dim=1, keepdim=True).clamp_min(torch.finfo(x.dtype).tiny))
        real = x
        # one control network sends all its labels to a few classes, so small ones are averaged over
        copies = int(np.clip(_CONTROL_WEIGHTS // weights, 1, _CONTROLS))
        control = x.repeat(copies, 1, 1)
        for step in stack.layers:
            layer = read(step.name)
            if input_norm is None:
                layer = replace(layer, bias=None)
            real = _up(real, layer, step.activation)
            others = (torch.randn(layer.shape, generator=generator).mul_(sigmas[step.name]) for _ in range(copies))
            control = torch.stack(
                [
                    _up(rows, replace(layer, weight=other), step.activation)
                    for rows, other in zip(control, others, strict=True)
                ]
            )
    return _count(batches, wanted, real.cpu(), control.cpu())


def _up(x: Tensor, layer: FCLayer, activation: str) -> Tensor:
    weight = layer.weight.to(x.device).float()
    bias = None if layer.bias is None else layer.bias.to(x.device).float()
    from torch.nn.functional import linear

    return activate(linear(x, weight, bias), activation)


def _count(batches: list[tuple[str, float, Tensor]], wanted: Tensor, real: Tensor, control: Tensor) -> list[StackRun]:
    runs, start = [], 0
    classes = real.shape[1]
    for source, rho, h in batches:
        rows = slice(start, start := start + len(h))
        runs.append(
            StackRun(
                source=source,
                rho=rho,
                n=len(h),
                top1=_share(real[rows], wanted[rows], 1),
                top5=_share(real[rows], wanted[rows], 5) if classes > 5 else None,
                chance=1 / classes,
                control_top1=_share(control[:, rows], wanted[rows], 1),
                control_top5=_share(control[:, rows], wanted[rows], 5) if classes > 5 else None,
            )
        )
    return runs


def _share(logits: Tensor, wanted: Tensor, top: int) -> float:
    hits = (logits.topk(top, dim=-1).indices == wanted[:, None]).any(-1)
    return float(np.mean(hits.numpy()))
