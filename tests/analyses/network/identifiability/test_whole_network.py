"""Where the head has no hidden layers the units of the whole network are asked, if it is a plain stack."""

import msgspec
import numpy as np
import pytest
import torch
from fake_network import FakeNetwork, context_of, gaussian_layers, head_of, sample_of
from torch import nn

from netaudit.analyses.network.identifiability import measure as analysis
from netaudit.analyses.network.identifiability import present as words
from netaudit.analyses.network.identifiability.payload import Identifiability
from netaudit.results.payload import NotApplicable
from netaudit.text import number

X = np.random.default_rng(0).uniform(-1, 1, (30, 2, 6, 6)).astype(np.float32)
MIDDLE = 36
"""Units of a channel of the bottom convolution, one a position."""


def convolutional():
    """Convolution, batch norm, ReLU, average pooling, convolution, ReLU and one linear layer, all weights Gaussian."""
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(2, 5, 3, padding=1),
        nn.BatchNorm2d(5),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(5, 6, 2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(24, 8),
    ).eval()
    with torch.no_grad():
        for layer in (module[0], module[4]):
            layer.weight.normal_()
            layer.bias.zero_()
        module[1].running_mean.normal_(0, 0.1)
        module[1].running_var.uniform_(0.5, 2)
        module[4].weight -= module[4].weight.mean((1, 2, 3), keepdim=True)  # so that each unit is on and off
    return module


def context(module, x=X, head=True):
    network = FakeNetwork(
        gaussian_layers(24, 8), head_of("0") if head else None, backbone=lambda x: x.flatten(1)[:, :24]
    )
    network.make_module = None if module is None else lambda: module
    return context_of(network, None if x is None else sample_of(x))


@pytest.mark.parametrize("head", [True, False])
def test_each_unit_of_a_gaussian_network_is_identifiable(head):
    found = analysis.measure(context(convolutional(), head=head))
    assert (found.verdict, found.of, found.box, found.inputs) == ("identifiable", "network", "data", 30)
    assert [(layer.layer, layer.neurons, layer.hidden) for layer in found.layers] == [("0", 5 * 36, 0), ("4", 24, 0)]
    assert (found.low, found.high) == (float(X.min()), float(X.max()))
    assert (found.parameters, {layer.hidden_parameters for layer in found.layers}) == (None, {None})
    assert msgspec.json.decode(msgspec.json.encode(found), type=Identifiability) == found


def test_the_share_of_inputs_is_that_of_the_module():
    module = convolutional()
    with torch.no_grad():
        on = (module[:3](torch.from_numpy(X)).flatten(1) > 0).double().mean(0).numpy()
    found = analysis.measure(context(module)).layers[0]
    assert found.rarer == pytest.approx(np.sort(np.minimum(on, 1 - on)), abs=0.04)


def test_a_channel_that_is_dead_through_its_batch_norm():
    module = convolutional()
    with torch.no_grad():
        module[1].bias[1] = -100
    found = analysis.measure(context(module)).layers[0]
    assert (found.dead, found.hidden, found.verdict) == (MIDDLE, MIDDLE, "partly")
    assert {place // MIDDLE for place, letter in enumerate(found.causes) if letter == "d"} == {1}


def test_a_channel_that_is_a_rescaled_copy():
    module = convolutional()
    with torch.no_grad():
        module[0].weight[3], module[0].bias[3] = 2 * module[0].weight[0], 2 * module[0].bias[0]
        module[1].running_mean[3] = 2 * module[1].running_mean[0]
        module[1].running_var[3], module[1].weight[3] = module[1].running_var[0], 0.3
    found = analysis.measure(context(module)).layers[0]
    assert (found.twins, found.twin_pairs, found.hidden) == (2 * MIDDLE, MIDDLE, 2 * MIDDLE)


def test_a_channel_that_nothing_reads():
    module = convolutional()
    with torch.no_grad():
        module[4].weight[:, 2] = 0
    found = analysis.measure(context(module)).layers[0]
    assert (found.muted, found.hidden) == (MIDDLE, MIDDLE)


def test_linear_layers_below_a_head_of_one_layer():
    layers = nn.Linear(72, 40), nn.ReLU(), nn.Linear(40, 24), nn.ReLU(), nn.Linear(24, 8)
    with torch.no_grad():
        layers[0].bias[7] = -100
    found = analysis.measure(context(nn.Sequential(nn.Flatten(), *layers)))
    assert [(layer.layer, layer.neurons, layer.dead) for layer in found.layers] == [("1", 40, 1), ("3", 24, 0)]


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two, self.top = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1), nn.Linear(72, 8)

    def forward(self, x):
        x = self.one(x).relu()
        return self.top((x + self.two(x).relu()).flatten(1))


