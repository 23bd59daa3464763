"""The regions on a plane, the whole network, and the way to a shadow."""

import numpy as np
import pytest
import torch
from fake_network import FakeNetwork, context_of, gaussian_layers, head_of, sample_of
from torch import nn

from netaudit.analyses.network.linear_regions import whole as whole_network
from netaudit.analyses.network.linear_regions.picture import picture
from netaudit.analyses.network.linear_regions.shadows import shadows, with_shadows
from netaudit.geometry import exact_line, exact_plane
from netaudit.geometry.reading import piecewise_linear

CPU = torch.device("cpu")
MEMORY = 2**26
LAYERS = gaussian_layers(4, 60, 40, 3, bias=0.5)
HEAD = [(layer.weight, layer.bias) for layer in LAYERS]
X = np.random.default_rng(0).standard_normal((30, 4))


def head():
    return piecewise_linear(HEAD, torch.from_numpy(X[:1]), CPU)


def test_a_picture_has_the_regions_of_the_exact_plane():
    pieces = exact_line(HEAD, X[0], X[1]).pieces
    found = picture(head(), (X[0], X[1], X[2]), pieces, CPU, MEMORY)
    share = found.share
    assert share == pytest.approx(min(1, 45 / pieces))
    plane = exact_plane(HEAD, X[0], X[1], X[2], corners=((0, 0), (share, 0), (0, share)))
    assert (found.regions, len(found.edge_layer)) == (plane.count, len(plane.edges)) > (20, 20)
    lines = np.array(found.edges).reshape(-1, 2, 2)
    assert lines[:, :, 0].max() == pytest.approx(share * np.linalg.norm(X[1] - X[0]), rel=1e-3)
    drawn = np.linalg.norm(lines[:, 0] - lines[:, 1], axis=1)
    ends = X[0] + plane.vertices @ np.stack([X[1] - X[0], X[2] - X[0]])
    real = np.linalg.norm(ends[plane.edges[:, 0]] - ends[plane.edges[:, 1]], axis=1)
    np.testing.assert_allclose(drawn, real, atol=2e-3)


def test_inputs_on_a_line_have_no_picture():
    assert picture(head(), (X[0], X[1], 2 * X[1] - X[0]), 50, CPU, MEMORY) is None


def test_more_regions_than_a_figure_shows(monkeypatch):
    monkeypatch.setattr("netaudit.analyses.network.linear_regions.picture.MOST_EDGES", 8)
    assert picture(head(), (X[0], X[1], X[2]), 50, CPU, MEMORY) is None


def test_a_shadow_comes_out_of_the_head_and_is_as_long_as_the_input():
    names = {"other_class": (X[:5], X[5:10]), "random": (X[:5], X[5:10])}
    found = with_shadows(names, X, LAYERS, CPU)
    assert list(found) == ["other_class", "shadow", "random"]
    start, end = found["shadow"]
    np.testing.assert_allclose(np.linalg.norm(start, axis=1), np.linalg.norm(end, axis=1))
    a, b, c = (layer.weight.double().numpy() for layer in LAYERS)
    answer = (np.maximum(np.maximum(X @ a.T + 0.5, 0) @ b.T + 0.5, 0) @ c.T + 0.5).argmax(1)
    down = np.maximum(np.maximum(np.maximum(c[answer], 0) @ b, 0) @ a, 0)
    np.testing.assert_allclose(shadows(X, LAYERS, CPU), down)


def test_nothing_comes_back_from_weights_that_are_not_positive():
    dead = [*LAYERS[:2], type(LAYERS[2])("2", -LAYERS[2].weight.abs(), None)]
    ends = {"random": (X[:5], X[5:10])}
    assert with_shadows(ends, X, dead, CPU) is ends


class Small(nn.Module):
    """A network of convolutions under a head of 18-60-40-3."""

    def __init__(self, act):
        super().__init__()
        self.conv, self.act, self.pool, self.flat = nn.Conv2d(1, 2, 3), act, nn.MaxPool2d(2), nn.Flatten()
        self.head = nn.Sequential(nn.Linear(18, 60), nn.ReLU(), nn.Linear(60, 40), nn.ReLU(), nn.Linear(40, 3))

    def forward(self, x):
        return self.head(self.flat(self.pool(self.act(self.conv(x)))))


def context(module, x):
    layers = gaussian_layers(18, 60, 40, 3)
    network = FakeNetwork(layers, head_of("012"), backbone=lambda x: x.flatten(1)[:, :18])
    network.make_module = lambda: module
    return context_of(network, sample_of(x.astype(np.float32), np.arange(len(x)) % 3))


def test_the_whole_network_is_walked_for_a_part_of_the_way(monkeypatch):
    torch.manual_seed(0)
    module, x = Small(nn.ReLU()), np.random.default_rng(0).standard_normal((4, 1, 8, 8))
    monkeypatch.setattr(whole_network, "KNOTS", 60)
    found = whole_network.whole(context(module, x), CPU, MEMORY)
    x = x.astype(np.float32).astype(np.float64)
    line = exact_line(module, x[0], x[0] + found.share * (x[1] - x[0]))
    assert (found.pieces, found.crossed, found.layers) == (line.pieces, sum(line.crossed), 4)
    assert found.neurons == 72 + 18 + 60 + 40
    assert found.pieces >= 30
    assert found.length == pytest.approx(found.share * np.linalg.norm(x[1] - x[0]))
    assert found.share < 1


def test_why_the_whole_network_is_not_walked(monkeypatch):
    x = np.random.default_rng(0).standard_normal((4, 1, 8, 8))
    gelu = whole_network.whole(context(Small(nn.GELU()), x), CPU, MEMORY)
    assert (gelu.pieces, gelu.note) == (
        None,
        "The whole network is not read: act (GELU) is not piecewise linear, or not read.",
    )
    monkeypatch.setattr(whole_network, "WORK", 10)
    assert "too large to be walked" in whole_network.whole(context(Small(nn.ReLU()), x), CPU, MEMORY).note
    monkeypatch.setattr("netaudit.analyses.whole_network.MOST_WEIGHTS", 10)
    assert "too large to be read" in whole_network.whole(context(Small(nn.ReLU()), x), CPU, MEMORY).note
    unknown = context(Small(nn.ReLU()), x)
    unknown.network.make_module = None
    assert "not known" in whole_network.whole(unknown, CPU, MEMORY).note


def test_a_head_that_is_the_whole_network_is_not_walked_twice():
    module = nn.Sequential(nn.Flatten(), nn.Linear(18, 60), nn.ReLU(), nn.Linear(60, 40), nn.ReLU(), nn.Linear(40, 3))
    x = np.random.default_rng(0).standard_normal((4, 2, 9))
    assert whole_network.whole(context(module, x), CPU, MEMORY) is None


def test_the_module_is_left_in_its_mode():
    torch.manual_seed(0)
    module = Small(nn.ReLU()).train()
    whole_network.whole(context(module, np.random.default_rng(0).standard_normal((4, 1, 8, 8))), CPU, MEMORY)
    assert all(part.training for part in module.modules())
