"""What the study runs: networks and label budgets, the arms of each, and how many seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from netaudit.training.loop import Precision
from netaudit.training.recipes import Layer, Recipe, recipe

Stage = Literal["rate", "confirm", "test", "sweep", "variant"]

RATES = (0.02, 0.05, 0.1, 0.2)
"""The short list of learning rates: the recipes' 0.02 to 0.1, and twice the largest, where most arms diverge."""

SMALLER_RATES = (0.005, 0.01, 0.02, 0.05)
"""Above a trunk that is trained already, where the smallest of the others was the best of every arm."""

HELD_OUT = 5000
"""The last training images, on which rates and better shadows are judged; labelled points come from the others."""

ARMS = ("plain", "shadow", "random", "repeat", "noise", "mixup", "shadow+noise", "shadow+mixup")
SWEEP = tuple((rho, weight) for rho in (1.0, 0.8, 0.5, 0.3) for weight in (0.3, 1.0, 3.0))
VARIANTS = ("label", "hidden", "theory", "gain", "biases", "mixed labels", "annealed", "hidden only", "four shadows")
CONFIRMED = 3
FIRST_RATE_SEED = 1000  # seeds of the runs that choose the rate: other ones than those that are reported


@dataclass(frozen=True)
class Setting:
    """One network on one number of labelled points."""

    name: str
    recipe: Recipe
    labels: int
    arms: tuple[str, ...]
    seeds: int
    rate_seeds: int = 1
    rates: tuple[float, ...] = RATES
    trunk: str | None = None
    """Bundled network whose convolutions give the inputs, frozen."""
    precision: Precision = "float32"
    follow: bool = False
    """Also the sweep and the better shadows."""
    note: str = ""
    """What a reader must know of its numbers."""


@dataclass(frozen=True)
class TrainingCell:
    """Runs that differ in their seed alone."""

    setting: Setting
    arm: str
    stage: Stage
    rate: float

    @property
    def key(self) -> str:
        """Its name in the journal."""
        return f"{self.stage}: {self.setting.name}, {self.arm}, {self.rate:g}"


def settings() -> tuple[Setting, ...]:
    """Every setting, the most telling ones first: a study that is stopped has them."""
    return tuple(_settings())


def _settings() -> Iterator[Setting]:
    mlp = {dropout: _mnist(dropout) for dropout in (True, False)}
    cifar = {dropout: _cifar(dropout) for dropout in (True, False)}
    signed = ("plain", "shadow", "shadow signed", *ARMS[2:])
    few = ("plain", "shadow", "repeat", "noise", "mixup")
    for dropout, words in ((True, "dropout"), (False, "no dropout")):
        base = replace(mlp[dropout], epochs=60)
        yield Setting(f"MNIST, 1,000 labels, {words}", base, 1000, ARMS, 10, 2, follow=True)
    above = replace(_above_trunk(), epochs=40)
    yield Setting(
        "CIFAR-10 above a frozen trunk, 1,000 labels, dropout", above, 1000, ARMS, 3, rates=SMALLER_RATES,
        trunk="alexnet-cifar10", precision="bfloat16",
    )  # fmt: skip
    for dropout, words in ((True, "dropout"), (False, "no dropout")):
        yield Setting(f"MNIST, 250 labels, {words}", replace(mlp[dropout], epochs=120), 250, ARMS, 10, 2)
    for dropout, words in ((True, "dropout"), (False, "no dropout")):
        yield Setting(f"MNIST, all labels, {words}", replace(mlp[dropout], epochs=6), 55_000, ("plain", "shadow"), 3)
    for dropout, words in ((True, "dropout"), (False, "no dropout")):
        base = replace(cifar[dropout], epochs=40)
        yield Setting(f"CIFAR-10, 1,000 labels, {words}", base, 1000, signed, 5, precision="bfloat16")
    joint = replace(recipe("alexnet-cifar10"), name="shadow-study-alexnet", epochs=160)
    yield Setting(
        "CIFAR-10 with a trunk from its initialisation, 1,000 labels, dropout", joint, 1000,
        ("plain", "shadow", "repeat"), 3, rates=(0.02, 0.05), precision="bfloat16",
    )  # fmt: skip
    for dropout, words in ((True, "dropout"), (False, "no dropout")):
        yield Setting(f"MNIST, 5,000 labels, {words}", replace(mlp[dropout], epochs=24), 5000, ARMS, 5)
    for dropout, words in ((True, "dropout"), (False, "no dropout")):
        base = replace(cifar[dropout], epochs=16)
        yield Setting(f"CIFAR-10, 5,000 labels, {words}", base, 5000, few, 3, precision="bfloat16")


