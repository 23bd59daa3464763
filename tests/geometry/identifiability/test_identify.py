"""Which neurons can be told from outside: planted ones, invariances, and what no proof decides."""

import numpy as np
import pytest
import torch
from geometry.networks import gaussian
from hypothesis import given, settings
from hypothesis import strategies as st

from netaudit.geometry import identifiable
from netaudit.geometry.identifiability.neurons import HIDING


def causes(layers, *box, **other):
    return [layer.causes for layer in identifiable(layers, *box, **other).layers]


def wide(found):
    return sum((layer.causes for layer in found.layers), ())


def test_a_random_network_is_identifiable():
    for sizes in ((10, 8, 1), (20, 10, 1), (10, 20, 20, 1), (100, 60, 60, 60, 10)):
        found = identifiable(gaussian(*sizes))
        assert found.identifiable_share == 1
        assert found.hidden_parameters == 0


def test_a_duplicated_row_is_one_pair_of_twins():
    layers = gaussian(10, 8, 1)
    layers[0][0][3], layers[0][1][3] = layers[0][0][6], layers[0][1][6]
    [layer] = identifiable(layers).layers
    assert (layer.twin_pairs, layer.opposite_pairs) == (1, 0)
    assert [j for j, cause in enumerate(layer.causes) if cause == "twin"] == [3, 6]
    assert layer.count("identifiable") == 6


@pytest.mark.parametrize(("bias", "cause"), [(1e3, "always_on"), (-1e3, "dead")])
def test_a_large_bias(bias, cause):
    layers = gaussian(10, 8, 1)
    layers[0][1][2] = bias
    assert causes(layers) == [("identifiable",) * 2 + (cause,) + ("identifiable",) * 5]


def test_the_bounds_of_the_first_layer_are_attained():
    weight = np.array([[1.0, -2.0, 0.5]] * 4)
    bias = np.array([3.5, 3.5 - 1e-9, -3.5, -3.5 + 1e-9])
    weight *= np.array([[1.0], [2.0], [3.0], [5.0]])  # no twins, but for their bias
    bias *= np.array([1.0, 2.0, 3.0, 5.0])
    layers = [(weight[[0, 2]], bias[[0, 2]] * (1 + 1e-12)), (np.ones((1, 2)), None)]
    assert causes(layers) == [("always_on", "dead")]
    layers = [(weight[[1]], bias[[1]]), (np.ones((1, 1)), None)]
    assert causes(layers) == [("identifiable",)]
    layers = [(weight[[3]], bias[[3]]), (np.ones((1, 1)), None)]
    assert causes(layers) == [("identifiable",)]


def test_a_tie_up_to_rounding_is_left_open():
    weight = np.random.default_rng(0).random((1, 300))
    [[cause]] = causes([(weight, [-weight.sum()]), ([[1.0]], None)], 0, 1)
    assert cause == "seen_off"


def test_muted_neurons():
    layers = gaussian(10, 8, 6, 3)
    layers[1][0][:, 2] = 0
    layers[1][0][:, 4] *= 1e-8
    assert [j for j, cause in enumerate(causes(layers)[0]) if cause == "muted"] == [2, 4]
    layers = gaussian(10, 8, 6, 3)
    layers[1][0][1:, 5] = 0  # what takes it is muted itself
    layers[2][0][:, 0] = 0
    found = causes(layers)
    assert found[0][5] == found[1][0] == "muted"
    layers[2][0][:, 0] = 1
    assert causes(layers)[0][5] == "identifiable"
    layers[1][1][0] = -1e4  # what takes it is dead
    assert (causes(layers)[0][5], causes(layers)[1][0]) == ("muted", "dead")


def test_a_muted_twin_leaves_the_other_one_alone():
    layers = gaussian(10, 8, 6)
    layers[0][0][1], layers[0][1][1] = layers[0][0][0], layers[0][1][0]
    assert causes(layers)[0][:2] == ("twin", "twin")
    layers[1][0][:, 1] = 0
    assert causes(layers)[0][:2] == ("identifiable", "muted")


def test_bounds_decide_in_deeper_layers_too():
    layers = gaussian(10, 8, 6, 3)
    layers[1][1][:2] = 1e3, -1e3
    assert causes(layers)[1][:2] == ("always_on", "dead")


ABSOLUTE = [[1.0], [-1.0]]
"""ReLU(x - c) and ReLU(c - x), which are never both above 0."""


