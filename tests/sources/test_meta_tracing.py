from __future__ import annotations

import pytest
import torch
from torch import nn
from torchvision import models

from netaudit.sources.planners.example_inputs import guess_inputs, zeros
from netaudit.sources.planners.meta_tracing import build, trace
from netaudit.sources.planners.untouched import untouched


@pytest.mark.parametrize("name", ["vgg19", "regnet_y_400mf", "ssdlite320_mobilenet_v3_large"])
def test_a_skeleton_has_no_weights(name: str) -> None:
    # RegNet reads tables while it is built, SSDlite runs its own layers: neither builds on the meta device alone.
    module = build(
        lambda: models.get_model(name, weights=None, **({"weights_backbone": None} if "ssd" in name else {}))
    )
    assert all(parameter.is_meta for parameter in module.parameters() if parameter.numel() > 10_000)
    assert not module.training


def test_small_tables_stay_real_and_the_random_state_too() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 2)
            self.register_buffer("index", torch.arange(3), persistent=False)
            self.token = nn.Parameter(torch.randn(3))

    before = torch.get_rng_state()
    assert build(Net).get_buffer("index").tolist() == [0, 1, 2]
    assert torch.equal(torch.get_rng_state(), before)


def test_a_constructor_that_fails_says_why() -> None:
    def make() -> nn.Module:
        raise RuntimeError("no such thing")

    with pytest.raises(RuntimeError, match="no such thing"):
        build(make)


def test_untouched_puts_everything_back() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    weight, hooks = net[0].weight, net[0]._forward_hooks
    with untouched(net):
        net.eval()
        net[0].weight = nn.Parameter(torch.zeros(2, 2))
        net[1].running_mean = torch.ones(2)
        net[0].register_forward_hook(lambda *_: None)
        net.extra = 1
        net.append(nn.ReLU())
    assert net.training
    assert net[0].weight is weight
    assert net[1].running_mean.tolist() == [0, 0]
    assert net[0]._forward_hooks is hooks == {}
    assert not hasattr(net, "extra")
    assert len(net) == 2


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.Linear(7, 2), (1, 7)),
        (nn.Conv2d(3, 4, 3), (1, 3, 224, 224)),
        (nn.Conv1d(2, 4, 3), (1, 2, 1024)),
        (nn.Conv3d(3, 4, 3), (1, 3, 16, 112, 112)),
        (nn.Embedding(9, 4), (1, 8)),
        (nn.LSTM(5, 4), (1, 8, 5)),
    ],
)
def test_the_first_guess(module: nn.Module, shape: tuple[int, ...]) -> None:
    [first] = guess_inputs(nn.Sequential(nn.Flatten(), module))[0].arguments
    assert (tuple(first.shape), first.device.type) == (shape, "meta")


def test_a_pass_that_needs_numbers_is_tried_once_without_them_and_then_with_zeros() -> None:
    devices: list[str] = []

    class Picky(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(12, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            devices.append(x.device.type)
            return self.fc(x.flatten(1)) + len(torch.nonzero(x))

    net = Picky()
    assert trace(net, [zeros(1, width) for width in (11, 12, 13)]).graph is not None
    assert devices == ["meta", "meta", "cpu", "cpu"]
