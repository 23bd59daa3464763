"""Twins: planted ones of stated strength are found, and unrelated rows are none."""

import pytest
import torch

from netaudit.geometry.identifiability import twins as rows
from netaudit.geometry.identifiability.bounds import Box
from netaudit.geometry.identifiability.twins import ALIKE, SKETCH, near, sketch, twins


def gaussian(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def unit_box(n):
    return Box(-torch.ones(n, dtype=torch.float64), torch.ones(n, dtype=torch.float64))


def found(weight, bias=None, box=None):
    bias = torch.zeros(len(weight), dtype=torch.float64) if bias is None else bias
    pairs = twins(weight, bias, box or unit_box(weight.shape[1]), torch.arange(len(weight)))
    return (
        pairs.equal.nonzero().flatten().tolist(),
        pairs.opposite.nonzero().flatten().tolist(),
        int(pairs.equal_pairs),
        int(pairs.opposite_pairs),
    )


def test_equal_and_opposite_twins_are_told_apart():
    weight, bias = gaussian(8, 10), gaussian(8, seed=1)
    weight[2], bias[2] = 3 * weight[0], 3 * bias[0]
    weight[5], bias[5] = -0.2 * weight[1], -0.2 * bias[1]
    assert found(weight, bias) == ([0, 2], [1, 5], 1, 1)
    weight[7], bias[7] = weight[2], bias[2]
    assert found(weight, bias) == ([0, 2, 7], [1, 5], 3, 1)
    bias[7] += 1
    assert found(weight, bias) == ([0, 2], [1, 5], 1, 1)


@pytest.mark.parametrize("block", [1, 8 * 11 * 3, 2**24])
def test_pairs_are_counted_once_whatever_the_blocks(monkeypatch, block):
    monkeypatch.setattr(rows, "BLOCK", block)
    weight = gaussian(7, 10)
    weight[[1, 4, 6]] = weight[:1].clone()
    weight[5] = -weight[0]
    assert found(weight) == ([0, 1, 4, 6], [0, 1, 4, 5, 6], 6, 4)


@pytest.mark.parametrize(("noise", "pairs"), [(1e-3, 1), (2e-3, 0)])
def test_the_angle_at_which_twins_part(noise, pairs):
    """1 - cosine is half the squared relative noise: 5e-7 and 2e-6."""
    weight = gaussian(2, 4000)
    weight[1] = weight[0] + noise * gaussian(4000, seed=1) * weight[0].norm() / 4000**0.5
    assert found(weight)[2] == pairs


@pytest.mark.parametrize(("dtype", "factor"), [(torch.bfloat16, 1.0), (torch.float16, 0.37), (torch.float32, 0.37)])
def test_twins_are_found_as_they_are_stored(dtype, factor):
    weight = gaussian(40, 500)
    weight[20:] = factor * weight[:20]
    assert found(weight.to(dtype))[2] == 20


def test_neither_the_unit_of_an_input_nor_where_its_range_lies_counts():
    weight, bias = gaussian(6, 10), gaussian(6, seed=1)
    weight[1] = weight[0] + 0.01 * gaussian(10, seed=2)
    bias[1] = bias[0]
    scale, shift = 10 ** gaussian(10, seed=3), 1e3 * gaussian(10, seed=4)
    box = Box(shift - scale, shift + scale)
    for noise in (1.0, 1e-3):
        weight[1] = weight[0] + noise * (weight[1] - weight[0])
        assert found(weight / scale, bias - (weight / scale) @ shift, box) == found(weight, bias)
    assert found(weight, bias)[2] == 1


def test_an_input_in_a_small_unit_does_not_hide_the_others():
    """In one input of a ten-thousandth of the unit all neurons are alike, and their weights there are the largest."""
    scale = torch.ones(10, dtype=torch.float64)
    scale[0] = 1e-4
    weight = gaussian(6, 10)
    weight[:, 0] = 1
    assert found(weight / scale, None, Box(-scale, scale)) == found(weight) == ([], [], 0, 0)


def test_a_large_bias_makes_no_twins():
    """Beside a bias of 1,000 in the unit of the inputs the weights alone would be 1e-3 of a row."""
    weight, bias = gaussian(20, 4), torch.full((20,), 1e3, dtype=torch.float64)
    centre = -bias[0] / 4 * torch.ones(4, dtype=torch.float64)
    weight += 1 - weight.mean(1, keepdim=True)  # each switches near the same input
    assert found(weight, bias, Box(centre - 1, centre + 1))[2] == 0


@pytest.mark.parametrize("n", [3, 10, 1000])
def test_unrelated_rows_are_no_twins(n):
    assert found(gaussian(1500, n), gaussian(1500, seed=1)) == ([], [], 0, 0)


def unit_vectors(*shape, seed=0):
    rows = gaussian(*shape, seed=seed)
    return rows / rows.norm(dim=1, keepdim=True)


@pytest.mark.parametrize("d", [1, SKETCH, SKETCH + 1, 1000])
def test_sketches_never_lie_farther_apart_than_the_vectors(d):
    one, other = unit_vectors(200, d), unit_vectors(200, d, seed=1)
    other[:100] = one[:100] + 1e-3 * other[:100]
    other[50:60, :] = one[50:60] + torch.eye(d, dtype=torch.float64)[:1] * 1e-3  # a single entry keeps its length
    apart, sketched = (one - other).norm(dim=1), (sketch(one) - sketch(other)).norm(dim=1)
    assert bool((sketched <= apart * (1 + 1e-9)).all())
    assert sketch(one).shape == (200, min(d, SKETCH))


@pytest.mark.parametrize("sign", [1, -1])
def test_sketches_pass_on_all_twins_and_next_to_nothing_else(sign):
    """The worst twins differ in one number alone, of which the sketch loses the least."""
    one = unit_vectors(300, 900)
    other = one.clone()
    other[:, 0] += (1.99 * ALIKE) ** 0.5
    other = sign * other / other.norm(dim=1, keepdim=True)
    cosine = (one * other).sum(1)
    assert bool((sign * cosine > 1 - ALIKE).all())
    likely = near(sketch(one), sketch(other))
    assert bool(likely.diagonal().all())
    assert int(likely.sum()) == 300


def test_a_direction_that_is_not_there_is_no_twin():
    weight = gaussian(4, 100)
    weight[1], weight[3] = 0.0, 0.0
    assert found(weight) == ([], [], 0, 0)


def test_no_neurons():
    pairs = twins(torch.zeros(3, 4), torch.zeros(3).double(), unit_box(4), torch.arange(0))
    assert (pairs.equal.tolist(), int(pairs.equal_pairs)) == ([False] * 3, 0)


def test_tiny_and_huge_rows_have_a_direction():
    weight = gaussian(4, 5)
    weight[1], weight[3] = weight[0] * 1e-200, weight[2] * -1e200
    assert found(weight) == ([0, 1], [2, 3], 1, 1)


@pytest.mark.parametrize("n", [1, 2])
def test_neurons_with_few_inputs_are_no_twins_by_chance(n):
    weight, bias = gaussian(64, n + 3), gaussian(64, seed=1)
    weight[:, n:] = 0
    if n == 2:  # three numbers a neuron: one pair 5e-4 apart
        weight[1], bias[1] = weight[0], bias[0]
        weight[1, 0] *= 1 + 5e-4
    alike = twins(weight, bias, unit_box(n + 3), torch.arange(64))
    assert int(alike.equal_pairs + alike.opposite_pairs) == 0
    weight[5], bias[5] = (0.37 * weight[9]).float().double(), (0.37 * bias[9]).float().double()
    weight[6], bias[6] = -weight[9], -bias[9]
    alike = twins(weight, bias, unit_box(n + 3), torch.arange(64))
    assert (int(alike.equal_pairs), int(alike.opposite_pairs)) == (1, 2)
