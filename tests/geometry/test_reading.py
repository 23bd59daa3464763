"""What is read of a module, and what is refused with its reason."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from netaudit.geometry import calls, exact_line
from netaudit.geometry.pooling import pool, windows
from netaudit.geometry.reading import piecewise_linear
from netaudit.geometry.steps import Largest, NotPiecewiseLinearError


class Of(nn.Module):
    """A module whose forward pass is a function, with one layer for it to use."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        self.linear = nn.Linear(4, 4)
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.function(self, x)


def read(module, shape=(4,)):
    return piecewise_linear(module, torch.randn(2, *shape, dtype=torch.float64), torch.device("cpu"))


def with_hook():
    module = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    module[0].register_forward_hook(lambda module, args, output: 2 * output)
    return module


class OwnLinear(nn.Linear):
    def forward(self, x):
        return super().forward(x).tanh()


@pytest.mark.parametrize(
    ("module", "says"),
    [
        (nn.Sequential(nn.Linear(4, 4), nn.GELU()), r"1 \(GELU\) is not piecewise linear"),
        (Of(lambda self, x: torch.sigmoid(self.linear(x))), r"sigmoid \(sigmoid\) is not piecewise linear"),
        (nn.Sequential(OwnLinear(4, 4)), "tanh"),
        (nn.Sequential(nn.BatchNorm1d(4, track_running_stats=False)), "variance of the batch"),
        (Of(lambda self, x: functional.dropout(self.linear(x))), "at random"),
        (Of(lambda self, x: x * self.linear(x)), "multiplies two values"),
        (Of(lambda self, x: self.linear(x) / x.sum(1, keepdim=True)), "divides by a value"),
        (Of(lambda self, x: x - x.mean(0)), "mixes the inputs of one batch"),
        (Of(lambda self, x: x.flatten(0)), "mixes the inputs of one batch"),
        (Of(lambda self, x: self.linear(x)[0]), "picks one input"),
        (Of(lambda self, x: x * x.size(0)), "number of inputs"),
        (Of(lambda self, x: torch.add(self.linear(x), x, out=None)), "in a way that is not read"),
        (Of(lambda self, x: self.linear(x) if x.sum() > 0 else x), "cannot be traced"),
        (Of(lambda self, x: (x, x)), "not one tensor"),
        (nn.Sequential(nn.MaxPool1d(2, return_indices=True)), "places of the largest"),
        (with_hook(), "hooks"),
        (nn.Sequential(nn.AdaptiveMaxPool1d(2, return_indices=True)), "places of the largest"),
        (nn.Sequential(nn.Upsample(scale_factor=2, mode="bicubic")), "interpolates by bicubic"),
        (nn.Sequential(nn.Linear(4, 4), nn.Softplus()), r"1 \(Softplus\) is not piecewise linear"),
        (nn.Sequential(nn.LayerNorm(4)), r"0 \(LayerNorm\) is not piecewise linear"),
        (nn.Sequential(nn.LSTM(4, 4)), r"0 \(LSTM\)|takes more|not one tensor|cannot be traced"),
        (Of(lambda self, x: functional.pad(x[:, None], (0, 0, 0, 0, 1, 1))), "axis of the batch"),
    ],
)
def test_what_is_not_read_is_named(module, says):
    shape = {"places of the largest": (4, 8), "interpolates by bicubic": (2, 4, 4)}.get(says, (4,))
    with pytest.raises(NotPiecewiseLinearError, match=says):
        read(module, shape)


def test_a_network_that_is_read_wrongly_is_refused(monkeypatch):
    module = Of(lambda self, x: functional.relu(self.linear(x)))
    monkeypatch.setitem(calls._HANDLERS, "relu", lambda build, name, x, inplace=False: x)
    with pytest.raises(NotPiecewiseLinearError, match="gives other outputs"):
        read(module)


@pytest.mark.parametrize(
    "function",
    [
        lambda self, x: self.linear(x).relu_().add(x),
        lambda self, x: x.reshape(-1, 2, 2).transpose(1, 2).flatten(1) + 1,
        lambda self, x: self.linear(x).view(x.shape).unsqueeze(1).squeeze(1),
        lambda self, x: self.linear(x.view(x.size(0), 4)).clamp_(0, 1),
        lambda self, x: 2 - (-self.linear(x) - 0.5),
        lambda self, x: functional.linear(functional.relu(x), self.linear.weight * 2, self.linear.bias),
    ],
)
def test_ways_to_write_a_pass(function):
    module, x = Of(function), torch.randn(2, 4, dtype=torch.float64)
    network = piecewise_linear(module, x, torch.device("cpu"))
    other = torch.randn(3, 4, dtype=torch.float64)
    assert torch.allclose(network(other), module.double()(other.clone()), atol=1e-12)


def test_a_change_in_place_is_read_by_all_that_comes_later():
    def forward(self, x):
        y = self.linear(x)
        z = functional.relu(y, inplace=True)
        return y + 2 * z  # y is the ReLU's output by now

    module, x = Of(forward), torch.randn(5, 4, dtype=torch.float64)
    network = piecewise_linear(module, x, torch.device("cpu"))
    assert torch.allclose(network(x), 3 * module.double().linear(x).relu(), atol=1e-12)


def test_the_module_is_left_as_it_was():
    module = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout())
    module[1].eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    exact_line(module, torch.zeros(4), torch.ones(4))
    assert [part.training for part in module] == [True, False, True, True]
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())


def test_a_network_is_read_once_for_many_lines():
    module = nn.Sequential(nn.Linear(4, 20), nn.ReLU(), nn.Linear(20, 2))
    network = read(module)
    x0, x1 = torch.randn(2, 4)
    assert exact_line(network, x0, x1).knots.tolist() == exact_line(module, x0, x1).knots.tolist()


@pytest.mark.parametrize(
    ("shape", "settings"),
    [
        ((2, 7), {"kernel_size": 3}),
        ((2, 8), {"kernel_size": 2, "stride": 3, "ceil_mode": True}),
        ((2, 7), {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
        ((3, 9, 8), {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0), "dilation": (2, 1)}),
        ((3, 6, 6), {"kernel_size": 3, "stride": 2, "padding": 1}),
        ((2, 5, 4, 6), {"kernel_size": 2, "stride": (1, 2, 2), "ceil_mode": True}),
    ],
)
def test_windows_are_those_of_pytorch(shape, settings):
    axes = len(shape) - 1
    found, outputs = windows(shape, pool(axes, *(settings.get(k, d) for k, d in _DEFAULTS)))
    x = torch.randn(4, *shape)
    expected = getattr(functional, f"max_pool{axes}d")(x, **settings)
    assert torch.equal(Largest("pool", (0,), 1, found, outputs)([x]), expected)


_DEFAULTS = (("kernel_size", None), ("stride", None), ("padding", 0), ("dilation", 1), ("ceil_mode", False))
