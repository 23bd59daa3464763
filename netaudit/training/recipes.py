"""The recipes: which network, on which data, trained how. An explicit tuple; a recipe's name is its network's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

Layer = dict[str, Any]
Kind = Literal["GRU", "LSTM", "RNN", "UGRNN"]
"""Of a recurrent layer."""


@dataclass(frozen=True)
class Shadows:
    """Shadow training: what :class:`netaudit.training.ShadowLoss` is given, with its defaults."""

    start: Literal["softmax", "label", "hidden"] = "softmax"
    rho: float = 0.8
    weight: float = 1.0

    def describe(self) -> str:
        """Describe the shadows in one line, for the card."""
        return f"shadow training: from {self.start}, rho {self.rho:g}, weight {self.weight:g}"


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training run gives, but the seed, the number of epochs and the machine.

    SGD with momentum, or Adam, on the mean cross-entropy, with shadows or without; pixels are scaled to [0, 1].
    """

    name: str
    title: str
    architecture: tuple[Layer, ...]
    """What :func:`netaudit.sources.hubs.sequential.build` is given."""
    input: tuple[int, ...]
    """Shape of one input."""
    data: Literal["mnist", "cifar10", "imdb", "sentences"]
    initialisation: Literal["pytorch", "gaussian"]
    """``pytorch``: its default, uniform on +- 1 / sqrt(n). ``gaussian``: He et al., arXiv:1502.01852: N(0, 2 / n) for n
    inputs of a unit, biases 0: the random-like net of the hypotheses, at which every claim holds. The last layer of
    each of K residual branches is divided by sqrt(K), so that the stream does not grow with the depth (Hayou et al.,
    arXiv:2010.12859, the uniform scaling)."""
    epochs: int
    batch: int
    rate: float
    """The learning rate of the first epoch; see ``rate_at``."""
    momentum: float = 0.9
    weight_decay: float = 0.0
    """The weight decay of every parameter."""
    augmentation: Literal["none", "crop and flip"] = "none"
    """``crop and flip``: padded by four pixels of 0, cropped at random, mirrored half of the time."""
    shadow: Shadows | None = None
    """None: the plain cross-entropy."""
    optimiser: Literal["sgd", "adam"] = "sgd"
    """``adam``: Kingma and Ba, arXiv:1412.6980, with its two rates of decay; without momentum and weight decay."""
    clip: float | None = None
    """The largest norm of a gradient, to which a larger one is scaled (Pascanu et al., arXiv:1211.5063)."""
    origin: str = ""
    """Where the choices come from, in words; goes into the card."""

    def rate_at(self, epoch: int, epochs: int) -> float:
        """The learning rate of an epoch, counted from 0: half a cosine from ``rate`` towards 0.

        Source: Loshchilov and Hutter, arXiv:1608.03983, equation (5) without restarts.

        >>> [round(RECIPES[0].rate_at(epoch, 4), 4) for epoch in range(4)]
        [0.1, 0.0854, 0.05, 0.0146]
        """
        return self.rate * (1 + math.cos(math.pi * epoch / epochs)) / 2

    def describe(self, epochs: int) -> str:
        """The recipe in one line, for the card."""
        dropout = sorted({layer["p"] for layer in self.architecture if layer["type"] == "Dropout"})
        blocks = sum(layer["type"] == "Residual" for layer in self.architecture)
        gaussian = "Gaussian initialisation (He et al.)"
        gaussian += f", branches divided by sqrt({blocks}) (Hayou et al.)" if blocks else ""
        start = {"pytorch": "PyTorch's default initialisation", "gaussian": gaussian}
        adam = self.optimiser == "adam"
        parts = [
            f"{epochs} epochs of {'Adam' if adam else 'SGD'}",
            f"batch {self.batch}",
            f"learning rate {self.rate:g} with a cosine schedule",
            *([] if adam else [f"momentum {self.momentum:g}"]),
            *([f"gradients of norm {self.clip:g} at most"] if self.clip else []),
            *([f"weight decay {self.weight_decay:g}"] if self.weight_decay else []),
            *(f"dropout {p:g}" for p in dropout),
            "cross-entropy",
            start[self.initialisation],
            *([f"augmentation: {self.augmentation}"] if self.augmentation != "none" else []),
            *([self.shadow.describe()] if self.shadow else []),
        ]
        return f"{', '.join(parts)}; stored as float16"


def _linear(inputs: int, outputs: int, name: str | None = None) -> Layer:
    return {"type": "Linear", **({"name": name} if name else {}), "in": inputs, "out": outputs}


def _convolution(name: str, inputs: int, outputs: int) -> tuple[Layer, Layer]:
    """3 x 3, the size kept, and its ReLU."""
    return {"type": "Conv2d", "name": name, "in": inputs, "out": outputs, "kernel": 3, "padding": 1}, {"type": "ReLU"}


def _block(number: int, width: int) -> Layer:
    """x + B r(A x + a) + b, without a normalisation."""
    branch = [_linear(width, width, "fc1"), {"type": "ReLU"}, _linear(width, width, "fc2")]
    return {"type": "Residual", "name": f"block{number}", "branch": branch}


