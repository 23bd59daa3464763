"""Modules as stacks of matrices."""

import pytest
import torch
from geometry.networks import Residual
from torch import nn

from netaudit.geometry import identifiable
from netaudit.geometry.identifiability import stack as stacks
from netaudit.geometry.identifiability.stack import stack
from netaudit.geometry.steps import NotPiecewiseLinearError

CPU = torch.device("cpu")


def convolutional():
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(4, 3, 3, stride=2, bias=False),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(12, 5),
    ).eval()
    with torch.no_grad():
        module[1].running_mean.normal_()
        module[1].running_var.uniform_(0.5, 2)
    return module


def test_the_matrices_compute_what_the_module_does():
    module = convolutional()
    x = torch.randn(7, 2, 10, 10, dtype=torch.float64)
    h = x.flatten(1)
    layers = stack(module, (2, 10, 10), CPU)
    for layer in layers[:-1]:
        h = (h @ layer.weight.T + layer.bias).relu()
    assert [layer.name for layer in layers] == ["0", "4", "output"]
    assert [layer.biases for layer in layers] == [400, 0, 5]
    assert torch.allclose(h @ layers[-1].weight.T + layers[-1].bias, module.double()(x), atol=1e-5)


def test_a_channel_that_is_a_copy_is_found_at_every_pixel():
    module = convolutional()
    assert identifiable(module, shape=(2, 10, 10)).layers[0].count("twin") == 0
    with torch.no_grad():
        module[0].weight[3], module[0].bias[3] = module[0].weight[0], module[0].bias[0]
        for tensor in (module[1].running_mean, module[1].running_var):
            tensor[3] = tensor[0]
    first = identifiable(module, points=torch.zeros(1, 2, 10, 10)).layers[0]
    assert (first.count("twin"), first.twin_pairs) == (200, 100)
    assert {j // 100 for j, cause in enumerate(first.causes) if cause == "twin"} == {0, 3}


def test_a_module_of_linear_layers_is_its_layers():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 7), nn.ReLU(), nn.Linear(7, 2))
    with torch.no_grad():
        module[0].bias[2] = 1e3
    one = identifiable(module, shape=(6,))
    other = identifiable([(part.weight, part.bias) for part in module if isinstance(part, nn.Linear)])
    assert [layer.causes for layer in one.layers] == [layer.causes for layer in other.layers]
    assert (one.parameters, one.hidden_parameters) == (other.parameters, other.hidden_parameters)


@pytest.mark.parametrize(
    ("module", "shape", "says"),
    [
        (nn.Sequential(nn.Linear(4, 4), nn.GELU()), (4,), "not piecewise linear"),
        (nn.Sequential(nn.Linear(4, 4), nn.LeakyReLU(), nn.Linear(4, 2)), (4,), "1 is no ReLU"),
        (nn.Sequential(nn.Linear(4, 4), nn.Hardtanh(), nn.Linear(4, 2)), (4,), "1 is no ReLU"),
        (nn.Sequential(nn.Linear(4, 4), nn.PReLU(), nn.Linear(4, 2)), (4,), "1 is no ReLU"),
        (nn.Sequential(nn.Conv1d(1, 2, 3), nn.MaxPool1d(2), nn.ReLU(), nn.Flatten()), (1, 10), "1 is a max pooling"),
        (Residual().eval(), (3, 9, 9), "pool is a max pooling"),
    ],
)
def test_what_is_no_stack(module, shape, says):
    with pytest.raises(NotPiecewiseLinearError, match=says):
        identifiable(module, shape=shape)


class Skipping(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        x = self.one(x).relu()
        return x + self.two(x).relu()


def test_a_value_that_goes_past_a_relu():
    with pytest.raises(NotPiecewiseLinearError, match="from below the last ReLU"):
        identifiable(Skipping(), shape=(4,))


def test_large_matrices_are_not_made(monkeypatch):
    monkeypatch.setattr(stacks, "LARGEST", 15)
    with pytest.raises(NotPiecewiseLinearError, match="4 x 4"):
        identifiable(nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)), shape=(4,))


@pytest.mark.parametrize(
    ("layers", "says"),
    [
        ([], "at least one layer"),
        ([([[1.0, 2.0]], None), ([[1.0, 2.0]], None)], "layer 1: a weight .* does not fit 1 inputs"),
        ([([[1.0, 2.0]], [1.0, 2.0])], "layer 0"),
        ([([1.0, 2.0], None)], "layer 0"),
    ],
)
def test_layers_that_do_not_fit(layers, says):
    with pytest.raises(ValueError, match=says):
        identifiable(layers)


def test_a_module_needs_the_shape_of_its_inputs():
    with pytest.raises(ValueError, match="shape of one input"):
        identifiable(nn.Sequential(nn.Linear(4, 4)))
