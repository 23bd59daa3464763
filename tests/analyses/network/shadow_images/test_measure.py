import base64

import numpy as np
import pytest
import torch
from fake_network import CPU, FakeNetwork, context_of, gaussian_layers, head_of, sample_of

from netaudit.analyses.network.shadow_images import measure
from netaudit.network.layers import FCLayer
from netaudit.results.payload import NotApplicable

HEAD = head_of("abc")


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
    trained, untrained = measure.label_shadows(layers.__getitem__, HEAD, sigmas, h, generator(), CPU)
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
    _, one = measure.label_shadows(layers.__getitem__, HEAD, sigmas, h, generator(), CPU)
    _, other = measure.label_shadows(scaled.__getitem__, HEAD, seven, h, generator(), CPU)
    assert torch.allclose(one, other * 7**3, rtol=1e-4)


def test_a_network_whose_weights_hold_pictures_shows_them():
    """Each label's row is a picture: its shadow is that picture, and its likeness 1."""
    pictures = torch.rand(4, 64, generator=generator())
    head = head_of(["top"])
    x = pictures.reshape(4, 1, 8, 8).repeat(3, 1, 1, 1)
    y = torch.arange(4).repeat(3)
    found = measure.show(
        lambda name: FCLayer(name, pictures), head, 4, {"top": 0.3}, x.numpy(), y.numpy(), generator(), CPU
    )
    assert (found.shape, found.labels) == ((1, 8, 8), (0, 1, 2, 3))
    assert found.trained == found.real
    assert found.likeness_trained == pytest.approx(1)
    assert abs(found.likeness_untrained) < 0.3
    pixels = np.frombuffer(base64.b64decode(found.real[2]), np.uint8)
    assert pixels.tolist() == measure.to_pixels(pictures)[2].tolist()
    assert pixels.max() == 255


def test_labels_without_real_inputs_are_left_out_and_ten_are_shown():
    head = head_of(["top"])
    weight = torch.rand(40, 64)
    y = np.arange(3, 37, 2).repeat(2)
    x = np.random.default_rng(0).random((len(y), 1, 8, 8), np.float32)
    found = measure.show(lambda name: FCLayer(name, weight), head, 40, {"top": 0.3}, x, y, generator(), CPU)
    assert found.labels == tuple(range(3, 23, 2))
    assert len(found.real) == len(found.trained) == len(found.untrained) == 10
    large = np.zeros((len(y), 3, 64, 64), np.float32)
    wide = torch.rand(40, 3 * 64 * 64)
    found = measure.show(lambda name: FCLayer(name, wide), head, 40, {"top": 0.3}, large, y, generator(), CPU)
    assert found.labels == (3, 5)


def test_black_images_have_no_likeness():
    black, x = torch.zeros(1, 64), torch.rand(5, 64)
    assert measure.to_pixels(black).max() == 0
    assert measure.likeness(black, x, torch.zeros(5, dtype=torch.long), [0]) == 0


def network(width=192, backbone=lambda x: x.flatten(1)):
    return FakeNetwork(gaussian_layers(width, 50, 6), head_of("01"), backbone=backbone)


def images(*shape, n=20):
    return np.random.default_rng(0).random((n, *shape), np.float32)


def test_pixels_go_into_the_head():
    found = measure.measure(context_of(network(), sample_of(images(3, 8, 8), np.arange(20) % 4)))
    assert found.shape == (3, 8, 8)
    assert found.labels == (0, 1, 2, 3)  # the network has six outputs, the images four labels
    assert -1 <= found.likeness_trained <= 1


@pytest.mark.parametrize(
    ("backbone", "sample", "why"),
    [
        (
            lambda x: x.flatten(1).clamp(max=0.5),
            sample_of(images(3, 8, 8), np.arange(20) % 4),
            "Other layers lie between the images and the head, so labels have no shadow images.",
        ),
        (
            lambda x: x,
            sample_of(images(192), np.arange(20) % 4),
            "The real inputs are no images, grey or RGB, of 8 to 64 pixels a side.",
        ),
        (lambda x: x.flatten(1), sample_of(images(3, 8, 8)), "The real inputs have no labels."),
    ],
)
def test_where_there_are_no_images_the_reason_is_given(backbone, sample, why):
    assert measure.measure(context_of(network(backbone=backbone), sample)) == NotApplicable(why)
