"""Fixed points of cells and functions whose fixed points are known, and the parts of the search one by one."""

import numpy as np
import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from netaudit.numerics import device as devices
from netaudit.recurrent import fixed_points, read_cells
from netaudit.recurrent.cells.reading import NotSteppedError
from netaudit.recurrent.cells.simple import SimpleCell
from netaudit.recurrent.mapping import Map
from netaudit.recurrent.minimise import minimise
from netaudit.recurrent.polish import RCOND, least_squares_step, polish

F64 = torch.float64


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed), dtype=F64)


def matrix_map(matrix):
    """h -> A h, whatever the input."""
    return lambda states, inputs: states @ matrix.T


def test_the_scalar_map_of_tanh_2h():
    """Its fixed points are 0 with J = 2, and +-0.957504 with J = 0.166372."""
    found = fixed_points(lambda h, x: torch.tanh(2 * h), np.linspace(-2, 2, 9)[:, None], [0.0])
    order = found.points[:, 0].argsort()
    assert found.points[order, 0].tolist() == pytest.approx([-0.9575040240772688, 0, 0.9575040240772688], abs=1e-12)
    assert found.jacobians[order].flatten().tolist() == pytest.approx([0.166372, 2, 0.166372], abs=5e-7)
    assert found.stable[order.numpy()].tolist() == [True, False, True]
    assert found.modes.unstable[order.numpy()].tolist() == [0, 1, 0]
    assert (int(found.starts.sum()), found.total, found.outside) == (9, 9, 0)


def line_attractor(size=32, a=0.8):
    u = normal(size, seed=5)
    u /= u.norm()
    return a * torch.eye(size, dtype=F64) + (1 - a) * torch.outer(u, u), u


def test_a_planted_line_attractor_keeps_every_start_on_its_line():
    matrix, u = line_attractor()
    starts = normal(60, 32)
    found = fixed_points(matrix_map(matrix), starts, torch.zeros(1))
    points = found.points
    assert len(points) > 50  # the others lie nearer than the tolerance
    assert (points - (points @ u)[:, None] * u).norm(dim=1).max() < 1e-5
    along = torch.stack([abs(points @ u - start @ u).min() for start in starts])
    assert along.max() < 0.5  # the descent of q does not move along the line, only Adam's own scaling does
    modes = found.modes
    assert (modes.time_constants[:, 0] > 1e6).all()
    assert modes.time_constants[:, 1:] == pytest.approx(1 / abs(np.log(0.8)), rel=1e-9)
    assert modes.non_normality[:, 0] == pytest.approx(1, abs=1e-9)
    assert abs(modes.right[:, 0] @ u.numpy()) == pytest.approx(1, abs=1e-9)


def test_the_left_vector_of_a_skewed_line_is_the_row_of_the_inverse():
    left, _ = torch.linalg.qr(normal(12, 12))
    right, _ = torch.linalg.qr(normal(12, 12, seed=1))
    basis = left @ torch.diag(torch.logspace(0, np.log10(50), 12, dtype=F64)) @ right
    assert torch.linalg.cond(basis) == pytest.approx(50)
    values = torch.full((12,), 0.8, dtype=F64)
    values[0] = 1
    matrix = basis @ torch.diag(values) @ torch.linalg.inv(basis)
    found = fixed_points(matrix_map(matrix), normal(5, 12), torch.zeros(1))
    wanted = torch.linalg.inv(basis)[0].numpy()
    length = float(basis[:, 0].norm())  # right vectors have norm 1, so the left one is as much longer
    for one, r in zip(found.modes.left[:, 0], found.modes.right[:, 0], strict=True):
        sign = np.sign((r @ basis[:, 0].numpy()).real)
        assert np.abs(one * sign - wanted * length).max() < 1e-8
    cosine = wanted @ basis[:, 0].numpy() / np.linalg.norm(wanted) / length
    assert found.modes.non_normality[:, 0] == pytest.approx(1 / abs(cosine))


def test_a_random_network_of_radius_one_half_has_the_origin_alone():
    size = 64
    recurrent = 0.5 * normal(size, size) / size**0.5
    cell = SimpleCell("r", torch.zeros(size, 3, dtype=F64), recurrent, torch.zeros(size, dtype=F64))
    found = fixed_points(cell, normal(100, size), torch.zeros(3))
    assert found.points.shape == (1, size)
    assert found.points.abs().max() < 1e-12
    assert found.starts.tolist() == [100]
    assert found.modes.time_constants.max() < 3


