"""A small network, and what can be done to it."""

import copy
from itertools import pairwise

import pytest
import torch
from torch import nn


def relu_network(seed):
    generator = torch.Generator().manual_seed(seed)
    net = nn.Sequential(nn.Linear(60, 80), nn.ReLU(), nn.Linear(80, 64), nn.ReLU(), nn.Linear(64, 40))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(0, parameter.shape[-1] ** -0.5, generator=generator)
    return net


@pytest.fixture
def net():
    return relu_network(0)


@pytest.fixture
def another():
    return relu_network(1)


@pytest.fixture
def change():
    """A copy of a network with each weight changed by a function of it."""

    def changed(net, function):
        made = copy.deepcopy(net)
        with torch.no_grad():
            for layer in made:
                if isinstance(layer, nn.Linear):
                    layer.weight.copy_(function(layer.weight.clone()))
        return made

    return changed


@pytest.fixture
def reordered():
    """A copy with its hidden units in another order, and each at another scale: it computes the same."""

    def make(net, rescaled=True, seed=3):
        generator = torch.Generator().manual_seed(seed)
        made = copy.deepcopy(net)
        layers = [layer for layer in made if isinstance(layer, nn.Linear)]
        with torch.no_grad():
            for lower, upper in pairwise(layers):
                order = torch.randperm(lower.out_features, generator=generator)
                scale = (
                    torch.rand(lower.out_features, generator=generator) + 0.5 if rescaled else torch.ones(len(order))
                )
                lower.weight.copy_(lower.weight[order] * scale[:, None])
                lower.bias.copy_(lower.bias[order] * scale)
                upper.weight.copy_(upper.weight[:, order] / scale)
        return made

    return make
