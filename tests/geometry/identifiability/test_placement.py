"""What is computed of large layers stays on the device: a fake CUDA device refuses a tensor of the CPU."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.symbolic_shapes import ShapeEnv

from netaudit.geometry.identifiability.bounds import Box, preactivations
from netaudit.geometry.identifiability.muted import muted
from netaudit.geometry.identifiability.switching import Seen, drawn
from netaudit.geometry.identifiability.twins import twins

CUDA = torch.device("cuda:0")


@pytest.fixture
def fake():
    with FakeTensorMode(allow_non_fake_inputs=True, shape_env=ShapeEnv()) as mode:
        yield mode


def on_cuda(*shape):
    return torch.empty(shape, dtype=torch.float64, device=CUDA)


def test_weights_of_the_cpu_go_to_the_device(fake):
    weight, bias, box = torch.empty(30, 20), on_cuda(30), Box(on_cuda(20), on_cuda(20))
    for bounds in preactivations(weight, bias, box):
        assert {bounds.low.device, bounds.high.device} == {CUDA}
    assert muted(weight, on_cuda(20), on_cuda(30) > 0).device == CUDA
    found = twins(weight, bias, box, torch.arange(30, device=CUDA))
    assert {found.equal.device, found.opposite.device, found.equal_pairs.device} == {CUDA}


def test_points_go_up_on_the_device(fake):
    box = Box(on_cuda(20), on_cuda(20))
    seen = Seen([(torch.empty(30, 20), on_cuda(30)), (torch.empty(10, 30), on_cuda(10))], box)
    points = drawn(box, 4, torch.Generator())
    assert points.device == CUDA
    assert [count.device for count in seen.look(points)] == [CUDA, CUDA]
    start, corner = seen.corners(1, torch.arange(3, device=CUDA), 0.1)
    assert (start.device, corner.device, corner.shape) == (CUDA, CUDA, (3, 20))
