"""Summaries with known answers, the nulls, the rule of the verdict, and planted networks through all of it."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from netaudit.recurrent import fixed_points, judged, line_attractor, noise, read_cells, states_along, summaries
from netaudit.recurrent.cells.simple import SimpleCell
from netaudit.recurrent.line_verdict import Estimate, LineEvidence, judge, line_evidence
from netaudit.recurrent.nulls import NULLS, at_initialisation

F64 = torch.float64
LENGTH = 40


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


# Summaries


def test_points_on_a_line_in_a_plane_and_in_a_ball():
    line = normal(300, 1) @ normal(1, 20, seed=1)
    assert summaries.first_axis_share(line) == pytest.approx(1)
    assert summaries.participation_ratio(line) == pytest.approx(1)
    square = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=2)))
    assert summaries.participation_ratio(square @ normal(2, 2).T.float().svd()[0]) == pytest.approx(2, rel=1e-5)
    assert summaries.participation_ratio(normal(5000, 6)) == pytest.approx(6, rel=0.02)
    for undefined in (summaries.first_axis_share, summaries.participation_ratio):
        assert np.isnan(undefined(line[:1]))


def test_slow_modes_and_gaps():
    constants = [[np.inf, np.inf, 1.0], [np.inf, 4.0, 1.0], [9.0, 3.0, 0.0]]
    assert summaries.slow_modes(constants, 5).tolist() == [2, 1, 1]
    assert summaries.gaps(constants).tolist() == [1, np.inf, 3]


def test_tangents_of_a_circle():
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    points = np.column_stack((np.cos(angle), np.sin(angle), 0 * angle))
    along = np.column_stack((-np.sin(angle), np.cos(angle), 0 * angle))
    assert summaries.alignment(summaries.tangents(points, neighbours=3), along) == pytest.approx(1)


def test_an_integrator_integrates_and_selects():
    """h' = h + B x along one axis: the logit is the sum of what each token adds."""
    B, left = normal(6, 4), np.eye(6)[0]
    tokens, held = normal(30, 4, seed=1), normal(4, seed=2)
    weights = ((tokens - held) @ B[0]).numpy()
    assert summaries.selectivity(left, B, tokens, held, weights) == pytest.approx(1)
    assert summaries.selectivity(left, B, tokens, held, -(weights**3)) == pytest.approx(-1)
    sequences = [normal(length, 4, seed=length) for length in range(3, 20)]
    logits = [float(((one - held) @ B[0]).sum()) for one in sequences]
    assert summaries.integration(left, B, sequences, held, logits) == pytest.approx(1)
    assert summaries.integration(left, B, sequences, held, np.random.default_rng(0).normal(size=17)) < 0.5


# Nulls