@pytest.mark.parametrize("one_input", [True, False])
def test_a_cell_and_the_same_step_as_a_function_give_the_same_points(one_input):
    torch.manual_seed(0)
    module = nn.GRU(3, 6).double()
    with torch.no_grad():
        module.weight_hh_l0[12:] += 4 * torch.eye(6)  # every unit keeps its sign
    [cell] = read_cells(module)
    starts, inputs = torch.tanh(normal(40, 6)), torch.zeros(3) if one_input else normal(4, 3).repeat(10, 1)
    ours = fixed_points(cell, starts, inputs)
    assert len(ours.points) > 2
    assert (ours.q < 1e-25).all()

    def branching(h, x):
        return cell(h, x) if bool(h.isfinite().all()) else h  # which vmap refuses

    for step in (lambda h, x: cell(h, x), lambda h, x: module(x[None], h[None])[1][0], branching):
        theirs = fixed_points(step, starts, inputs)
        assert torch.allclose(ours.points, theirs.points, atol=1e-9)
        assert torch.allclose(ours.jacobians, theirs.jacobians, atol=1e-9)
        assert torch.equal(ours.starts, theirs.starts)
        assert torch.equal(ours.inputs, theirs.inputs)
    assert (cell(ours.points, ours.inputs) - ours.points).abs().max() < 1e-12


def test_a_network_that_settles_is_found_to_where_descents_end_between():
    """Its units latch: q has local minima everywhere, and no descent comes to a fixed point; every run does."""
    torch.manual_seed(0)
    module = nn.GRUCell(3, 6).double()
    with torch.no_grad():
        module.weight_hh.mul_(4)
    [cell] = read_cells(module)
    starts, x = torch.tanh(normal(12, 6)), torch.zeros(1, 3, dtype=F64)
    found = fixed_points(cell, starts, torch.zeros(3), steps=200)
    end = starts
    for _ in range(200):
        end = cell(end, x)
    assert (cell(end, x) - end).abs().max() < 1e-12
    assert torch.cdist(end, found.points).min(1).values.max() < 1e-3
    assert 0 in found.starts


def test_points_of_different_inputs_are_different():
    cell = SimpleCell("s", torch.eye(1, dtype=F64), torch.zeros(1, 1, dtype=F64), torch.zeros(1, dtype=F64))
    found = fixed_points(cell, torch.zeros(3, 1), [[0.3], [0.3], [0.3002]])
    assert found.starts.tolist() == [3]  # nearer than the tolerance, in both
    deaf = SimpleCell("d", torch.zeros(1, 1, dtype=F64), torch.zeros(1, 1, dtype=F64), torch.zeros(1, dtype=F64))
    assert len(fixed_points(deaf, torch.zeros(2, 1), [[0.3], [0.4]]).points) == 2  # of one state, two inputs
    found = fixed_points(cell, torch.zeros(3, 1), [[0.3], [0.3], [0.4]])
    assert sorted(found.points[:, 0].tolist()) == pytest.approx(np.tanh([0.3, 0.4]).tolist())
    assert sorted(found.inputs[:, 0].tolist()) == [0.3, 0.4]
    several = fixed_points(cell, torch.zeros(5, 1), 0.1 * torch.arange(5)[:, None])
    some = several.fixed.some(2)  # each keeps its own input
    assert (len(some), len(some.inputs)) == (2, 2)
    assert torch.allclose(some.points, some.inputs.tanh())


def test_slow_points_are_where_the_descent_passes_a_threshold():
    """Without a fixed point, q is least where the map is slowest; the polish leaves such a point and finds nothing."""

    def step(h, x):
        return h + 1e-4 + h**2  # q = (1e-4 + h^2)^2 / 2 is least at 0, 5e-9

    found = fixed_points(step, np.linspace(-0.5, 0.5, 11)[:, None], [0.0])
    assert len(found.points) == 0
    assert (found.slow.q <= 1e-6).all()
    assert found.slow.q.max() > 1e-7  # the first that passes, not the last
    assert found.at(1e-8).points.abs().max() < 0.007
    assert (found.at(1e-8).q <= 1e-8).all()
    assert found.slow.points.abs().max() < 0.04
    assert found.slow.starts.sum() == 11
    assert found.slow.jacobians.flatten().tolist() == pytest.approx((1 + 2 * found.slow.points[:, 0]).tolist())


def test_what_the_polish_moves_outside_is_dropped_and_counted():
    def step(h, x):
        return h + 1e-3 / (1 + h**2)  # q falls outwards, for ever

    found = fixed_points(step, [[2.0], [2.1], [-2.0]], [0.0], steps=5)
    assert len(found.points) == 0
    assert found.outside == 3
    assert found.jacobians.shape == (0, 1, 1)
    assert found.modes.eigenvalues.shape == (0, 1)


def test_the_memory_and_the_parts_change_nothing():
    [cell] = read_cells(nn.GRU(2, 5, bias=True))
    starts = normal(30, 5)
    whole = fixed_points(cell, starts, torch.zeros(2))
    parts = fixed_points(cell, starts, torch.zeros(2), memory=8 * 5 * 25 * 4)
    for one, two in zip(whole.sets, parts.sets, strict=True):
        assert torch.allclose(one.points, two.points, atol=1e-12)
        assert torch.equal(one.starts, two.starts)


def test_a_device_without_memory_for_all_starts_is_given_fewer(monkeypatch):
    from netaudit.recurrent import search

    real, seen = search.minimise, []

    def small(mapped, starts, *arguments, **more):
        seen.append(len(starts))
        if len(starts) > 8:
            raise torch.OutOfMemoryError
        return real(mapped, starts, *arguments, **more)

    [cell] = read_cells(nn.RNN(2, 4))
    starts = normal(20, 4)
    whole = fixed_points(cell, starts, torch.zeros(2))
    monkeypatch.setattr(search, "minimise", small)
    with devices.fallbacks() as events:
        parts = fixed_points(cell, starts, torch.zeros(2))
    assert seen == [20, 10, 5, 5, 5, 5]
    assert events == ["Out of memory on cpu: smaller batches were used."]
    assert torch.equal(whole.points, parts.points)