def pooled(*layers):
    return nn.Sequential(nn.Conv2d(2, 3, 3), *layers, nn.Flatten(), nn.LazyLinear(8))


def with_infinite_bias():
    module = convolutional()
    module[0].bias.data[1] = -torch.inf
    return module


@pytest.mark.parametrize(
    ("module", "x", "note"),
    [
        (None, X, "The head has a single layer, so that it has no hidden neurons, and the architecture of the whole"),
        (convolutional(), None, "no hidden neurons, and the shape of the whole network's inputs is not known without"),
        (Residual(), X, "takes a value from below the last ReLU, as a residual addition does, so that this is no"),
        (pooled(nn.ReLU(), nn.MaxPool2d(2)), X, "2 is a max pooling, so that this is no stack of matrices and ReLU"),
        (pooled(nn.LeakyReLU()), X, "the whole network is not asked: 1 is no ReLU"),
        (pooled(nn.GELU()), X, "the whole network is not read: 1 (GELU) is not piecewise linear"),
        (pooled(), X, "the whole network is affine, so that it has no hidden units"),
        (convolutional(), X[:, :1], "the whole network does not take the real inputs as they are"),
        (convolutional(), np.ones_like(X), "so that they span no box"),
        (with_infinite_bias(), X, "the weights of 0 are not all finite"),
    ],
)
def test_where_the_whole_network_is_not_asked_either(module, x, note):
    if module is not None:
        with torch.no_grad():
            module(torch.from_numpy(X))
    found = analysis.measure(context(module, x))
    assert isinstance(found, NotApplicable)
    assert note in found.note
    assert found.note.endswith(".")


def test_without_a_head_the_reason_names_both_gaps():
    found = analysis.measure(context(Residual(), head=False))
    assert found.note.startswith("No head of fully connected layers at the top was found, and the whole network is not")


def test_what_is_beyond_the_budget_is_not_made(monkeypatch):
    size = 72 * 180 + 180 * 24 + 24 * 8
    monkeypatch.setattr(analysis, "MOST_ENTRIES", size)
    assert analysis.measure(context(convolutional())).of == "network"
    monkeypatch.setattr(analysis, "MOST_ENTRIES", size - 1)
    monkeypatch.setattr(analysis, "identifiable", None)
    assert f"would have {number(size)} entries, more than the" in analysis.measure(context(convolutional())).note


def test_the_report_counts_units_and_no_parameters(place):
    module = convolutional()
    with torch.no_grad():
        module[1].bias[1] = -100
    found = words.present(analysis.measure(context(module)), place("0"))
    assert found.line == "Of 204 hidden units 168 can be told from the outputs; hidden are 36 dead."
    statement, table, _ = found.blocks
    text = statement.spans[0].text
    assert "the whole network was read as a stack of matrices" in text
    assert "Each input of the network lies between" in text
    assert "a weight of a hidden unit may still show at another position" in text
    assert [column.title for column in table.columns][1] == "Units"
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert "Parameters" not in table.caption + "".join(column.title for column in table.columns)


def test_the_method_names_the_budget():
    assert any(f"{analysis.MOST_ENTRIES / 1e6:.1f} million" in str(block) for block in words.method().blocks)
