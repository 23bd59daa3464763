"""The multi-layer shadow: labels go down the whole head and forward again.

Going down, layer j's shadow is x = r(alpha_j A_j^T h) * dropout with alpha_j = 2 / (rho n_j sigma_j^2); the top layer
gives logits, so h is the label vector itself. Coming up, the network runs with its own weights and activations.

Shadows scale with h, biases do not, so biases take part only at the natural scale: when the norm of real inputs is
known, the shadow at the bottom is given that norm and the biases are used; otherwise they are left out.

A Gaussian twin does the same, down and up one set of Gaussian matrices: what it gives back, a random network of those
shapes gives back, and only the rest is the training's.

Source: arXiv:1511.05653, equation (4). The layers of the head are read one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from netaudit.analyses.head import Read, up
from netaudit.analyses.network.labels_back.payload import LabelRun, Labels
from netaudit.network.layers import FCLayer, Head
from netaudit.numerics import device as devices
from netaudit.shadow.distribution import shadow
from netaudit.shadow.reverse import ReversePass, reverse_pass

if TYPE_CHECKING:
    import torch
    from torch import Tensor

RHOS = (1.0, 0.5, 0.1)
ONEHOT_DRAWS = 250  # label vectors: each class 25 times on ten classes, every fourth class of ImageNet once
_CONTROLS = 20
_CONTROL_WEIGHTS = 40_000_000  # weights drawn for all control networks: less than a second
_TWINS = (3, 6)  # Gaussian twins: their shares differ by a few percent
_LARGE = 10_000_000  # weights from which a head has the fewest twins and no permuted or corrected run
_TWIN_LABELS = (200, 64)  # labels a batch that go through the twins, of a small and a large head: 4 % at most
_CORRECTED = 2048  # largest smaller side whose directions are found


@dataclass(frozen=True)
class LabelVectors:
    """Label vectors h ``[N, classes]`` to send down; the label is the largest entry."""

    source: Labels
    h: Tensor


@dataclass(frozen=True)
class Batches:
    """Everything that is sent down, one label vector a row."""

    parts: tuple[tuple[Labels, float, int], ...]
    """Source, keep probability and number of rows of each batch."""
    h: Tensor
    """``[rows, classes]``."""
    rho: Tensor
    """Keep probability of each row, ``[rows, 1]``."""

    @property
    def wanted(self) -> Tensor:
        """The label of each row."""
        return self.h.argmax(1)

    def first(self, most: int) -> Batches:
        """At most ``most`` rows of each batch, evenly spaced."""
        import torch

        kept, start, parts = [], 0, []
        for source, rho, rows in self.parts:
            count = min(rows, most)
            kept.append(start + torch.linspace(0, rows - 1, count).round().long())
            parts.append((source, rho, count))
            start += rows
        index = torch.cat(kept)
        return Batches(tuple(parts), self.h[index], self.rho[index])

    def shares(self, logits: Tensor, top: int = 1) -> list[float]:
        """Share of each batch whose label is among the ``top`` largest of its ``logits [..., rows, classes]``."""
        hits = (logits.topk(top, dim=-1).indices == self.wanted[:, None]).any(-1)
        ends = np.cumsum([0, *(rows for _, _, rows in self.parts)])
        return [float(np.mean(hits[..., a:b].numpy())) for a, b in pairwise(ends)]


def onehot(classes: int, draws: int = ONEHOT_DRAWS) -> LabelVectors:
    """One-hot vectors: all classes equally often, or evenly spaced ones when there are more than ``draws``."""
    import torch

    if classes <= draws:
        labels = torch.arange(classes).repeat(max(1, draws // classes))
    else:
        labels = torch.linspace(0, classes - 1, draws).round().long()
    return LabelVectors("onehot", torch.nn.functional.one_hot(labels, classes).float())


def batches_of(sources: Sequence[LabelVectors]) -> Batches:
    """Every source at every keep probability; without dropout a repeated label has the same shadow: it is sent once."""
    import torch

    sent = [
        (labels.source, keep, torch.unique(labels.h, dim=0) if keep == 1 else labels.h)
        for labels in sources
        for keep in RHOS
    ]
    rho = torch.cat([torch.full((len(h), 1), keep) for _, keep, h in sent])
    parts = tuple((source, keep, len(h)) for source, keep, h in sent)
    return Batches(parts, torch.cat([h for _, _, h in sent]), rho)


def recover(
    read: Read,
    head: Head,
    sigmas: Mapping[str, float],
    sources: Sequence[LabelVectors],
    seed: int,
    device: torch.device,
    input_norm: float | None = None,
    tell: Callable[[int, int], object] = lambda done, total: None,
) -> tuple[list[LabelRun], int]:
    """How often each label comes back, for every source and rho, and how many Gaussian twins stand beside.

    ``sigmas`` gives the standard deviation of each layer's weights; ``input_norm`` the root mean square of ||x|| over
    real inputs of the bottom layer, None when it is not known. ``tell`` is called with the number of networks that
    the labels have been through, and of all of them.
    """
    import torch

    batches = batches_of(sources)
    layers = _Layers(read, head, sigmas, input_norm, device)

    def generator(*key: str) -> torch.Generator:
        return devices.generator(seed, "stack", *key)

    with devices.exact_float32():
        x = layers.down(batches, layers.own, generator())
        real = layers.up(x, layers.own)
        weights = sum(m * n for m, n in layers.shapes.values())
        large = weights > _LARGE
        # one control network sends all its labels to a few classes, so small ones are averaged over
        copies, pairs = int(np.clip(_CONTROL_WEIGHTS // weights, 1, _CONTROLS)), _TWINS[0] if large else _TWINS[1]
        networks = 1 + copies + pairs + (0 if large else 2)
        drawn = []
        for i in range(copies):
            tell(1 + i, networks)
            drawn.append(layers.up(x, layers.gaussian(seed, "control", str(i))))
        control = torch.stack(drawn)
        few = batches.first(_TWIN_LABELS[large])
        twins = []
        for i in range(pairs):
            tell(1 + copies + i, networks)
            matrices = layers.gaussian(seed, "twin", str(i))
            twins.append(few.shares(layers.up(layers.down(few, matrices, generator("twin dropout", str(i))), matrices)))
        permuted = corrected = None
        if not large:
            tell(networks - 2, networks)
            shuffled = layers.permuted(seed)
            permuted = batches.shares(
                layers.up(layers.down(batches, shuffled, generator("permuted dropout")), shuffled)
            )
            if all(min(shape) <= _CORRECTED for shape in layers.shapes.values()):
                tell(networks - 1, networks)
                there = layers.corrected_down(batches, generator())
                corrected = batches.shares(layers.up(there, layers.own))
    top1, control1, twin = batches.shares(real), batches.shares(control), np.array(twins)
    classes = real.shape[1]
    top5, control5 = (batches.shares(part, 5) if classes > 5 else None for part in (real, control))
    runs = [
        LabelRun(
            source=source,
            rho=rho,
            n=rows,
            top1=top1[i],
            top5=None if top5 is None else top5[i],
            chance=1 / classes,
            twin_top1=float(twin[:, i].mean()),
            twin_lowest=float(twin[:, i].min()),
            twin_highest=float(twin[:, i].max()),
            permuted_top1=None if permuted is None else permuted[i],
            corrected_top1=None if corrected is None else corrected[i],
            control_top1=control1[i],
            control_top5=None if control5 is None else control5[i],
        )
        for i, (source, rho, rows) in enumerate(batches.parts)
    ]
    return runs, len(twins)


@dataclass(frozen=True)
class _Layers:
    """The head, and the networks of its shape that stand beside it: each is a way to read its layers by name."""

    read: Read
    head: Head
    sigmas: Mapping[str, float]
    input_norm: float | None
    device: torch.device
    shapes: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Of the layers that were read, so that no twin reads a layer again."""
    biases: dict[str, Tensor | None] = field(default_factory=dict)

    def own(self, name: str) -> FCLayer:
        """The network's own layer."""
        layer = self.read(name)
        self.shapes[name], self.biases[name] = layer.shape, layer.bias
        return layer

    def gaussian(self, seed: int, *key: str) -> Read:
        """Gaussian matrices of the same shapes and standard deviations, the same whenever they are read."""
        import torch

        def read(name: str) -> FCLayer:
            generator = devices.generator(seed, "stack", *key, name)
            drawn = torch.randn(self.shapes[name], generator=generator).mul_(self.sigmas[name])
            return FCLayer(name, drawn, self.biases[name])

        return read

    def permuted(self, seed: int) -> Read:
        """The layers' own entries, less their mean, in random places."""
        import torch

        def read(name: str) -> FCLayer:
            layer = self.read(name)
            flat = layer.weight.float().reshape(-1)
            order = torch.randperm(flat.numel(), generator=devices.generator(seed, "stack", "permuted", name))
            return replace(layer, weight=(flat - flat.mean())[order].reshape(layer.shape))

        return read

    def down(self, batches: Batches, read: Read, generator: torch.Generator) -> Tensor:
        """The shadows ``[rows, in]`` of all labels at the bottom of the head, at the scale of the real inputs."""

        def through(h: Tensor, name: str, rho: Tensor) -> Tensor:
            layer = read(name)
            alpha = 2 / (rho * layer.shape[1] * self.sigmas[name] ** 2)
            return (h @ layer.weight.to(self.device).float() * alpha).relu_()

        return self._down(batches, through, generator)

    def corrected_down(self, batches: Batches, generator: torch.Generator) -> Tensor:
        """The same by the corrected reverse pass of each layer."""

        def through(h: Tensor, name: str, rho: Tensor) -> Tensor:
            layer: ReversePass = reverse_pass(self.read(name).weight, corrected=True, device=self.device)
            return layer.down(h.cpu()).to(self.device) / rho

        return self._down(batches, through, generator)

    def _down(
        self, batches: Batches, through: Callable[[Tensor, str, Tensor], Tensor], generator: torch.Generator
    ) -> Tensor:
        import torch

        x, rho = batches.h.to(self.device), batches.rho
        for step in reversed(self.head.layers):
            x = through(x, step.name, rho.to(self.device))
            mask = (torch.rand(x.shape, generator=generator) < rho).float()
            x = shadow(x, mask.to(self.device), 1.0)
        if self.input_norm is not None:
            x = x * (self.input_norm / x.norm(dim=1, keepdim=True).clamp_min(torch.finfo(x.dtype).tiny))
        return x

    def up(self, x: Tensor, read: Read) -> Tensor:
        """The outputs of the network for inputs of the head, on the CPU; without biases at an unknown scale."""
        for step in self.head.layers:
            layer = read(step.name)
            if self.input_norm is None:
                layer = replace(layer, bias=None)
            x = up(x, layer, step.activation)
        return x.cpu()
