from __future__ import annotations

import pytest
import torch
from torch import nn

from netaudit.errors import SourceError
from netaudit.sources.memory import open_memory


def test_a_stack_that_takes_the_inputs_themselves() -> None:
    network = open_memory(nn.Sequential(nn.Flatten(), nn.Linear(12, 3)))
    assert network.backbone is not None
    x = torch.randn(5, 3, 4)
    assert torch.equal(network.backbone(x), x.flatten(1))


def test_what_lies_below_the_stack_is_run_in_eval_mode() -> None:
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 3)
    )
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    network = open_memory(net)
    assert network.backbone is not None
    x = torch.randn(70, 1, 9, 9)  # three batches
    rows = network.backbone(x)
    assert net.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert torch.allclose(rows, net.eval()[:5](x), atol=1e-6)


def test_a_covering_convolution_at_the_bottom() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(2, 5, 112), nn.Flatten())
    network = open_memory(net)
    assert network.backbone is not None
    assert network.head is not None
    assert [layer.name for layer in network.head.layers] == ["2"]
    x = torch.randn(2, 1, 224, 224)
    assert torch.allclose(network.backbone(x), net[:2](x).flatten(1), atol=1e-6)


def test_inputs_that_do_not_fit_a_state_dict() -> None:
    network = open_memory(nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3)).state_dict())
    assert network.backbone is not None
    assert network.backbone(torch.ones(2, 3, 4)).shape == (2, 12)
    with pytest.raises(SourceError, match=r"inputs of shape \(5,\) do not fit layer 0, which takes 12 numbers"):
        network.backbone(torch.ones(2, 5))


def test_inputs_that_the_model_does_not_take() -> None:
    network = open_memory(nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 3)))
    assert network.backbone is not None
    with pytest.raises(SourceError, match=r"the model does not take inputs of shape \(3, 9, 9\)"):
        network.backbone(torch.ones(2, 3, 9, 9))


def test_no_stack_no_trunk() -> None:
    assert open_memory(nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4))).backbone is None
