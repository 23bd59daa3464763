"""Everything that is computed along a line stays on the device: a fake CUDA device refuses a tensor of the CPU."""

import pytest
import torch
from geometry.networks import Pooled, Residual
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.symbolic_shapes import ShapeEnv

from netaudit.geometry import reading
from netaudit.geometry.crossings import changes, crossings, interpolated, refined, states
from netaudit.geometry.steps import Affine, Entrywise, Largest
from netaudit.geometry.walk import tolerances

CUDA = torch.device("cuda:0")


@pytest.fixture
def fake():
    with FakeTensorMode(allow_non_fake_inputs=True, shape_env=ShapeEnv()) as mode:
        yield mode


@pytest.mark.parametrize(("make", "shape"), [(Residual, (3, 9, 9)), (Pooled, (2, 12))])
def test_a_walk_up_a_network_stays_on_the_device(fake, monkeypatch, make, shape):
    monkeypatch.setattr(reading, "_check", lambda *_: None)  # it looks at numbers, and a fake tensor has none
    module = make()
    ends = torch.empty(2, *shape, dtype=torch.float64, device=CUDA)
    network = reading.piecewise_linear(module, ends, CUDA)
    limits = tolerances(network, ends)
    assert {limit.device for limit in limits} == {CUDA}
    level, kinds = 0, set()
    for step, live in network.values(ends):
        kinds.add(type(step))
        if not isinstance(step, Affine):
            z = live[step.inputs[0]]
            found = states(step, z, limits[level])
            assert {state.device for state in found} == {CUDA}
            assert {changes(step, state, state).device for state in found} == {CUDA}
            if isinstance(step, Entrywise):
                piece, t = crossings(step, z, torch.linspace(0, 1, 2, dtype=torch.float64, device=CUDA), limits[level])
                assert (piece.device, t.device, t.dtype) == (CUDA, CUDA, torch.float64)
            level += 1
    assert kinds == {Affine, Entrywise, Largest}
    assert network(ends).device == CUDA


def test_new_knots_stay_on_the_device(fake):
    knots = torch.empty(5, dtype=torch.float64, device=CUDA)
    found, piece, weight = refined(knots, torch.empty(7, dtype=torch.float64, device=CUDA))
    assert (found.device, piece.device, weight.device) == (CUDA, CUDA, CUDA)
    piece, weight = torch.zeros(9, dtype=torch.long, device=CUDA), torch.empty(9, dtype=torch.float64, device=CUDA)
    value = interpolated(torch.empty(5, 3, 2, dtype=torch.float64, device=CUDA), piece, weight)
    assert (value.device, value.dtype, value.shape[1:]) == (CUDA, torch.float64, (3, 2))


def test_a_network_moves_with_its_tensors(fake):
    network = reading.piecewise_linear(
        [(torch.empty(3, 4), torch.empty(3)), (torch.empty(2, 3), None)],
        torch.empty(2, 4, dtype=torch.float64),
        torch.device("cpu"),
    )
    assert network.to(CUDA)(torch.empty(6, 4, dtype=torch.float64, device=CUDA)).device == CUDA
