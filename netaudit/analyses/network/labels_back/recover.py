"""The multi-layer shadow: labels go down the whole head and forward again.

Going down, layer j's shadow is x = r(alpha_j A_j^T h) * dropout with alpha_j = 2 / (rho n_j sigma_j^2); the top layer
gives logits, so h is the label vector itself. Coming up, the network runs with its own weights and activations.

Shadows scale with h, biases do not, so biases take part only at the natural scale: when the norm of real inputs is
known, the shadow at the bottom is given that norm and the biases are used; otherwise they are left out.

Source: arXiv:1511.05653, equation (4). The layers of the head are read one at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from netaudit.analyses.head import Read, up
from netaudit.analyses.network.labels_back.payload import LabelRun, Labels
from netaudit.network.layers import Head
from netaudit.numerics import device as devices
from netaudit.shadow.distribution import shadow

if TYPE_CHECKING:
    import torch
    from torch import Tensor

RHOS = (1.0, 0.5, 0.1)
ONEHOT_DRAWS = 250  # label vectors: each class 25 times on ten classes, every fourth class of ImageNet once
_CONTROLS = 20
_CONTROL_WEIGHTS = 40_000_000  # weights drawn for all control networks: less than a second


@dataclass(frozen=True)
class LabelVectors:
    """Label vectors h ``[N, classes]`` to send down; the label is the largest entry."""

    source: Labels
    h: Tensor


def onehot(classes: int, draws: int = ONEHOT_DRAWS) -> LabelVectors:
    """One-hot vectors: all classes equally often, or evenly spaced ones when there are more than ``draws``."""
    import torch

    if classes <= draws:
        labels = torch.arange(classes).repeat(max(1, draws // classes))
    else:
        labels = torch.linspace(0, classes - 1, draws).round().long()
    return LabelVectors("onehot", torch.nn.functional.one_hot(labels, classes).float())


def recover(
    read: Read,
    head: Head,
    sigmas: Mapping[str, float],
    sources: Sequence[LabelVectors],
    generator: torch.Generator,
    device: torch.device,
    input_norm: float | None = None,
) -> list[LabelRun]:
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
        for step in reversed(head.layers):
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
        for step in head.layers:
            layer = read(step.name)
            if input_norm is None:
                layer = replace(layer, bias=None)
            real = up(real, layer, step.activation)
            others = (torch.randn(layer.shape, generator=generator).mul_(sigmas[step.name]) for _ in range(copies))
            control = torch.stack(
                [
                    up(rows, replace(layer, weight=other), step.activation)
                    for rows, other in zip(control, others, strict=True)
                ]
            )
    return _count(batches, wanted, real.cpu(), control.cpu())


def _count(
    batches: list[tuple[Labels, float, Tensor]], wanted: Tensor, real: Tensor, control: Tensor
) -> list[LabelRun]:
    runs, start = [], 0
    classes = real.shape[1]
    for source, rho, h in batches:
        rows = slice(start, start := start + len(h))
        runs.append(
            LabelRun(
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