def rate_cells(setting: Setting) -> list[TrainingCell]:
    """The runs that choose the learning rate of each arm."""
    return [TrainingCell(setting, arm, "rate", rate) for arm in setting.arms for rate in setting.rates]


def confirm_cells(setting: Setting, rates: Mapping[str, float]) -> list[TrainingCell]:
    """More runs at the rate chosen for each arm, before it is relied upon: at the largest ones a run may diverge.

    The smallest is taken as it is, since there is none to fall back on.
    """
    least = min(setting.rates)
    return [TrainingCell(setting, arm, "confirm", rates[arm]) for arm in setting.arms if rates[arm] > least]


def test_cells(setting: Setting, rates: Mapping[str, float]) -> list[TrainingCell]:
    """The runs that are reported, at the rate chosen for each arm; the sweep and the variants at the shadow's."""
    cells = [TrainingCell(setting, arm, "test", rates[arm]) for arm in setting.arms]
    if setting.follow:
        cells += [TrainingCell(setting, sweep_arm(rho, weight), "sweep", rates["shadow"]) for rho, weight in SWEEP]
        cells += [TrainingCell(setting, "plain", "variant", rates["plain"])]
        cells += [TrainingCell(setting, variant, "variant", rates["shadow"]) for variant in ("shadow", *VARIANTS)]
    return cells


def seeds(cell: TrainingCell) -> range:
    """The seeds of a cell's runs. Runs of one seed have the same labelled points, initial weights and batches."""
    match cell.stage:
        case "rate":
            return range(FIRST_RATE_SEED, FIRST_RATE_SEED + cell.setting.rate_seeds)
        case "confirm":
            return range(FIRST_RATE_SEED + 100, FIRST_RATE_SEED + 100 + CONFIRMED)
        case "test":
            return range(cell.setting.seeds)
        case "sweep":
            return range(3)
        case "variant":
            return range(5)


def sweep_arm(rho: float, weight: float) -> str:
    """The arm of one place of the sweep.

    >>> sweep_arm(0.8, 1.0)
    'rho 0.8 weight 1'
    """
    return f"rho {rho:g} weight {weight:g}"


def steps(setting: Setting) -> int:
    """Steps of one run."""
    return setting.recipe.epochs * -(-setting.labels // setting.recipe.batch)


def _linear(inputs: int, outputs: int, name: str) -> Layer:
    return {"type": "Linear", "name": name, "in": inputs, "out": outputs}


def _dropout(p: float) -> list[Layer]:
    return [{"type": "Dropout", "p": p}] if p else []


def _mnist(dropout: bool) -> Recipe:
    """784-500-500-10; dropout .2 on the pixels and .5 on the hidden units (Srivastava et al., 2014)."""
    half: list[Layer] = [{"type": "ReLU"}, *_dropout(0.5 * dropout)]
    layers = (
        *({"type": "Flatten"}, *_dropout(0.2 * dropout), _linear(784, 500, "fc1"), *half),
        *(_linear(500, 500, "fc2"), *half, _linear(500, 10, "fc3")),
    )
    title = "A 784-500-500-10 ReLU network on MNIST"
    return replace(recipe("mnist-mlp"), name="shadow-study-mnist", title=title, architecture=layers)


def _cifar(dropout: bool) -> Recipe:
    """3072-1000-1000-10, the recipe cifar10-mlp with and without its dropout of .5."""
    base = recipe("cifar10-mlp")
    layers = tuple(layer for layer in base.architecture if dropout or layer["type"] != "Dropout")
    title = "A 3072-1000-1000-10 ReLU network on CIFAR-10"
    return replace(base, name="shadow-study-cifar", title=title, architecture=layers)


def _above_trunk() -> Recipe:
    """The fully connected layers of alexnet-cifar10, on the outputs of its convolutions."""
    base = recipe("alexnet-cifar10")
    start = next(place for place, layer in enumerate(base.architecture) if layer["type"] == "Flatten")
    return replace(
        base,
        name="shadow-study-above",
        title="The fully connected layers of AlexNet's plan for 32 x 32 images on CIFAR-10",
        architecture=base.architecture[start:],
        input=(2048,),
        augmentation="none",
    )
