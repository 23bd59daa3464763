"""Shadow images: there when the stack takes the pixels of images, and a word on it when other layers lie between."""

import numpy as np
import pytest
from torch import nn

import netaudit


@pytest.fixture
def audited(tmp_path):
    """Audit a network on twenty images of the given shape."""

    def call(net, *shape):
        x = np.random.default_rng(0).integers(0, 256, (20, *shape), dtype=np.uint8)
        np.savez(tmp_path / "data.npz", x=x, y=np.arange(20) % 4)
        return netaudit.audit(net, data=tmp_path / "data.npz", device="cpu").stack

    return call


def net(*below, width=192):
    return nn.Sequential(*below, nn.Flatten(), nn.Linear(width, 50), nn.ReLU(), nn.Linear(50, 6))


def test_pixels_go_into_the_stack(audited):
    stack = audited(net(width=3072), 3, 32, 32)
    assert stack.images.shape == (3, 32, 32)
    assert stack.images.labels == (0, 1, 2, 3)  # the network has six classes, the images four
    assert "image" not in stack.note
    assert -1 <= stack.images.likeness_trained <= 1


@pytest.mark.parametrize(
    ("below", "width"),
    [(nn.Conv2d(3, 1, 3, padding=1), 1024), (nn.Conv2d(3, 3, 3, padding=1), 3072), (nn.Hardtanh(0, 0.5), 3072)],
)
def test_layers_between_the_images_and_the_stack(audited, below, width):
    stack = audited(net(below, width=width), 3, 32, 32)
    assert stack.images is None
    assert stack.data is not None
    assert "Other layers lie between the images and the stack, so labels have no shadow images." in stack.note


def test_centred_pixels_are_pixels(audited):
    class Centred(nn.Module):
        def forward(self, x):
            return x - 0.5

    assert audited(net(Centred(), width=3072), 3, 32, 32).images is not None


def test_inputs_that_are_no_images(audited):
    stack = audited(net(), 192)
    assert stack.images is None
    assert "image" not in stack.note


def test_without_data_there_are_none():
    stack = netaudit.audit(net(), device="cpu").stack
    assert stack.images is None
    assert "image" not in stack.note
