"""Small networks that several tests of this room use."""

import math
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional


def tent(depth):
    """The tent map composed with itself: 2^depth pieces between 0 and 1."""
    inner = [([[2.0, -4.0], [2.0, -4.0]], [0.0, -0.5])] * (depth - 1)
    return [([[1.0], [1.0]], [0.0, -0.5]), *inner, ([[2.0, -4.0]], [0.0])]


def gaussian(*sizes, seed=0, bias=0.3):
    """He layers, bottom first."""
    draw = np.random.default_rng(seed)
    return [(draw.normal(size=(m, n)) * math.sqrt(2 / n), bias * draw.normal(size=m)) for n, m in pairwise(sizes)]


def run(layers, x):
    for weight, bias in layers[:-1]:
        x = np.maximum(x @ weight.T + bias, 0)
    return x @ layers[-1][0].T + layers[-1][1]


class Residual(nn.Module):
    """Convolutions, batch norm, pooling that overlaps, a residual addition in place, and averages."""

    def __init__(self):
        super().__init__()
        self.conv1, self.norm = nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)
        self.pool, self.relu = nn.MaxPool2d(3, 2, 1), nn.ReLU(inplace=True)
        self.conv2, self.conv3 = nn.Conv2d(6, 6, 3, padding=1, groups=2), nn.Conv2d(6, 6, 1)
        self.average, self.drop, self.top = nn.AdaptiveAvgPool2d(2), nn.Dropout(0.5), nn.Linear(24, 4)
        with torch.no_grad():
            for tensor in (self.norm.running_mean, self.norm.weight, self.norm.bias):
                tensor.normal_()
            self.norm.running_var.uniform_(0.5, 2)

    def forward(self, x):
        x = self.pool(self.relu(self.norm(self.conv1(x))))
        y = self.conv3(self.relu(self.conv2(x)))
        y += x
        y = functional.leaky_relu(self.average(self.relu(y)) - 0.5, 0.2)
        return self.top(self.drop(y.view(y.size(0), -1)))


class Pooled(nn.Module):
    """A plain convolutional network, with every other way to write an operation."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(2, 5, 3, stride=2), nn.Hardtanh(-0.3, 0.8), nn.MaxPool1d(2, ceil_mode=True)
        )
        self.slopes, self.top = nn.PReLU(5), nn.Linear(5, 3)
        self.register_buffer("mean", torch.tensor([[0.1], [0.2]]))

    def forward(self, x):
        x = self.slopes(self.features((x - self.mean) / 0.5))
        x = torch.cat([x, functional.relu6(-3 * x) * 2], dim=1)
        x = x[:, :5].mean(-1) + torch.flatten(x.abs().sum(dim=2), 1)[:, 5:]
        return self.top(x) + self.top(x).clamp(min=0.0)


class Functional(nn.Module):
    """A residual block written with functions."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.branch = nn.Sequential(nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1))
        self.top = nn.Linear(32, 3)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.stem(x)), 2)
        x = torch.cat([x + self.branch(x), functional.adaptive_max_pool2d(-x, (3, 3))], dim=1)
        return self.top(torch.flatten(functional.adaptive_avg_pool2d(x, 2), 1))