def test_progress_is_told():
    told = []
    [cell] = read_cells(nn.RNN(2, 4))
    fixed_points(cell, normal(20, 4), torch.zeros(2), progress=lambda *what: told.append(what))
    assert told[-1][0] == "polishing"
    assert told[-1][1] == told[-1][2]
    descents = [done for what, done, total in told if what == "going down from each start"]
    assert descents == sorted(descents)
    assert descents[-1] == 20


def test_mistakes_are_said():
    [cell] = read_cells(nn.GRU(2, 5))
    with pytest.raises(ValueError, match="states of 5 numbers and inputs of 2, got states of 4"):
        fixed_points(cell, torch.zeros(3, 4), torch.zeros(2))
    with pytest.raises(ValueError, match=r"must be \[P, state\]"):
        fixed_points(cell, torch.zeros(5), torch.zeros(2))
    with pytest.raises(ValueError, match="must be finite"):
        fixed_points(cell, torch.full((1, 5), torch.nan), torch.zeros(2))
    with pytest.raises(ValueError, match="must be two or more, descend"):
        fixed_points(cell, torch.zeros(1, 5), torch.zeros(2), thresholds=(1e-12, 1e-6))
    single = nn.GRUCell(2, 5)
    with pytest.raises(NotSteppedError, match="a step failed") as refusal:
        fixed_points(lambda h, x: single(x, h), torch.zeros(1, 5), torch.zeros(2))
    assert "module.double()" in refusal.value.hints[0]
    with pytest.raises(NotSteppedError, match=r"must give float64 \[P, 5\], got float32 \[1, 5\]"):
        fixed_points(lambda h, x: h.float(), torch.zeros(1, 5), torch.zeros(2))


def test_a_step_is_the_least_squares_solution():
    """With the least damping it is that of a singular value decomposition with RCOND as its cut, far from the cut."""
    matrix, u = line_attractor(8)
    bias = normal(8, seed=3)
    mapped = Map(lambda h, x: h @ matrix.T + bias - (bias @ u) * u, torch.zeros(1, 1, dtype=F64))
    states = normal(5, 8)
    ours = least_squares_step(mapped, states, torch.full((5,), RCOND**2, dtype=F64))
    rest = (mapped(states) - states).numpy()
    theirs = np.linalg.lstsq(matrix.numpy() - np.eye(8), -rest.T, rcond=RCOND)[0].T
    assert np.abs(ours.numpy() - theirs).max() < 1e-5
    assert (ours @ u).abs().max() < 1e-5  # not along the line


def test_no_step_of_the_polish_raises_q():
    mapped = Map(lambda h, x: torch.sin(3 * h) * 2, torch.zeros(1, 1, dtype=F64))
    states = normal(50, 3)
    before, found = mapped.speed(states), polish(mapped, states)
    assert (found.q <= before).all()
    assert torch.equal(found.q, mapped.speed(found.states))


CUDA = torch.device("cuda:0")


@pytest.mark.parametrize("module", [nn.RNN(3, 4), nn.GRU(3, 4), nn.LSTM(3, 4)])
def test_the_work_stays_on_the_device(module):
    """A fake CUDA device refuses a tensor of the CPU."""
    [cell] = read_cells(module)
    with FakeTensorMode(allow_non_fake_inputs=True):
        checked, type(cell).__post_init__ = type(cell).__post_init__, lambda self: None  # a fake has no numbers
        try:
            mapped = Map(cell, torch.zeros(1, 3, dtype=F64)).on(CUDA)
        finally:
            type(cell).__post_init__ = checked
        states = torch.empty(6, cell.state_size, dtype=F64, device=CUDA)
        step = least_squares_step(mapped, states, torch.empty(6, dtype=F64, device=CUDA))
        inputs = torch.empty(6, 3, dtype=F64, device=CUDA)
        for found in (mapped(states), mapped.jacobian(states), step, mapped.step.input_jacobian(states, inputs)):
            assert (found.device, found.dtype) == (CUDA, F64)


def test_a_descent_ends_where_q_was_lowest():
    class Watched(Map):
        def speed_and_gradient(self, states):
            q, gradient = super().speed_and_gradient(states)
            seen.append(q.item())
            return q, gradient

    seen = []
    mapped = Watched(lambda h, x: h + (h - 1) ** 2 + 0.1, torch.zeros(1, 1, dtype=F64))
    found = minimise(mapped, torch.tensor([[0.9]], dtype=F64), (1e-6,), steps=70)
    assert found.q.item() == min(seen) < seen[-1]
    assert torch.equal(found.q, mapped.speed(found.states))
    assert found.states.item() == pytest.approx(1, abs=0.01)
    assert found.passed[0].isnan().all()
