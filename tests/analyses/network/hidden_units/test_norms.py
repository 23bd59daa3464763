import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netaudit.analyses.network.hidden_units import norms as room
from netaudit.analyses.network.hidden_units.norms import norms
from netaudit.analyses.network.hidden_units.payload import ZERO
from netaudit.network.layers import FCLayer


def layer(weight, bias=None):
    return FCLayer("fc", torch.as_tensor(weight), None if bias is None else torch.as_tensor(bias))


def gaussian(m, n, *key):
    return np.random.default_rng([m, n, *key]).standard_normal((m, n))


def twin(weight, bias):
    """The same by the definitions, one unit at a time."""
    m, n = weight.shape
    rows = [sum(float(w) ** 2 for w in weight[i]) for i in range(m)]
    columns = [sum(float(w) ** 2 for w in weight[:, j]) for j in range(n)]
    dead = [norm**0.5 <= ZERO * (sum(rows) / m) ** 0.5 for norm in rows]
    unused = [norm**0.5 <= ZERO * (sum(columns) / n) ** 0.5 for norm in columns]
    duplicates = 0
    for i in range(m):
        earlier = [j for j in range(i) if (weight[j] == weight[i]).all() and bias[j] == bias[i] and not dead[j]]
        duplicates += bool(earlier) and not dead[i]
    with np.errstate(divide="ignore"):
        return np.log(np.array(rows) + np.array(bias) ** 2), np.log(columns), dead, unused, duplicates


matrices = st.integers(1, 9).flatmap(
    lambda m: st.integers(1, 7).flatmap(
        lambda n: st.lists(
            st.lists(st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 1e-8]), min_size=n, max_size=n), min_size=m, max_size=m
        )
    )
)


@settings(deadline=None)
@given(matrices, st.sampled_from([torch.float64, torch.float32]), st.sampled_from([1, 5, 1000]), st.data())
def test_chunks_give_what_the_definitions_say(rows, dtype, chunk, data):
    weight = torch.tensor(rows, dtype=dtype)
    bias = torch.tensor(data.draw(st.lists(st.sampled_from([0.0, 0.5]), min_size=len(rows), max_size=len(rows))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "_CHUNK", chunk)
        found = norms(FCLayer("fc", weight, bias))
    incoming, outgoing, dead, unused, duplicates = twin(weight.numpy(), bias.numpy())
    np.testing.assert_allclose(found.incoming, incoming, atol=1e-12)
    np.testing.assert_allclose(found.outgoing, outgoing, atol=1e-12)
    assert found.dead.tolist() == dead
    assert found.unused.tolist() == unused
    assert found.duplicates == duplicates


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn])
def test_planted_units_are_counted_exactly(dtype):
    weight, bias = torch.from_numpy(gaussian(300, 200)), torch.linspace(-1, 1, 300)
    weight[[3, 99, 250]] = 0  # dead: equal to each other, and yet no duplicates
    bias[[3, 99, 250]] = 0.5
    weight[:, [0, 7, 8, 199]] = 0
    weight[[20, 40, 60]], bias[[20, 40, 60]] = weight[10].clone(), bias[10].clone()  # three of one unit
    weight[299], bias[299] = weight[0].clone(), bias[0].clone()  # one of another
    weight[150] = weight[151]  # not the same bias
    found = norms(layer(weight.to(dtype), bias))
    assert np.flatnonzero(found.dead).tolist() == [3, 99, 250]
    assert np.flatnonzero(found.unused).tolist() == [0, 7, 8, 199]
    assert found.duplicates == 4


def test_rows_of_one_norm_are_no_duplicates_unless_they_are_equal():
    weight = torch.from_numpy(gaussian(1, 50)).float()
    turned = torch.stack([weight[0].roll(i) for i in range(50)])  # the same numbers in another order
    assert norms(layer(turned)).duplicates == 0
    nearly = weight.repeat(3, 1)
    nearly[1, 4] = torch.nextafter(nearly[1, 4], torch.tensor(9.0))
    assert norms(layer(nearly)).duplicates == 1
    assert norms(layer(torch.full((40, 60), 0.02))).duplicates == 39


def test_the_sign_of_a_zero_makes_no_difference_to_a_unit():
    weight = torch.from_numpy(gaussian(4, 6))
    weight[:2] = torch.tensor([1.0, 0.0, 2.0, -0.0, 3.0, 0.0])
    weight[1, 1] = -0.0
    assert norms(layer(weight, [-0.0, 0.0, 1.0, 1.0])).duplicates == 1


def test_zero_is_relative_to_the_other_units():
    weight = gaussian(100, 80)
    weight /= np.linalg.norm(weight, axis=1, keepdims=True)
    weight[5] *= 1.02 * ZERO
    weight[6] *= 0.98 * ZERO
    for scale in (1e-200, 1e-30, 1.0, 1e250):
        found = norms(layer(scale * weight, np.ones(100)))
        assert np.flatnonzero(found.dead).tolist() == [6]


def test_dead_units_are_found_when_most_are_dead():
    weight = gaussian(100, 80)
    weight[:90] *= 1e-9  # decayed, not zero: the median unit is dead
    assert norms(layer(weight)).dead.sum() == 90
    assert norms(layer(weight.T.copy())).unused.sum() == 90


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e305])
def test_no_scale_overflows(scale):
    weight, bias = gaussian(20, 30), gaussian(20, 1)[:, 0]
    found, unscaled = norms(layer(scale * weight, scale * bias)), norms(layer(weight, bias))
    np.testing.assert_allclose(found.incoming, unscaled.incoming + 2 * np.log(scale))
    np.testing.assert_allclose(found.outgoing, unscaled.outgoing + 2 * np.log(scale))


def test_the_weights_are_left_as_they_are():
    weight = torch.from_numpy(gaussian(20, 30))
    before = weight.clone()
    norms(layer(weight))
    assert torch.equal(weight, before)


@pytest.mark.parametrize(
    ("weight", "bias", "says"),
    [
        ([[1.0, float("nan")]], None, "not_finite"),
        ([[1.0, float("inf")]], None, "not_finite"),
        ([[1.0, 2.0]], [float("nan")], "not_finite"),
        (torch.empty(0, 4), None, "empty"),
        (torch.empty(4, 0), None, "empty"),
    ],
)
def test_what_cannot_be_measured_says_why(weight, bias, says):
    assert norms(layer(weight, bias)) == says


def test_zeros_and_absent_biases():
    found = norms(layer(np.zeros((3, 4))))
    assert found.dead.all()
    assert found.unused.all()
    assert found.duplicates == 0
    assert np.isneginf(found.incoming).all()
    no_bias, zero_bias = norms(layer(gaussian(5, 4))), norms(layer(gaussian(5, 4), np.zeros(5)))
    assert np.array_equal(no_bias.incoming, zero_bias.incoming)


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2]
)
@pytest.mark.parametrize("n", [16, 784, 4096])
def test_rounding_alone_is_told_from_the_spread_of_an_initialisation(dtype, n):
    random = torch.rand(300, n, generator=torch.Generator().manual_seed(n)) - 0.5  # uniform spreads least
    drawn, equal = norms(layer(random.to(dtype))), norms(layer(torch.nn.functional.normalize(random).to(dtype)))
    assert drawn.incoming.std() > 1.5 * drawn.blur[0]
    assert equal.incoming.std() < equal.blur[0] / 1.5
