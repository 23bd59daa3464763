"""Shadow training: a loss that also asks the network for the right answer on the shadows of its training points.

For a labelled point (x, y) the present network gives h; a shadow x~ of h is drawn, and (x~, y) is one more labelled
point. Source: Arora, Liang and Ma, arXiv:1511.05653, section 4; the shadow is equation (1), down the layers as in (4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from netaudit.shadow.distribution import alpha

Start = Literal["softmax", "label", "hidden"]
Scale = Literal["match", "theory", "gain"]
Objective = Callable[[Tensor, Tensor], Tensor]

_PASSED = (nn.ReLU, nn.Dropout, nn.Identity)


def find_stack(model: nn.Module) -> list[nn.Module]:
    """The layers at the top of a network, bottom to top: ``nn.Linear``, ``nn.ReLU``, ``nn.Dropout`` from the end on.

    They are looked for in an ``nn.Sequential``, in those inside it, and in the last part of any other module.

    Raises:
        ValueError: there is no ``nn.Linear`` among them.
    """
    stack: list[nn.Module] = []
    for part in _from_the_end(model):
        if not isinstance(part, (nn.Linear, *_PASSED)):
            break
        stack.insert(0, part)
    while stack and not isinstance(stack[0], nn.Linear):
        stack.pop(0)
    if not stack:
        raise ValueError(
            f"no Linear, ReLU and Dropout layers at the top of {type(model).__name__}: give them in the order of "
            "their use, as in ShadowLoss(nn.Sequential(model.fc1, nn.ReLU(), model.fc2))"
        )
    return stack


def _from_the_end(module: nn.Module) -> Iterator[nn.Module]:
    parts = list(module.children())
    if isinstance(module, nn.Sequential):
        for part in reversed(parts):
            yield from _from_the_end(part)
    elif parts:
        yield from _from_the_end(parts[-1])
        yield module  # what it does with its parts is not known: no stack goes on below it
    else:
        yield module


class ShadowLoss:
    """Takes the place of ``nn.CrossEntropyLoss``: the loss on real points plus ``weight`` times that on their shadows.

        criterion = ShadowLoss(model)
        ...
        loss = criterion(model(x), y)

    The shadow starts at the top of the present network, without gradient, goes down its fully connected layers as
    x = r(alpha A^T h) with dropout, and forward again with all their own dropout, at the place where real points enter
    them. Layers below the stack, such as convolutions, see real points only. Runs where the model runs, and under
    autocast. In evaluation mode there are no shadows.

    Args:
        model: the network, or its top; see :func:`find_stack`.
        start: ``softmax``, the network's own answer (the h of the paper); ``label``, the right one; ``hidden``, the
            top hidden layer as the network has it, dropout included.
        rho: share of the coordinates of a shadow that dropout keeps; one for all layers, or one a layer, bottom first.
        weight: of the shadows in the loss, or a function that gives it for the number of steps so far.
        scale: ``match`` gives the shadow of each point the norm of the real input of that layer; ``theory`` is
            alpha = 2 / (rho n sigma^2) with the sigma of the present weights; ``gain`` divides that by the gain
            <A x, h> / ||h||^2 that was measured, which spikes make large.
        shadows: shadows drawn for each point.
        lowest: the layer, counted from 0 at the bottom, whose input the shadow replaces.
        signed: the real inputs of the lowest layer have both signs, as centred pixels have: no ReLU there.
        loss: of logits and labels; class indices, or anything else that it takes where ``start`` is not ``label``.
        generator: of the dropout of the shadows; PyTorch's global one by default.

    The source names no numbers for rho and the weight: .8 and 1 are from a first look on MNIST, and the study
    (``netaudit study shadow-training``) sweeps over both, and measures what a step costs in plain ones.

    Raises:
        ValueError: no stack, or an argument that does not fit it.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        start: Start = "softmax",
        rho: float | Sequence[float] = 0.8,
        weight: float | Callable[[int], float] = 1.0,
        scale: Scale = "match",
        shadows: int = 1,
        lowest: int = 0,
        signed: bool = False,
        loss: Objective = functional.cross_entropy,
        generator: torch.Generator | None = None,
    ) -> None:
        self.stack = find_stack(model)
        places = [place for place, part in enumerate(self.stack) if isinstance(part, nn.Linear)]
        self.linear = [part for part in self.stack if isinstance(part, nn.Linear)]
        self.rhos = [rho] * len(self.linear) if isinstance(rho, (int, float)) else list(rho)
        self.start, self.weight, self.scale, self.shadows = start, weight, scale, shadows
        self.lowest, self.signed, self.loss, self.generator = lowest, signed, loss, generator
        if start not in ("softmax", "label", "hidden") or scale not in ("match", "theory", "gain") or shadows < 1:
            raise ValueError(f"start {start!r}, scale {scale!r} and shadows {shadows}: see ShadowLoss")
        if len(self.rhos) != len(self.linear) or not all(0 < value <= 1 for value in self.rhos):
            raise ValueError(f"rho must be in (0, 1], one or {len(self.linear)} of them, bottom first; got {rho}")
        if not 0 <= lowest < len(self.linear) - (start == "hidden"):
            raise ValueError(f"lowest {lowest} leaves no layer to go down: the stack has {len(self.linear)} layers")
        self.steps = 0
        self._above = self.stack[places[lowest] :]
        self._real: list[Tensor | None] = [None] * len(self.linear)
        self._going = False  # whether shadows are on their way up
        self._hooks = [part.register_forward_pre_hook(self._record(place)) for place, part in enumerate(self.linear)]
        self._sums: Tensor | None = None

    def __call__(self, logits: Tensor, y: Tensor) -> Tensor:
        """The loss of the forward pass just made: a scalar. ``logits`` ``[N, classes]`` are the network's output.

        Raises:
            RuntimeError: the network's output did not come through the stack.
        """
        real = self.loss(logits, y)
        weight = self.weight(self.steps) if callable(self.weight) else self.weight
        if not (self.stack[0].training and torch.is_grad_enabled()) or not weight:
            return real
        x, targets = self.draw(logits.detach(), y)
        self._going = True
        try:
            answers = self._up(x)
        finally:
            self._going = False
        shadow = self.loss(answers, targets)
        self._count(logits, y, real, answers, targets, shadow)
        self.steps += 1
        self._real = [None] * len(self.linear)
        return real + weight * shadow

    @torch.no_grad()
    def draw(self, logits: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Shadows ``[shadows N, in]`` at the input of the lowest layer, and their labels."""
        h, targets = self.top(logits, y)
        last = len(self.linear) - (self.start == "hidden")
        if self.shadows > 1:
            h, targets = (part.repeat(self.shadows, *[1] * (part.ndim - 1)) for part in (h, targets))
        for place in reversed(range(self.lowest, last)):
            real = self._input(place)
            h = self.below(place, h, real.repeat(self.shadows, 1) if self.shadows > 1 else real)
        return h, targets

    def top(self, logits: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Where the shadows start, ``[N, ...]``, and their labels."""
        if self.start == "hidden":
            return self._input(len(self.linear) - 1), y
        if self.start == "label":
            return functional.one_hot(y, logits.shape[1]).to(logits.dtype), y
        return logits.softmax(1), y

    def below(self, place: int, h: Tensor, real: Tensor) -> Tensor:
        """The shadow ``[N, in]`` of ``h [N, out]`` at the input of a layer, whose ``real`` inputs are ``[N, in]``."""
        A, rho = self.linear[place].weight, self.rhos[place]
        x = self.reverse(place, h)
        if not (self.signed and place == self.lowest):
            x = x.relu_()
        if rho < 1:
            x = x * self._kept(x, rho)
        if self.scale == "match":
            norms = _norms(x)  # 0 where dropout and the ReLU left nothing: that shadow stays 0
            return x * torch.where(norms > 0, _norms(real) / norms, 0.0).to(x.dtype)
        x = x * alpha(rho, A.shape[1], 1.0) / A.float().var(correction=0).to(x.dtype)
        if self.scale == "gain":
            gain = (functional.linear(x, A) * h).sum(1, keepdim=True) / h.square().sum(1, keepdim=True)
            x = torch.where(gain > 0, x / gain, x)
        return x

    def reverse(self, place: int, h: Tensor) -> Tensor:
        """A^T h ``[N, in]`` of ``h [N, out]``."""
        A: Tensor = self.linear[place].weight
        return h.to(A.dtype).matmul(A)

    def _up(self, x: Tensor) -> Tensor:
        for part in self._above:
            x = _linear(part, x) if type(part) is nn.Linear else part(x)
        return x

    def figures(self) -> dict[str, float]:
        """Means since the last call: ``real_error``, ``shadow_error``, ``gap`` (shadow - real), and both losses.

        Errors are shares of wrong labels in training mode, at the weights of each step; empty without a step.
        """
        if self._sums is None:
            return {}
        real_wrong, shadow_wrong, real, shadow, steps = self._sums.tolist()
        self._sums = None
        return {
            "real_error": real_wrong / steps,
            "shadow_error": shadow_wrong / steps,
            "gap": (shadow_wrong - real_wrong) / steps,
            "real_loss": real / steps,
            "shadow_loss": shadow / steps,
        }

    def remove(self) -> None:
        """Take the hooks from the network; the loss is not used after this."""
        for hook in self._hooks:
            hook.remove()

    def _record(self, place: int) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(module: nn.Module, args: tuple[Tensor, ...]) -> None:
            if module.training and not self._going:
                self._real[place] = args[0].detach()

        return hook

    def _input(self, place: int) -> Tensor:
        real = self._real[place]
        if real is None or real.ndim != 2:
            raise RuntimeError(
                "the stack did not see this batch as [N, in] rows: call the loss once, right after model(x), and give "
                "ShadowLoss the layers that the network ends with"
            )
        return real

    def _kept(self, x: Tensor, rho: float) -> Tensor:
        where = x.device if self.generator is None else self.generator.device
        return (torch.rand(x.shape, device=where, generator=self.generator) < rho).to(x)

    @torch.no_grad()
    def _count(self, logits: Tensor, y: Tensor, real: Tensor, answers: Tensor, targets: Tensor, shadow: Tensor) -> None:
        """Add to the sums on the device: reading them waits for it, once a call of ``figures``."""
        wrong = [_wrong(z, labels) for z, labels in ((logits, y), (answers, targets))]
        step = torch.stack([*wrong, real.float(), shadow.float(), torch.ones_like(wrong[0])])
        self._sums = step if self._sums is None else self._sums + step


def _linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """``layer(x)``, as a product from the left: PyTorch adds this one's gradient to that of the real points in place.

    The gradient of ``functional.linear`` is a transpose, and the sum of two of them a new tensor each step.
    """
    if layer.bias is None:
        return torch.mm(layer.weight, x.t()).t()
    return torch.addmm(layer.bias[:, None], layer.weight, x.t()).t()


def _norms(x: Tensor) -> Tensor:
    """Give the norms of the rows of ``x [N, n]``, in float32: ``[N, 1]``."""
    norms: Tensor = torch.linalg.vector_norm(x, dim=1, keepdim=True, dtype=torch.float32)
    return norms


def _wrong(logits: Tensor, labels: Tensor) -> Tensor:
    """Share of wrong answers; of mixed labels, the largest is the right one."""
    right = labels.argmax(1) if labels.ndim > 1 else labels
    return (logits.argmax(1) != right).float().mean()
