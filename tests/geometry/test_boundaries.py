"""Distances to the nearest boundary."""

import math

import numpy as np
import pytest
import torch
from geometry.networks import gaussian
from torch import nn

from netaudit.geometry.boundaries import along, nearest_hyperplane
from netaudit.geometry.steps import NotPiecewiseLinearError


def test_along_a_direction():
    layers = [([[1.0, 0.0], [0.0, 1.0]], [-3.0, -4.0]), ([[1.0, 1.0]], [0.0])]
    found = along(layers, [0.0, 0.0], [0.6, 0.8], 100.0)
    assert (found.distance, found.layer) == (pytest.approx(5.0), 0)
    assert along(layers, [0.0, 0.0], [0.0, 2.0], 100.0).distance == pytest.approx(4.0)
    nothing = along(layers, [0.0, 0.0], [0.0, 2.0], 3.0)
    assert (nothing.distance, nothing.neuron, nothing.layer) == (math.inf, None, None)
    with pytest.raises(ValueError, match="direction"):
        along(layers, [0.0, 0.0], [0.0, 0.0], 3.0)


def test_the_nearest_hyperplane_is_reached_straight_along_its_normal():
    layers = gaussian(6, 30, 20, 1)
    x = np.random.default_rng(1).normal(size=6)
    weight, bias = layers[0]
    distances = np.abs(weight @ x + bias) / np.linalg.norm(weight, axis=1)
    found = nearest_hyperplane(layers, x)
    assert (found.distance, found.neuron) == (pytest.approx(distances.min()), distances.argmin())
    normal = -np.sign(weight @ x + bias)[found.neuron] * weight[found.neuron]
    straight = along([layers[0], (np.ones((1, 30)), [0.0])], x, normal, 2 * found.distance)
    assert (straight.distance, straight.neuron) == (pytest.approx(found.distance), found.neuron)


def test_the_norms_of_a_convolution_with_batch_norm_are_those_of_its_jacobian():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1, stride=2), nn.BatchNorm2d(3), nn.ReLU6())
    module[1].running_var.uniform_(0.1, 3)
    x = torch.randn(2, 5, 5, dtype=torch.float64)
    found = nearest_hyperplane(module, x)
    below = module[:2].double().eval()
    jacobian = torch.autograd.functional.jacobian(lambda x: below(x[None]).flatten(), x).flatten(1)
    z = below(x[None]).flatten().detach()
    distances = torch.minimum(z.abs(), (z - 6).abs()) / jacobian.norm(dim=1)
    assert found.distance == pytest.approx(float(distances.min()))
    assert found.neuron == int(distances.argmin())


@pytest.mark.parametrize(
    ("module", "says"),
    [
        (nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2), nn.ReLU()), "1 adds up inputs"),
        (nn.Sequential(nn.AvgPool1d(2), nn.ReLU()), "0 adds up inputs"),
        (nn.Sequential(nn.MaxPool1d(2)), "max pooling"),
        (nn.Sequential(nn.Linear(4, 3)), "no boundaries"),
    ],
)
def test_what_has_no_such_distance(module, says):
    x = torch.randn(4) if isinstance(module[0], nn.Linear) else torch.randn(1, 4)
    with pytest.raises(NotPiecewiseLinearError, match=says):
        nearest_hyperplane(module, x)


def test_a_neuron_without_weights_has_no_hyperplane():
    assert nearest_hyperplane([([[0.0]], [1.0]), ([[1.0]], [0.0])], [0.0]).distance == math.inf
