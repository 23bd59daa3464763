"""The epoch loop: a plain function over a run, with the loss, the progress and what follows an epoch handed in.

Every random number follows from the seed and the epoch, so that a run which goes on after an interruption gives the
same bytes as one that was never interrupted (on the CPU, for a given number of threads).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from netaudit.errors import NetauditError
from netaudit.network.network import Progress
from netaudit.numerics import device as devices
from netaudit.sources.hubs import sequential
from netaudit.training.augmentation import crop_and_flip
from netaudit.training.data import DataSet, Images
from netaudit.training.recipes import Recipe, Shadows
from netaudit.training.shadow_loss import ShadowLoss

Loss = Callable[[nn.Module, Tensor, Tensor, torch.Generator], Tensor]
"""(model in training mode, x ``[batch, ...]`` in [0, 1], y ``[batch]``, a generator of its own) to a scalar. The order
of the batches and their augmentation come from another generator, so that two losses see the same ones."""


@runtime_checkable
class WithFigures(Protocol):
    """A loss that knows more of an epoch than its mean."""

    def figures(self) -> dict[str, float]:
        """Give the means over the steps since the last call, by name."""


Precision = Literal["float32", "bfloat16"]
"""How products in training are computed (PyTorch's autocast); weights, updates and the test are always in float32."""

_TEST_BATCH = 500


@dataclass
class TrainingRun:
    """A training run: what changes from epoch to epoch."""

    recipe: Recipe
    seed: int
    epochs: int
    device: torch.device
    model: nn.Module
    optimiser: torch.optim.Optimizer
    precision: Precision = "float32"
    history: list[dict[str, Any]] = field(default_factory=list)
    """``{epoch, rate, loss, test_accuracy}`` an epoch; the first is 0, the initialisation, without rate and loss. With
    shadows also what :meth:`ShadowLoss.figures` gives."""

    @property
    def done(self) -> int:
        """Epochs behind it."""
        return max(0, len(self.history) - 1)


def start(
    recipe: Recipe, seed: int, epochs: int, device: torch.device, precision: Precision = "float32"
) -> TrainingRun:
    """A run before its first epoch. The weights are drawn on the CPU: the same ones for every device."""
    key = (recipe.name, "initialisation")
    with devices.seeded(torch.device("cpu"), seed, *key):
        model = sequential.build(recipe.architecture)
    if recipe.initialisation == "gaussian":
        _gaussian(model, devices.generator(seed, *key))
    if len(recipe.input) == 3:  # which makes convolutions on the CPU faster
        model = model.to(memory_format=torch.channels_last)
    model = model.to(device)
    return TrainingRun(recipe, seed, epochs, device, model, _optimiser(recipe, model), precision)


def _optimiser(recipe: Recipe, model: nn.Module) -> torch.optim.Optimizer:
    if recipe.optimiser == "adam":
        return torch.optim.Adam(model.parameters(), recipe.rate)
    return torch.optim.SGD(model.parameters(), recipe.rate, recipe.momentum, weight_decay=recipe.weight_decay)


def cross_entropy(model: nn.Module, x: Tensor, y: Tensor, generator: torch.Generator) -> Tensor:
    """The plain loss."""
    return torch.nn.functional.cross_entropy(model(x), y)


class WithShadows:
    """The loss of a recipe with shadows; their dropout comes from the generator that every loss is given."""

    def __init__(self, model: nn.Module, settings: Shadows) -> None:
        self.criterion = ShadowLoss(model, start=settings.start, rho=settings.rho, weight=settings.weight)

    def __call__(self, model: nn.Module, x: Tensor, y: Tensor, generator: torch.Generator) -> Tensor:
        """The loss of one batch."""
        self.criterion.generator = generator
        return self.criterion(model(x), y)

    def figures(self) -> dict[str, float]:
        """Give the errors on real points and on shadows, as means over the steps since the last call."""
        return self.criterion.figures()


def loss_of(run: TrainingRun) -> Loss:
    """The loss that the recipe names."""
    return cross_entropy if run.recipe.shadow is None else WithShadows(run.model, run.recipe.shadow)


def train(
    run: TrainingRun,
    data: DataSet,
    progress: Progress,
    *,
    loss: Loss | None = None,
    after: Callable[[TrainingRun], None],
) -> None:
    """Train to the run's last epoch. ``after(run)`` follows the initialisation and every epoch.

    Another ``loss`` than the recipe's can be handed in; its ``figures()``, if it has them, go into the history.

    Raises:
        NetauditError: the loss is not finite.
    """
    loss = loss or loss_of(run)
    if not run.history:
        start = {"epoch": 0, "rate": None, "loss": None, "test_accuracy": accuracy(run.model, data.test, run.device)}
        run.history.append(start)
        after(run)
    while run.done < run.epochs:
        rate = run.recipe.rate_at(run.done, run.epochs)
        mean = epoch(run, data.train, rate, loss, progress)
        if not math.isfinite(mean):
            raise NetauditError(
                f"{run.recipe.name}: the loss is no longer finite in epoch {run.done + 1}", hint="try another --seed"
            )
        found = accuracy(run.model, data.test, run.device)
        figures: dict[str, float] = loss.figures() if isinstance(loss, WithFigures) else {}
        run.history.append({"epoch": run.done + 1, "rate": rate, "loss": mean, "test_accuracy": found} | figures)
        after(run)


def accuracy(model: nn.Module, images: Images, device: torch.device) -> float:
    """Share of right labels, in evaluation mode."""
    model.eval()
    with torch.no_grad():
        pairs = zip(torch.split(images.x, _TEST_BATCH), torch.split(images.y, _TEST_BATCH), strict=True)
        hits = sum(int((model(inputs(x, device)).argmax(1).cpu() == y).sum()) for x, y in pairs)
    return hits / len(images.y)


def inputs(x: Tensor, device: torch.device) -> Tensor:
    """What a network takes: uint8 pixels scaled to [0, 1], anything else as it is."""
    return x.to(device) / 255 if x.dtype == torch.uint8 else x.to(device)


def epoch(run: TrainingRun, images: Images, rate: float, loss: Loss, progress: Progress) -> float:
    """One pass over the images, number ``run.done + 1``; the mean loss."""
    number, recipe = run.done + 1, run.recipe
    key = (recipe.name, "epoch", str(number))
    order, own = (devices.generator(run.seed, *key, use) for use in ("order", "loss"))
    for group in run.optimiser.param_groups:
        group["lr"] = rate
    run.model.train()
    total = torch.zeros((), device=run.device)
    batches = torch.split(torch.randperm(len(images.y), generator=order), recipe.batch)
    with devices.seeded(run.device, run.seed, *key, "dropout"):
        for step, rows in enumerate(batches):
            done = (number - 1) * len(batches) + step
            progress(f"epoch {number} of {run.epochs}", done, run.epochs * len(batches))
            x = images.x[rows]
            if recipe.augmentation == "crop and flip":
                x = crop_and_flip(x, order)
            run.optimiser.zero_grad()
            with torch.autocast(run.device.type, torch.bfloat16, enabled=run.precision == "bfloat16"):
                value = loss(run.model, inputs(x, run.device), images.y[rows].to(run.device), own)
            torch.autograd.backward(value)
            if recipe.clip is not None:
                nn.utils.clip_grad_norm_(run.model.parameters(), recipe.clip)
            run.optimiser.step()
            total += value.detach() * len(rows)
    return float(total) / len(images.y)


def _gaussian(model: nn.Module, generator: torch.Generator) -> None:
    for layer in model.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    blocks = [block for block in model.modules() if isinstance(block, sequential.Residual)]
    for block in blocks:
        last = [layer for layer in block.branch if isinstance(layer, (nn.Linear, nn.Conv2d))][-1]
        with torch.no_grad():
            last.weight /= len(blocks) ** 0.5
