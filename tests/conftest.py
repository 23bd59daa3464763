"""Shared by all tests: no test may reach the network beyond this machine, and small networks to audit."""

import socket

import pytest
import torch
from torch import nn


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch):
    connect = socket.socket.connect

    def guarded(self, address):
        host = address[0] if isinstance(address, tuple) else "local"
        if host not in ("127.0.0.1", "localhost", "::1", "local"):
            raise OSError(f"a test tried to reach {host}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def mlp():
    """A ReLU network with a known seed: 64-96-80-10, PyTorch's default (uniform) initialisation."""
    generator = torch.Generator().manual_seed(0)
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 96), nn.ReLU(), nn.Dropout(0.5), nn.Linear(96, 80), nn.ReLU(), nn.Linear(80, 10)
    )
    with torch.no_grad():
        for parameter in net.parameters():
            bound = parameter.shape[-1] ** -0.5
            parameter.uniform_(-bound, bound, generator=generator)
    return net