@pytest.mark.parametrize("module", [nn.RNN(3, 9), nn.GRU(3, 9), nn.LSTM(3, 9)])
def test_nulls_keep_what_they_say_and_change_the_rest(module):
    with torch.no_grad():
        module.weight_hh_l0[:9] *= 3
    [cell] = read_cells(module)
    gates = len(cell.gates)
    for name, null in NULLS.items():
        one, same, other = (null(cell, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
        assert torch.equal(one.weight_hh, same.weight_hh)
        assert not torch.equal(one.weight_hh, other.weight_hh)
        assert torch.equal(one.weight_ih, cell.weight_ih) == (name != "initialisation")
        for before, after in zip(cell.weight_hh.chunk(gates), one.weight_hh.chunk(gates), strict=True):
            if name == "shuffled":
                assert torch.equal(before.flatten().sort().values, after.flatten().sort().values)
            if name == "gaussian":
                assert after.norm() == pytest.approx(float(before.norm()))


def test_the_initial_cell_is_drawn_as_pytorch_draws():
    """Each entry of weights is uniform, and each bias the sum of two uniform ones, but for those of the new gate."""
    for make in (nn.RNN, nn.GRU, nn.LSTM):
        [theirs] = read_cells(make(50, 64))
        ours = at_initialisation(theirs, torch.Generator().manual_seed(0))
        for role in ("weight_ih", "weight_hh", "bias", "reset_bias"):
            one, two = getattr(ours, role, None), getattr(theirs, role, None)
            assert one is two is None or float(one.std()) == pytest.approx(float(two.std()), rel=0.3)
            assert one is None or float(one.abs().max()) <= (2 if role == "bias" else 1) / 8
        if make is nn.GRU:
            assert float(ours.bias[128:].abs().max()) <= 1 / 8


# The rule


def sure(value):
    return Estimate(value, value, value)


GOOD = LineEvidence(slow=50, fixed=3, stable=2, share=sure(0.98), slowest=sure(60.0), gap=sure(5.0), second=sure(12.0))
NULL = LineEvidence(slow=50, fixed=1, stable=1, share=sure(0.4), slowest=sure(5.0), gap=sure(1.1), second=sure(4.5))


@pytest.mark.parametrize(
    ("change", "null", "verdict", "against"),
    [
        ({}, {}, "line_attractor", ()),
        ({"share": sure(0.85)}, {}, "point_attractors", ("share",)),
        ({"share": Estimate(0.92, 0.88, 0.94)}, {}, "undecided", ("share?",)),
        ({"slowest": sure(45.0)}, {}, "point_attractors", ("slowest",)),
        ({"slowest": sure(9.0), "fixed": 1}, {}, "single_fixed_point", ("slowest", "forgets")),
        ({"slowest": Estimate(50.0, 40.0, 70.0)}, {}, "undecided", ("slowest?",)),
        ({"gap": sure(1.9), "fixed": 1}, {}, "single_fixed_point", ("gap",)),
        ({"gap": sure(1.9), "fixed": 0, "stable": 0}, {}, "undecided", ("gap",)),
        ({"second": sure(49.9)}, {}, "line_attractor", ()),
        ({"second": sure(50.0)}, {}, "point_attractors", ("second",)),
        ({"slowest": sure(900.0), "second": sure(180.0)}, {}, "point_attractors", ("second",)),
        ({"second": Estimate(40.0, 35.0, 50.0)}, {}, "undecided", ("second?",)),
        ({"second": Estimate(60.0, 45.0, 70.0)}, {}, "undecided", ("second?",)),
        ({}, {"second": sure(1.0)}, "line_attractor", ()),
        ({}, {"share": sure(0.99)}, "point_attractors", ("share_of_shuffled",)),
        ({}, {"slowest": sure(60.0)}, "point_attractors", ("slowest_of_shuffled",)),
        ({}, {"gap": sure(7.0)}, "point_attractors", ("gap_of_shuffled",)),
        ({}, {"share": sure(float("nan"))}, "line_attractor", ()),
        ({"share": sure(float("nan")), "fixed": 1}, {}, "single_fixed_point", ("share",)),
    ],
)
def test_the_rule(change, null, verdict, against):
    draws = {"shuffled": (NULL, replace(NULL, **null), None)}
    found = judge(replace(GOOD, **change), draws, 100)
    assert (found.verdict, found.against) == (verdict, against)


def test_without_points_nothing_is_decided():
    assert judge(None, {}, 100).verdict == "undecided"


# Planted networks


def planted(time_constant, second=None, *, width=0.02):
    """A ReLU cell far from its kinks, so that it is affine: one mode of a time constant along u, all others of .6.

    With a second time constant a mode of it lies along another direction, along which inputs push by the width.
    """
    size = 12
    u, v = torch.linalg.qr(torch.stack((normal(size, seed=7), normal(size, seed=6)), 1)).Q.T
    slow = 1.0 if time_constant is None else float(np.exp(-1 / time_constant))
    matrix = 0.6 * torch.eye(size, dtype=F64) + (slow - 0.6) * torch.outer(u, u)
    if second is not None:
        matrix += (float(np.exp(-1 / second)) - 0.6) * torch.outer(v, v)
    centre = torch.full((size,), 20.0, dtype=F64)
    inputs = 0.2 * torch.outer(u, normal(3, seed=8)) + 0.02 * normal(size, 3, seed=9)
    inputs += width * torch.outer(v, normal(3, seed=5))
    return SimpleCell("planted", inputs, matrix, centre - matrix @ centre, "relu"), centre


@pytest.mark.parametrize(
    ("time_constant", "verdict"),
    [(None, "line_attractor"), (LENGTH, "line_attractor"), (LENGTH / 10, "single_fixed_point")],
)
def test_a_planted_line_is_found_and_a_near_miss_is_not_called_one(time_constant, verdict):
    cell, centre = planted(time_constant)
    found = line_attractor(
        cell, normal(20, LENGTH, 3), torch.zeros(3), initial=centre, starts=40, draws=1, steps=300, seed=1
    )
    assert found.judged.verdict == verdict, found.judged
    assert (found.found.total, found.length) == (40, LENGTH)
    if time_constant is None:
        assert found.evidence.share.low > 0.99
    else:
        assert found.evidence.slowest.value == pytest.approx(time_constant)
    again = line_attractor(
        cell, normal(20, LENGTH, 3), torch.zeros(3), initial=centre, starts=40, draws=1, steps=300, seed=1
    )
    assert (again.evidence, again.nulls, again.judged) == (found.evidence, found.nulls, found.judged)


@pytest.mark.parametrize(
    ("slowest", "second", "width", "line", "against"),
    [
        (50 * LENGTH, 50 * LENGTH, 0.2, False, {"share", "gap", "second"}),  # a plane of two equal modes
        (50 * LENGTH, 10 * LENGTH, 0.02, False, {"second"}),  # of two unequal ones, along one of which the points lie
        (50 * LENGTH, 0.55 * LENGTH, 0.02, False, {"second"}),  # a near miss
        (50 * LENGTH, 0.45 * LENGTH, 0.02, True, set()),
    ],
)
def test_a_planted_plane_is_not_called_a_line(slowest, second, width, line, against):
    cell, centre = planted(slowest, second, width=width)
    found = line_attractor(
        cell, normal(20, LENGTH, 3), torch.zeros(3), initial=centre, starts=40, draws=1, steps=300, seed=1
    )
    assert (found.judged.verdict == "line_attractor") is line, found.judged
    assert {code.rstrip("?") for code in found.judged.against if "_of_" not in code} == against
    assert found.evidence.second.value == pytest.approx(second)
    assert found.evidence.slowest.value == pytest.approx(slowest)


def test_starts_are_drawn_from_all_states(monkeypatch):
    cell, centre = planted(LENGTH)
    sequences, given = normal(20, LENGTH, 3), []

    def searched(*arguments, **more):
        given.append(arguments[1])
        return fixed_points(*arguments, **more)

    monkeypatch.setattr(judged, "fixed_points", searched)
    line_attractor(cell, sequences, torch.zeros(3), initial=centre, starts=30, draws=0, steps=5)
    states = states_along(cell, sequences, centre)
    rows = torch.cdist(given[0], states.flatten(0, 1)).argmin(1)
    assert len(rows.unique()) == 30
    assert len((rows // LENGTH).unique()) > 5  # of many sequences
    assert len((rows % LENGTH).unique()) > 10  # at many steps


def test_states_along_are_those_of_pytorch():
    module = nn.LSTM(3, 4, batch_first=True).double()
    [cell] = read_cells(module)
    inputs = normal(5, 7, 3)
    with torch.no_grad():
        outputs, (h, c) = module(inputs)
    states = states_along(cell, inputs)
    assert torch.allclose(states[..., :4], outputs)
    assert torch.allclose(states[:, -1], torch.cat((h[0], c[0]), 1))


def test_noise_drives_a_cell_of_which_there_are_no_inputs():
    [cell] = read_cells(nn.GRU(3, 4))
    drawn = noise(cell, sequences=50, length=40, scale=2.0)
    assert drawn.shape == (50, 40, 3)
    assert float(drawn.std()) == pytest.approx(2, rel=0.05)
    assert torch.equal(drawn, noise(cell, sequences=50, length=40, scale=2.0))
    assert not torch.equal(drawn, noise(cell, sequences=50, length=40, scale=2.0, seed=1))
    assert states_along(cell, drawn).shape == (50, 40, 4)


def flip_flop(generator, rows, length, bits=3):
    """Pulses +-1 now and then on each channel; the target is the sign of the last pulse of each."""
    pulses = torch.rand(rows, length, bits, generator=generator) < 0.2
    signs = torch.randint(0, 2, (rows, length, bits), generator=generator) * 2.0 - 1
    pulses[:, 0] = True
    inputs, state, targets = signs * pulses, torch.zeros(rows, bits), []
    for row in inputs.unbind(1):
        state = torch.where(row == 0, state, row)
        targets.append(state)
    return inputs, torch.stack(targets, 1)


def test_a_flip_flop_of_three_bits_has_eight_stable_points():
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    network, readout = nn.GRU(3, 24, batch_first=True), nn.Linear(24, 3)
    optimiser = torch.optim.Adam([*network.parameters(), *readout.parameters()], lr=0.01)
    for _ in range(250):
        inputs, targets = flip_flop(generator, 64, 25)
        loss = (readout(network(inputs)[0]) - targets).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.01
    [cell] = read_cells(network)
    inputs, _ = flip_flop(generator, 16, 25)
    starts = states_along(cell, inputs.double()).flatten(0, 1)
    found = fixed_points(cell, starts, torch.zeros(3))
    stable = found.points[torch.from_numpy(found.stable)]
    assert len(stable) == 8
    with torch.no_grad():
        bits = readout(stable.float()).sign().int().tolist()
    assert sorted(map(tuple, bits)) == sorted(itertools.product([-1, 1], repeat=3))
    evidence = line_evidence(found)
    assert (evidence.fixed, evidence.stable) == (len(found.points), 8)
    assert judge(evidence, {}, 25).verdict == "point_attractors"