def test_what_bounds_and_inputs_leave_open():
    """1.5 - |x| is above 0 on [-1, 1], and interval propagation gives -0.5 for its lowest value."""
    layers = [(ABSOLUTE, [0.0, 0.0]), ([[-1.0, -1.0], [1.0, 0.9]], [1.5, -1.5]), ([[1.0, 1.0]], None)]
    assert causes(layers)[1] == ("seen_on", "seen_off")
    assert identifiable(layers).layers[1].on.tolist() == [1, 0]


def test_a_gradient_leads_to_a_rare_corner():
    """On near the corner of all ones alone, one of 2^25, where most neurons below are off at other points."""
    n = 25
    layers = [(np.eye(n), None), (np.ones((1, n)), [0.5 - n]), ([[1.0]], None)]
    found = identifiable(layers)
    assert found.layers[1].on.tolist() == [0]
    assert found.layers[1].causes == ("identifiable",)


def test_an_exact_line_meets_a_narrow_band():
    """1e-5 - |x - 0.1| is above 0 in one part of 10^5, and below 0 at both corners."""
    layers = [(ABSOLUTE, [-0.1, 0.1]), ([[-1.0, -1.0]], [1e-5]), ([[1.0]], None)]
    assert causes(layers)[1] == ("identifiable",)


def test_real_inputs_show_what_random_ones_do_not():
    """On for one input in a hundred dimensions, away from every line to a corner."""
    x = np.random.default_rng(0).uniform(-1, 1, (5, 100))
    both = np.concatenate([np.eye(100), -np.eye(100)])
    layers = [(both, np.concatenate([-x[3], x[3]])), (-np.ones((1, 200)), [1e-3]), ([[1.0]], None)]
    assert causes(layers)[1] == ("seen_off",)
    found = identifiable(layers, points=x)
    assert (found.layers[1].causes, found.layers[1].on.tolist(), found.points) == (("identifiable",), [0.2], 5)


def test_hidden_parameters_are_counted_once():
    layers = gaussian(5, 4, 3, 2)
    layers[0][1][:2] = 1e3, -1e3
    layers[1][1][:] = -1e3 * layers[1][0][:, 0]  # so that what is always on does not decide
    layers[2][0][:, 1] = 0
    found = identifiable(layers)
    masks = [np.zeros((m, n), bool) for m, n in ((4, 5), (3, 4), (2, 3))]
    masks[0][:2], masks[1][:, :2], masks[1][1], masks[2][:, 1] = True, True, True, True
    assert [layer.hidden_parameters for layer in found.layers] == [masks[0].sum() + 2, masks[1].sum() + 1]
    assert found.hidden_parameters == sum(mask.sum() for mask in masks) + 3
    assert found.parameters == 20 + 12 + 6 + 4 + 3 + 2
    assert [layer.parameters for layer in found.layers] == [24, 15]
    without = [(weight, None) for weight, _ in gaussian(5, 4, 3, 2)]
    assert identifiable(without).parameters == 38


def planted(seed):
    """A network with every cause in it."""
    layers = gaussian(6, 9, 8, 3, seed=seed)
    (a, b), (c, d), _ = layers
    a[1], b[1] = a[0], b[0]
    a[3], b[3] = -a[2], -b[2]
    b[4], b[5] = 1e3, -1e3
    c[:, 6] = 0
    c[1], d[1] = c[0], d[0]
    c[2], d[2] = 0, -1
    return layers


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 1000), st.integers(0, 1000))
def test_the_order_and_scale_of_neurons_and_the_unit_of_inputs_do_not_count(seed, other):
    layers, draw = planted(seed), np.random.default_rng(other)
    before = identifiable(layers)
    orders = [draw.permutation(9), draw.permutation(8)]
    scales = [10 ** draw.uniform(-6, 6, 9), 10 ** draw.uniform(-6, 6, 8)]
    unit = 10 ** draw.uniform(-3, 3, 6)
    (a, b), (c, d), (e, f) = layers
    a, b = (a / unit * scales[0][:, None])[orders[0]], (b * scales[0])[orders[0]]
    c, d = (c / scales[0] * scales[1][:, None])[orders[1]][:, orders[0]], (d * scales[1])[orders[1]]
    after = identifiable([(a, b), (c, d), ((e / scales[1])[:, orders[1]], f)], -unit, unit)
    for old, new, order in zip(before.layers, after.layers, orders, strict=True):
        hidden = [cause if cause in HIDING else "" for cause in old.causes]
        assert [cause if cause in HIDING else "" for cause in new.causes] == [hidden[j] for j in order]
        assert (new.twin_pairs, new.opposite_pairs) == (old.twin_pairs, old.opposite_pairs)
    assert after.hidden_parameters == before.hidden_parameters
    assert set(wide(before)) >= {"twin", "opposite_twin", "always_on", "dead", "muted"}


