"""The arms: what the loss of a run is, beside the cross-entropy of the labelled points.

Every arm adds terms of weight 1, each a cross-entropy on other points with the same labels, so that an arm differs from
another in the points alone. The controls are those of an honest comparison: more steps on the same points, shadows
through matrices that have nothing to do with the network, noise, and mixup.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from netaudit.numerics import device as devices
from netaudit.training.shadow_loss import ShadowLoss

Term = Callable[[nn.Module, Tensor, Tensor, torch.Generator], Tensor]

MIXUP = 0.4
"""Shares are drawn from Beta(a, a) with this a. Zhang et al., arXiv:1710.09412, take .1 to .4 for ImageNet and 1 for
CIFAR-10."""


class Arm:
    """A :data:`netaudit.training.loop.Loss`: the shadow loss or the plain one, and other terms."""

    def __init__(self, shadow: ShadowLoss | None, terms: tuple[Term, ...] = ()) -> None:
        self.shadow, self.terms = shadow, terms

    def __call__(self, model: nn.Module, x: Tensor, y: Tensor, generator: torch.Generator) -> Tensor:
        """The loss of one batch."""
        logits = model(x)
        if self.shadow is None:
            total = functional.cross_entropy(logits, y)
        else:
            self.shadow.generator = generator
            total = self.shadow(logits, y)
        for term in self.terms:
            total = total + term(model, x, y, generator)
        return total


class RandomShadow(ShadowLoss):
    """Shadows through Gaussian matrices that are independent of the network, drawn once."""

    def __init__(self, model: nn.Module, seed: int) -> None:
        super().__init__(model)
        generator = devices.generator(seed, "shadow-study", "random")
        self.others = [
            torch.randn(layer.weight.shape, generator=generator).to(layer.weight.device) for layer in self.linear
        ]

    def reverse(self, place: int, h: Tensor) -> Tensor:
        """B^T h with the independent B; norms are matched, so its scale does not count."""
        return h.to(self.others[place].dtype).matmul(self.others[place])


class BiasedShadow(ShadowLoss):
    """The net's own biases in the reverse pass: A x + b = h on the support of h, so A^T (h - b) there."""

    def reverse(self, place: int, h: Tensor) -> Tensor:
        """A^T (h - b) on the support of h; the top layer's h is a label, which no bias belongs to."""
        if place < len(self.linear) - 1:
            h = torch.where(h > 0, h - self.linear[place].bias, h)
        return super().reverse(place, h)


class MixedLabels(ShadowLoss):
    """A mixture of two points' labels at the top, as mixup has one of their inputs."""

    def __init__(self, model: nn.Module, seed: int) -> None:
        super().__init__(model)
        self._shares = devices.numpy_generator(seed, "shadow-study", "mixed labels")

    def top(self, logits: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Both the network's answers and the right ones, mixed in the same shares."""
        h, targets = super().top(logits, y)
        share = float(self._shares.beta(MIXUP, MIXUP))
        other = torch.randperm(len(y), generator=self.generator)
        right = functional.one_hot(targets, logits.shape[1]).float()
        return share * h + (1 - share) * h[other], share * right + (1 - share) * right[other]


def repeat(model: nn.Module, x: Tensor, y: Tensor, generator: torch.Generator) -> Tensor:
    """The same points again, with other dropout where there is dropout: a control for the size of the step."""
    return functional.cross_entropy(model(x), y)


def noise(model: nn.Module, x: Tensor, y: Tensor, generator: torch.Generator) -> Tensor:
    """Gaussian noise of the norm of each input: at .3 of the norm it did less in a first look."""
    flat = torch.randn(x.shape, generator=generator).to(x.device).flatten(1)
    scale = x.flatten(1).norm(dim=1, keepdim=True) / flat.norm(dim=1, keepdim=True)
    return functional.cross_entropy(model(x + (flat * scale).reshape(x.shape)), y)


def mixup(seed: int) -> Term:
    """Zhang et al., arXiv:1710.09412: convex combinations of two points and of their labels."""
    shares = devices.numpy_generator(seed, "shadow-study", "mixup")

    def term(model: nn.Module, x: Tensor, y: Tensor, generator: torch.Generator) -> Tensor:
        share, other = float(shares.beta(MIXUP, MIXUP)), torch.randperm(len(y), generator=generator)
        logits = model(share * x + (1 - share) * x[other])
        first, second = functional.cross_entropy(logits, y), functional.cross_entropy(logits, y[other])
        return share * first + (1 - share) * second

    return term


def build(name: str, model: nn.Module, seed: int, steps: int) -> Arm:
    """The arm of that name for one run of ``steps`` steps.

    Raises:
        KeyError: there is none.
    """
    if name.startswith("rho "):
        _, rho, _, weight = name.split()
        return Arm(ShadowLoss(model, rho=float(rho), weight=float(weight)))
    return {
        "plain": lambda: Arm(None),
        "shadow": lambda: Arm(ShadowLoss(model)),
        "shadow signed": lambda: Arm(ShadowLoss(model, signed=True)),
        "random": lambda: Arm(RandomShadow(model, seed)),
        "repeat": lambda: Arm(None, (repeat,)),
        "noise": lambda: Arm(None, (noise,)),
        "mixup": lambda: Arm(None, (mixup(seed),)),
        "shadow+noise": lambda: Arm(ShadowLoss(model), (noise,)),
        "shadow+mixup": lambda: Arm(ShadowLoss(model), (mixup(seed),)),
        "label": lambda: Arm(ShadowLoss(model, start="label")),
        "hidden": lambda: Arm(ShadowLoss(model, start="hidden")),
        "theory": lambda: Arm(ShadowLoss(model, scale="theory")),
        "gain": lambda: Arm(ShadowLoss(model, scale="gain")),
        "biases": lambda: Arm(BiasedShadow(model)),
        "mixed labels": lambda: Arm(MixedLabels(model, seed)),
        "annealed": lambda: Arm(ShadowLoss(model, weight=lambda step: 2 * (1 - step / steps))),
        "hidden only": lambda: Arm(ShadowLoss(model, lowest=1)),
        "four shadows": lambda: Arm(ShadowLoss(model, shadows=4)),
    }[name]()


def is_shadow(name: str) -> bool:
    """Whether the arm draws shadows of the network itself.

    >>> [is_shadow(name) for name in ("shadow+mixup", "rho 0.8 weight 1", "annealed", "random", "noise")]
    [True, True, True, False, False]
    """
    return name not in ("plain", "random", "repeat", "noise", "mixup")