_HALF: Layer = {"type": "Dropout", "p": 0.5}
_RELU: Layer = {"type": "ReLU"}
_FLATTEN: Layer = {"type": "Flatten"}
_POOL: Layer = {"type": "MaxPool2d", "kernel": 2}

PICTURES = (
    Recipe(
        name="mnist-mlp",
        title="A 784-1000-1000-10 ReLU network with dropout, trained on MNIST",
        architecture=(
            *(_FLATTEN, _linear(784, 1000), _RELU, _HALF),
            *(_linear(1000, 1000), _RELU, _HALF, _linear(1000, 10)),
        ),
        input=(1, 28, 28),
        data="mnist",
        initialisation="pytorch",
        epochs=20,
        batch=100,
        rate=0.1,
    ),
    Recipe(
        name="cifar10-mlp",
        title="A 3072-1000-1000-10 ReLU network with dropout, trained on CIFAR-10",
        architecture=(
            *({"type": "Shift", "by": -0.5}, _FLATTEN, _linear(3072, 1000, "fc1"), _RELU, _HALF),
            *(_linear(1000, 1000, "fc2"), _RELU, _HALF, _linear(1000, 10, "fc3")),
        ),
        input=(3, 32, 32),
        data="cifar10",
        initialisation="gaussian",
        epochs=30,
        batch=100,
        rate=0.03,
        origin="Pixels are centred near 0 in the network, as AlexNet subtracts the mean image; on raw pixels the same "
        "network stood at 50 % after 28 epochs (learning rate 0.005).",
    ),
    Recipe(
        name="alexnet-cifar10",
        title="AlexNet's plan for 32 x 32 images, trained on CIFAR-10",
        architecture=(
            *(*_convolution("conv1", 3, 32), _POOL, *_convolution("conv2", 32, 64), _POOL),
            *(*_convolution("conv3", 64, 128), *_convolution("conv4", 128, 128), *_convolution("conv5", 128, 128)),
            *(_POOL, _FLATTEN, _HALF, _linear(2048, 1024, "fc6"), _RELU, _HALF, _linear(1024, 1024, "fc7"), _RELU),
            _linear(1024, 10, "fc8"),
        ),
        input=(3, 32, 32),
        data="cifar10",
        initialisation="gaussian",
        epochs=20,
        batch=128,
        rate=0.02,
        weight_decay=5e-4,
        augmentation="crop and flip",
        origin="Five convolutions with pooling after the first, second and fifth, then dropout, fc6, ReLU, dropout, "
        "fc7, ReLU, fc8, as in AlexNet; no normalisation. Batch, momentum and weight decay are AlexNet's (Krizhevsky "
        "et al., 2012). The convolutions are 3 x 3 and narrower, so that it trains within an hour on one CPU core.",
    ),
    Recipe(
        name="cifar10-resmlp",
        title="A residual ReLU network with ten blocks of width 256, trained on CIFAR-10",
        architecture=(
            *({"type": "Shift", "by": -0.5}, _FLATTEN, _linear(3072, 256, "fc1"), _RELU),
            *(_block(number, 256) for number in range(1, 11)),
            _linear(256, 10, "fc2"),
        ),
        input=(3, 32, 32),
        data="cifar10",
        initialisation="gaussian",
        epochs=30,
        batch=100,
        rate=0.01,
        weight_decay=5e-4,
        augmentation="crop and flip",
        origin="Ten blocks of equal width without a normalisation, so that the bound on what leaving out the last "
        "blocks changes can be computed. Augmentation and weight decay are those of wide residual networks on CIFAR-10 "
        "(Zagoruyko and Komodakis, arXiv:1605.07146, section 3).",
    ),
)


def text_recipe(kind: Kind, data: Literal["imdb", "sentences"] = "imdb") -> Recipe:
    """A recurrent layer of 64 units that reads a text word by word, below a linear readout of two classes."""
    titles = {"GRU": "A GRU", "LSTM": "An LSTM", "RNN": "A tanh RNN", "UGRNN": "An update gate RNN"}
    corpora = {"imdb": "IMDB reviews", "sentences": "sentences of Rotten Tomatoes"}
    return Recipe(
        name=f"{data}-{kind.lower()}",
        title=f"{titles[kind]} of 64 units that reads film reviews word by word, trained on {corpora[data]}",
        architecture=(
            {"type": "Words", "name": "embedding", "in": 5000, "out": 32},
            {"type": "Dropout", "p": 0.3},
            {"type": kind, "name": "rnn", "in": 32, "out": 64},
            _linear(64, 2, "readout"),
        ),
        input=(100 if data == "imdb" else 50,),
        data=data,
        initialisation="pytorch",
        epochs=4 if data == "imdb" else 10,
        batch=64,
        rate=0.003,
        optimiser="adam",
        clip=1.0,
        origin="Adam and four epochs are those of the example of renn, a library of authors of Maheswaranathan et al. "
        "(arXiv:1906.10720), whose GRU has 256 units and embeddings of 128; here are fewer, so that it trains within "
        "minutes on one CPU core.",
    )


KINDS: tuple[Kind, ...] = ("GRU", "LSTM", "RNN", "UGRNN")
RECIPES = (*PICTURES, *map(text_recipe, KINDS))
"""Every recipe of ``netaudit train``."""


def recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        KeyError: there is none.
    """
    return {entry.name: entry for entry in RECIPES}[name]
