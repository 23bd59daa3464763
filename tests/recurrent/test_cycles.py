"""Fixed points and cycles of ReLU cells, against brute force over all regions with a plain solver."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
import torch

from netaudit.recurrent import fixed_points, relu_cycles
from netaudit.recurrent.cells.simple import SimpleCell
from netaudit.recurrent.relu_regions import ReluMap, solve

F64 = torch.float64


def cell_of(matrix, bias):
    matrix, bias = torch.as_tensor(matrix, dtype=F64), torch.as_tensor(bias, dtype=F64)
    return SimpleCell("relu", torch.eye(len(bias), dtype=F64), matrix, bias, "relu")


def random_cell(units, seed, gain=1.5):
    generator = np.random.default_rng(seed)
    return cell_of(gain * generator.normal(size=(units, units)) / units**0.5, generator.normal(size=units))


def brute_force(cell, period):
    """Every cycle: compose the affine maps of each sequence of regions, solve, and step through the cell itself."""
    W, b, units = cell.weight_hh.numpy(), cell.bias.numpy(), cell.hidden_size
    cycles = []
    for masks in itertools.product(itertools.product([0, 1], repeat=units), repeat=period):
        A, shift = np.eye(units), np.zeros(units)
        for mask in masks:
            A, shift = np.diag(mask) @ W @ A, np.diag(mask) @ (W @ shift + b)
        state = np.linalg.solve(np.eye(units) - A, shift)
        orbit, inside = [state], True
        for mask in masks:
            z = W @ orbit[-1] + b
            inside &= bool(((z > 0) == np.array(mask)).all())
            orbit.append(np.maximum(z, 0))
        if inside and np.allclose(orbit[-1], state):
            turns = [orbit[i:-1] + orbit[:i] for i in range(period)]
            own = any(np.allclose(orbit[i], state) for i in range(1, period) if period % i == 0)
            if not own and not any(np.allclose(turn, known) for turn in turns for known in cycles):
                cycles.append(np.array(orbit[:-1]))
    return cycles


@pytest.mark.parametrize(
    ("units", "period", "seeds"),
    [(3, 1, range(6)), (5, 1, range(6)), (2, 2, range(6)), (3, 2, range(6)), (3, 3, (4, 5, 7, 22)), (3, 4, (37,))],
)
def test_all_cycles_are_those_of_brute_force(units, period, seeds):
    total = 0
    for seed in seeds:
        cell = random_cell(units, seed, gain=4.0)
        found, wanted = relu_cycles(cell, np.zeros(units), period=period), brute_force(cell, period)
        assert found.complete
        assert found.regions == 2 ** (units * period)
        assert found.certain.all()
        assert len(found.points) == len(wanted)
        for one in wanted:
            turns = [np.roll(one, i, axis=0) for i in range(period)]
            assert any(np.abs(turn - cycle).max() < 1e-10 for turn in turns for cycle in found.points.numpy())
        total += len(wanted)
        for cycle, multipliers in zip(found.points, found.multipliers, strict=True):
            product = np.eye(units)
            for state in cycle:
                product = np.diag((cell.weight_hh @ state + cell.bias > 0).double()) @ cell.weight_hh.numpy() @ product
            assert np.allclose(sorted(abs(np.linalg.eigvals(product)))[::-1], abs(multipliers), atol=1e-9)
    assert total > 1


def test_the_input_that_is_held_counts():
    cell = cell_of([[0.5]], [0.0])
    assert relu_cycles(cell, [3.0]).points.flatten().tolist() == [6.0]
    assert relu_cycles(cell, [-3.0]).points.flatten().tolist() == [0.0]


def test_an_oscillator_has_a_cycle_of_two_and_no_other():
    """h' = relu(-2 h + 1): 1/3 is a fixed point, and 0 -> 1 -> 0 a cycle, on which the slope is 0 at 1."""
    cell = cell_of([[-2.0]], [1.0])
    fixed, two = (relu_cycles(cell, [0.0], period=period) for period in (1, 2))
    assert fixed.points.flatten().tolist() == pytest.approx([1 / 3])
    assert fixed.stable.tolist() == [False]
    assert sorted(two.points.flatten().tolist()) == [0, 1]
    assert two.stable.tolist() == [True]
    assert relu_cycles(cell, [0.0], period=4).points.shape == (0, 4, 1)


