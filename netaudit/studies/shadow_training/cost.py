"""What a step with shadows costs, in plain steps: both in one process, by turns."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import torch
from torch import Tensor

from netaudit.training.loop import TrainingRun, loss_of, start
from netaudit.training.recipes import RECIPES, Recipe, Shadows

_STEPS = 60
_WARM = 5  # the first steps fill caches and allocate


def cost() -> list[dict[str, Any]]:
    """Each recipe's median step, in seconds, without and with shadows, and the median ratio of neighbouring steps."""
    return [_of(recipe) for recipe in RECIPES]


def _of(recipe: Recipe) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(recipe.batch, *recipe.input, generator=generator)
    y = torch.randint(10, (recipe.batch,), generator=generator)
    arms = {"plain": recipe, "shadow": replace(recipe, shadow=Shadows())}
    steps = {name: _stepper(start(arm, 0, 1, torch.device("cpu")), x, y, generator) for name, arm in arms.items()}
    times: dict[str, list[float]] = {name: [] for name in arms}
    for _ in range(_STEPS + _WARM):
        for name, step in steps.items():
            times[name].append(step())
    kept = {name: values[-_STEPS:] for name, values in times.items()}
    ratios = [ours / theirs for ours, theirs in zip(kept["shadow"], kept["plain"], strict=True)]
    return {
        "network": recipe.name,
        "batch": recipe.batch,
        "threads": torch.get_num_threads(),
        "plain": median(kept["plain"]),
        "shadow": median(kept["shadow"]),
        "ratio": median(ratios),
    }


def _stepper(run: TrainingRun, x: Tensor, y: Tensor, generator: torch.Generator) -> Callable[[], float]:
    loss = loss_of(run)
    run.model.train()

    def step() -> float:
        began = time.perf_counter()
        run.optimiser.zero_grad()
        torch.autograd.backward(loss(run.model, x, y, generator))
        run.optimiser.step()
        return time.perf_counter() - began

    return step
