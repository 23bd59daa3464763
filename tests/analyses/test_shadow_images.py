import base64

import numpy as np
import pytest
import torch

from netaudit.analyses.network.shadow_images import measure
from netaudit.network.layers import FCLayer, Head, HeadLayer

CPU = torch.device("cpu")
STACK = Head((HeadLayer("a", "relu"), HeadLayer("b", "relu"), HeadLayer("c", "linear")), inferred=False)


@pytest.fixture
def layers():
    """64 - 50 - 40 - 6, Gaussian."""
    generator = torch.Generator().manual_seed(0)
    shapes = {"a": (50, 64), "b": (40, 50), "c": (6, 40)}
    return {name: FCLayer(name, torch.randn(shape, generator=generator) * 0.3) for name, shape in shapes.items()}


@pytest.fixture
def sigmas(layers):
    return {name: float(layer.weight.std()) for name, layer in layers.items()}


def generator():
    return torch.Generator().manual_seed(1)


def test_shadows_are_the_formula_applied_from_top_to_bottom(layers, sigmas):
    h = torch.eye(6)[[1, 4]]
    trained, untrained = measure.label_shadows(layers.__getitem__, STACK, sigmas, h, generator(), CPU)
    x = h.double()
    for name in "cba":
        A = layers[name].weight.double()
        x = 2 / (A.shape[1] * sigmas[name] ** 2) * (x @ A).clamp(min=0)
    assert torch.allclose(trained.double(), x, rtol=1e-4)
    assert untrained.shape == trained.shape == (2, 64)
    assert not torch.allclose(untrained, trained)


def test_the_untrained_layers_have_the_scale_of_the_real_ones(layers, sigmas):
    h = torch.eye(6)
    scaled = {name: FCLayer(name, layer.weight * 7) for name, layer in layers.items()}
    seven = {name: sigma * 7 for name, sigma in sigmas.items()}
    _, one = measure.label_shadows(layers.__getitem__, STACK, sigmas, h, generator(), CPU)
    _, other = measure.label_shadows(scaled.__getitem__, STACK, seven, h, generator(), CPU)
    assert torch.allclose(one, other * 7**3, rtol=1e-4)


def test_a_network_whose_weights_hold_pictures_shows_them():
    """Each label's row is a picture: its shadow is that picture, and its likeness 1."""
    pictures = torch.rand(4, 64, generator=generator())
    stack = Head((HeadLayer("top", "linear"),), inferred=False)
    x = pictures.reshape(4, 1, 8, 8).repeat(3, 1, 1, 1)
    y = torch.arange(4).repeat(3)
    found = measure.show(
        lambda name: FCLayer(name, pictures), stack, {"top": 0.3}, x.numpy(), y.numpy(), generator(), CPU
    )
    assert (found.shape, found.labels) == ((1, 8, 8), (0, 1, 2, 3))
    assert found.trained == found.real
    assert found.likeness_trained == pytest.approx(1)
    assert abs(found.likeness_untrained) < 0.3
    pixels = np.frombuffer(base64.b64decode(found.real[2]), np.uint8)
    assert pixels.tolist() == measure.to_pixels(pictures)[2].tolist()
    assert pixels.max() == 255


def test_labels_without_real_inputs_are_left_out_and_ten_are_shown():
    stack = Head((HeadLayer("top", "linear"),), inferred=False)
    weight = torch.rand(40, 64)
    y = np.arange(3, 37, 2).repeat(2)
    x = np.random.default_rng(0).random((len(y), 1, 8, 8), np.float32)
    found = measure.show(lambda name: FCLayer(name, weight), stack, {"top": 0.3}, x, y, generator(), CPU)
    assert found.labels == tuple(range(3, 23, 2))
    assert len(found.real) == len(found.trained) == len(found.untrained) == 10
    large = np.zeros((len(y), 3, 64, 64), np.float32)
    wide = torch.rand(40, 3 * 64 * 64)
    found = measure.show(lambda name: FCLayer(name, wide), stack, {"top": 0.3}, large, y, generator(), CPU)
    assert found.labels == (3, 5)


def test_pixels_may_be_shifted_and_nothing_else():
    inputs = torch.rand(5, 3, 8, 8, generator=generator())
    flat = inputs.flatten(1)
    assert measure.are_pixels(flat, inputs)
    assert measure.are_pixels(flat - 0.5, inputs)
    assert not measure.are_pixels(flat * 2, inputs)
    assert not measure.are_pixels(flat.flip(1), inputs)
    assert not measure.are_pixels(flat.relu()[:, :100], inputs)
    assert not measure.are_pixels(flat.where(flat > 0.01, 0.01), inputs)


def test_black_images_have_no_likeness():
    black, x = torch.zeros(1, 64), torch.rand(5, 64)
    assert measure.to_pixels(black).max() == 0
    assert measure.likeness(black, x, torch.zeros(5, dtype=torch.long), [0]) == 0


@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        ((9, 3, 32, 32), True), ((9, 1, 64, 8), True), ((9, 784), False), ((9, 2, 32, 32), False),
        ((9, 3, 65, 65), False), ((9, 3, 7, 32), False), ((9, 32, 32), False),
    ],
)  # fmt: skip
def test_what_can_be_shown(shape, shown):
    assert measure.are_images(shape) is shown