def test_a_point_on_a_boundary_is_found_once_and_not_called_certain():
    found = relu_cycles(cell_of(0.5 * np.eye(3), np.zeros(3)), np.zeros(3))
    assert found.points.shape == (1, 1, 3)
    assert not found.certain.any()
    assert found.unclear == 8
    assert not found.complete
    rounded = relu_cycles(cell_of([[0.3, 0.0], [-0.1, 0.5]], [0.7, 0.1]), np.zeros(2))
    assert rounded.points[:, 0].flatten().tolist() == pytest.approx([1.0, 0.0])
    assert not rounded.certain.any()
    assert rounded.unclear == 2


def test_a_solution_that_is_not_known_well_is_not_called_certain():
    """Two units are off by up to about 1e-6, and the third is on by 1e-9: their error decides, and not its rounding."""
    slow = 2.0**-30
    matrix = [[0.5, 0.5 - slow, 0.0], [0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]
    found = relu_cycles(cell_of(matrix, [slow, slow, -2 + 1e-9]), np.zeros(3))
    assert found.points[0, 0, :2].tolist() == pytest.approx([2.0, 2.0])
    assert not found.certain.any()
    assert not found.complete


def test_a_line_of_fixed_points_is_singular_and_the_list_not_complete():
    found = relu_cycles(cell_of([[1.0, 0.0], [0.0, 0.5]], [0.0, 1.0]), np.zeros(2))
    assert found.singular == 2
    assert not found.complete


@pytest.mark.parametrize("period", [1, 2])
def test_a_search_finds_what_all_regions_hold(period):
    for seed in range(4):
        cell = random_cell(6 // period + 2, seed, gain=2.0)
        every = relu_cycles(cell, np.zeros(cell.hidden_size), period=period)
        some = relu_cycles(cell, np.zeros(cell.hidden_size), period=period, largest=1, attempts=300)
        assert every.complete
        assert not some.complete
        assert some.certain.all()
        apart = torch.cdist(every.points.flatten(1).sort(1).values, some.points.flatten(1).sort(1).values)
        assert len(some.points) == len(every.points)
        assert not len(every.points) or apart.min(1).values.max() < 1e-10


def test_a_larger_cell_is_searched_from_given_states_too():
    """Forty units that excite themselves and inhibit all others: each alone is a stable fixed point."""
    units = 40
    cell = cell_of(1.5 * np.eye(units) - 1.0, np.full(units, 1.0))
    found = relu_cycles(cell, np.zeros(units), states=3 * np.eye(units), attempts=50)
    assert not found.every_region
    stable = found.points[torch.from_numpy(found.stable), 0]
    assert torch.equal(stable.count_nonzero(1), torch.ones(units, dtype=torch.long))
    assert torch.allclose(stable.max(1).values, torch.tensor(2.0, dtype=F64))
    again = relu_cycles(cell, np.zeros(units), states=3 * np.eye(units), attempts=50)
    assert torch.equal(found.points, again.points)


def test_the_descent_finds_no_point_that_the_regions_lack():
    cell = random_cell(8, 3, gain=2.5)
    every = relu_cycles(cell, np.zeros(8)).points[:, 0]
    some = fixed_points(cell, 2 * torch.rand(40, 8, generator=torch.Generator().manual_seed(0)), np.zeros(8), steps=300)
    assert len(some.points)
    assert torch.cdist(some.points, every).min(1).values.max() < 1e-6


def test_the_error_bound_holds_the_solution_in_rationals():
    for seed in range(5):
        cell = random_cell(3, seed)
        relu = ReluMap(cell.weight_hh, cell.bias)
        found = solve(relu, torch.ones(1, 3, dtype=torch.bool))
        matrix = [
            [Fraction(i == j) - Fraction(v) for j, v in enumerate(row)] for i, row in enumerate(relu.matrix.tolist())
        ]
        rows = [[*row, Fraction(b)] for row, b in zip(matrix, relu.bias.tolist(), strict=True)]
        for i in range(3):  # Gauss and Jordan
            pivot = [v / rows[i][i] for v in rows[i]]
            rows = [[a - row[i] * p for a, p in zip(row, pivot, strict=True)] for row in rows]
            rows[i] = pivot
        off = max(abs(Fraction(v) - row[3]) for v, row in zip(found.states[0].tolist(), rows, strict=True))
        assert off <= Fraction(found.error.item()) < Fraction(1, 10**12)


def test_mistakes_are_said():
    tanh = SimpleCell("t", torch.eye(2, dtype=F64), torch.eye(2, dtype=F64), torch.zeros(2, dtype=F64))
    with pytest.raises(ValueError, match="simple cell with ReLU"):
        relu_cycles(tanh, [0.0, 0.0])
    with pytest.raises(ValueError, match="period must be positive"):
        relu_cycles(random_cell(2, 0), [0.0, 0.0], period=0)
