"""A recipe and a data set that train in a second."""

from dataclasses import replace

import pytest
import torch

from netaudit.training.data import DataSet, Images
from netaudit.training.recipes import Recipe

PLAN = (
    {"type": "Conv2d", "name": "conv1", "in": 3, "out": 4, "kernel": 3, "padding": 1},
    {"type": "ReLU"},
    {"type": "MaxPool2d", "kernel": 2},
    {"type": "Flatten"},
    {"type": "Dropout", "p": 0.2},
    {"type": "Linear", "name": "fc1", "in": 64, "out": 40},
    {"type": "ReLU"},
    {"type": "Linear", "name": "fc2", "in": 40, "out": 4},
)


@pytest.fixture
def tiny():
    """One convolution and two layers on 8 x 8 images of four classes."""
    return Recipe(
        name="tiny", title="A tiny network", architecture=PLAN, input=(3, 8, 8), data="cifar10",
        initialisation="gaussian", epochs=3, batch=16, rate=0.1, weight_decay=1e-4, augmentation="crop and flip",
    )  # fmt: skip


@pytest.fixture
def plain(tiny):
    """The same without augmentation."""
    return replace(tiny, augmentation="none")


@pytest.fixture
def images():
    """Noise, with the first channels brighter by class."""
    generator = torch.Generator().manual_seed(1)

    def draw(n):
        y = torch.arange(n) % 4
        x = torch.randint(0, 100, (n, 3, 8, 8), generator=generator, dtype=torch.uint8)
        for label in range(3):
            x[y == label, label] += 120
        return Images(x, y)

    return DataSet(draw(200), draw(80), "Noise (nobody): 200 training images, 80 test images")