def test_what_is_proved_is_never_contradicted():
    """Layers with large biases, so that many neurons are dead or always on, against many random inputs."""
    layers = gaussian(4, 30, 30, 30, 2, bias=3.0)
    found = identifiable(layers)
    x = np.random.default_rng(1).uniform(-1, 1, (20_000, 4))
    x[: 2**4] = np.array(np.meshgrid(*[[-1, 1]] * 4)).reshape(4, -1).T
    assert {"dead", "always_on"} < set(wide(found))
    for (weight, bias), layer in zip(layers, found.layers, strict=False):
        z = x @ weight.T + bias
        assert (z >= layer.low).all()
        assert (z <= layer.high).all()
        for j, cause in enumerate(layer.causes):
            assert not (cause == "dead" and (z[:, j] > 0).any())
            assert not (cause == "always_on" and (z[:, j] < 0).any())
        x = np.maximum(z, 0)


def test_a_single_layer_has_no_hidden_neurons():
    found = identifiable(gaussian(5, 3))
    assert (found.layers, found.identifiable_share, found.parameters, found.hidden_parameters) == ((), 1.0, 18, 0)


def test_empty_layers():
    found = identifiable([(np.zeros((0, 4)), None), (np.zeros((2, 0)), [1.0, 2.0])])
    assert (found.layers[0].causes, found.layers[0].identifiable_share) == ((), 1.0)
    assert causes([(np.zeros((2, 0)), [1.0, -1.0]), (np.ones((1, 2)), None)], 0, 1) == [("always_on", "dead")]


def test_constant_inputs():
    layers = gaussian(5, 6, 4, 2)
    found = identifiable(layers, 0.5, 0.5)
    assert set(wide(found)) <= {"always_on", "dead"}


def test_constant_weights():
    assert causes([(np.ones((3, 4)), None), (np.ones((1, 3)), None)]) == [("twin",) * 3]
    assert causes([(np.zeros((3, 4)), None), (np.ones((1, 3)), None)]) == [("dead",) * 3]


def test_numbers_that_overflow_prove_nothing():
    layers = [(weight * 1e200, bias) for weight, bias in gaussian(5, 6, 6, 6, 2)]
    found = identifiable(layers)
    assert set(wide(found)) <= {"identifiable", "seen_on", "seen_off"}
    assert not any(np.isnan([layer.low, layer.high, layer.on]).any() for layer in found.layers)


def test_tiny_numbers_are_judged_in_their_own_unit():
    layers = [(weight * 1e-200, bias * 1e-200) for weight, bias in gaussian(5, 6, 2)]
    assert set(wide(identifiable(layers))) == {"identifiable"}


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"low": 1.0, "high": 0.0}, "empty, or not finite"),
        ({"high": np.inf}, "empty, or not finite"),
        ({"low": [0.0, 0.0]}, "ends of the box"),
        ({"points": np.full((3, 5), 2.0)}, "outside the box"),
        ({"points": np.zeros((3, 4))}, "points of 4 numbers"),
        ({"points": np.full((3, 5), np.nan)}, "not all finite"),
    ],
)
def test_what_does_not_fit(parts, says):
    with pytest.raises(ValueError, match=says):
        identifiable(gaussian(5, 6, 2), **parts)


def test_the_seed_decides_the_random_points():
    layers = gaussian(5, 40, 40, 2)
    one, same, other = (identifiable(layers, seed=seed).layers[1].on.tolist() for seed in (0, 0, 1))
    assert one == same != other


def test_neurons_are_followed_layer_by_layer_and_given_up(monkeypatch):
    from netaudit.geometry.identifiability import switching

    monkeypatch.setattr(switching, "FOLLOWED", 0)
    n = 25
    layers = [(np.eye(n), None), (np.ones((1, n)), [0.5 - n]), ([[1.0]], None)]
    monkeypatch.setattr(switching, "LINE_WORK", 0)
    assert causes(layers)[1] == ("seen_off",)
    assert switching.lines([(torch.ones(4096, 4096),) * 2] * 2) == 0
