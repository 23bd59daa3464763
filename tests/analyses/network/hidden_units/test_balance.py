import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from netaudit.analyses.network.hidden_units.balance import correlate, judge, verdict_on
from netaudit.analyses.network.hidden_units.norms import norms
from netaudit.analyses.network.hidden_units.payload import FEWEST, THRESHOLD
from netaudit.network.layers import FCLayer, HeadLayer

RELU = HeadLayer("fc1", "relu")


def network(hidden=200, inputs=100, outputs=30, seed=0):
    """Weights and bias of independent Gaussian entries, as at initialisation: A1, b1, A2."""
    rng = np.random.default_rng(seed)
    return (
        rng.standard_normal((hidden, inputs)),
        0.1 * rng.standard_normal(hidden),
        rng.standard_normal((outputs, hidden)),
    )


def balanced(noise=0.1, **shape):
    """The same with norms that training has balanced: each unit's outgoing norm is its incoming one, but for noise."""
    A1, b1, A2 = network(**shape)
    rng = np.random.default_rng(1)
    size = np.exp(0.5 * rng.standard_normal(len(b1)))
    A1, b1 = A1 * size[:, None], b1 * size
    return A1, b1, A2 * size * np.exp(noise * rng.standard_normal(len(b1)))


def pair(A1, b1, A2, lower=RELU):
    below = FCLayer("fc1", torch.as_tensor(A1), None if b1 is None else torch.as_tensor(b1))
    return judge(lower, "fc2", len(A1), norms(below), norms(FCLayer("fc2", torch.as_tensor(A2))))


def test_independent_weights_are_as_at_initialisation():
    found = pair(*network())
    assert found.verdict == "untrained_like"
    assert abs(found.r) < 3 / 200**0.5
    assert (found.dead, found.unused, found.duplicates, found.n) == (0, 0, 0, 200)


def test_balanced_weights_are_trained():
    found = pair(*balanced())
    assert found.verdict == "trained"
    assert found.r > 0.9
    assert found.spearman > 0.9


def test_units_rescaled_are_opposed():
    A1, b1, A2 = network()
    c = np.exp(np.random.default_rng(2).standard_normal(200))
    assert pair(c[:, None] * A1, c * b1, A2 / c).verdict == "opposed"


def test_r_and_its_interval_are_what_the_report_prints():
    A1, b1, A2 = balanced(noise=0.5)
    found = pair(A1, b1, A2)
    x, y = np.log((A1**2).sum(1) + b1**2), np.log((A2**2).sum(0))
    assert found.r == pytest.approx(np.corrcoef(x, y)[0, 1])
    ends = np.tanh(np.arctanh(found.r) + 1.959964 / np.sqrt(200 - 3) * np.array([-1, 1]))
    assert found.interval == pytest.approx(ends.tolist(), abs=1e-6)
    ranks = np.argsort(np.argsort(x)), np.argsort(np.argsort(y))
    assert found.spearman == pytest.approx(np.corrcoef(*ranks)[0, 1])


@pytest.mark.parametrize(
    ("units", "inputs", "outputs"), [(FEWEST, 5, 1), (FEWEST, 64, 10), (100, 1, 1), (500, 784, 10)]
)
def test_independent_weights_are_hardly_ever_called_trained(units, inputs, outputs):
    """Squared norms of Gaussian weights are chi-square; the origin of the threshold says 1 %."""
    rng = np.random.default_rng(units)
    draws = [np.log([rng.chisquare(inputs, units), rng.chisquare(outputs, units)]) for _ in range(600)]
    intervals = [correlate(*draw)[1] for draw in draws]
    assert sum(verdict_on(interval) == "trained" for interval in intervals) <= 12  # of 6 expected at most
    assert np.mean([low <= 0 <= high for low, high in intervals]) == pytest.approx(0.95, abs=0.03)


def trained_by_gradient_descent(steps, scale=0.3, rate=0.5):
    """A 20-60-60-5 ReLU network on 200 points in 15 clusters, plain full-batch gradient descent."""
    generator = torch.Generator().manual_seed(0)
    net = nn.Sequential(nn.Linear(20, 60), nn.ReLU(), nn.Linear(60, 60), nn.ReLU(), nn.Linear(60, 5))
    with torch.no_grad():
        for parameter in net.parameters():
            std = scale / parameter.shape[-1] ** 0.5 if parameter.ndim == 2 else 0.0
            parameter.copy_(std * torch.randn(parameter.shape, generator=generator))
    centres = 2 * torch.randn(15, 20, generator=generator)
    cluster = torch.randint(15, (200,), generator=generator)
    x, y = centres[cluster] + torch.randn(200, 20, generator=generator), cluster % 5
    for _ in range(steps):
        gradients = torch.autograd.grad(nn.functional.cross_entropy(net(x), y), list(net.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(net.parameters(), gradients, strict=True):
                parameter -= rate * gradient
    return [[tensor.detach().double().numpy() for tensor in (net[i].weight, net[i].bias)] for i in (0, 2, 4)]


def test_gradient_descent_balances_the_norms():
    before, after = trained_by_gradient_descent(0), trained_by_gradient_descent(150)
    for lower, upper in ((0, 1), (1, 2)):
        first, last = (pair(*net[lower], net[upper][0]) for net in (before, after))
        assert first.verdict != "trained"
        assert last.verdict == "trained"
        assert last.r > 0.85
        # what the theorem says: the difference stays while the norms themselves grow
        difference, norm = (
            [quantity(*net[lower], net[upper][0]) for net in (before, after)]
            for quantity in (lambda A, b, B: (A**2).sum(1) + b**2 - (B**2).sum(0), lambda A, b, B: (A**2).sum(1) + b**2)
        )
        moved, grown = (np.abs(late - early).mean() for early, late in (difference, norm))
        assert moved < 0.1 * grown


@settings(max_examples=30, deadline=None)
@given(st.floats(-40, 40), st.integers(0, 2**32))
def test_scale_and_order_of_the_units_make_no_difference(exponent, seed):
    A1, b1, A2 = balanced(noise=0.5, hidden=60, inputs=20)
    A1[4] = A2[:, 9] = 0
    A1[7], b1[7] = A1[8], b1[8]
    c, order = 2.0 ** round(exponent), np.random.default_rng(seed).permutation(60)
    first, other = pair(A1, b1, A2), pair(c * A1[order], c * b1[order], (A2 / c)[:, order])
    assert (other.dead, other.unused, other.duplicates, other.n) == (1, 1, 1, 58)
    assert (other.r, other.spearman, *other.interval) == pytest.approx((first.r, first.spearman, *first.interval))
    shift = 2 * np.log(c)
    np.testing.assert_allclose(np.array(other.curve.log_in) - shift, first.curve.log_in, atol=1e-3)
    np.testing.assert_allclose(np.array(other.curve.log_out) + shift, first.curve.log_out, atol=1e-3)


def test_dead_and_unused_units_are_left_out():
    A1, b1, A2 = balanced()
    kept = np.setdiff1d(np.arange(200), [0, 5, 6])
    whole = pair(A1[kept], b1[kept], A2[:, kept])
    A1[[0, 5]] = A2[:, [5, 6]] = 0
    found = pair(A1, b1, A2)
    assert (found.dead, found.unused, found.n) == (2, 2, 197)
    assert found.r == whole.r


def few_units():
    A1, b1, A2 = network(hidden=FEWEST + 1)
    A1[3] = A2[:, 7] = 0
    return A1, b1, A2


def equal_norms(side):
    A1, _, A2 = network()
    if side == "in":
        return A1 / np.linalg.norm(A1, axis=1, keepdims=True), None, A2
    return A1, None, A2 / np.linalg.norm(A2, axis=0)


def not_finite(side):
    A1, b1, A2 = network()
    [A1, A2][side][0, 0] = np.nan
    return A1, b1, A2


@pytest.mark.parametrize(
    ("weights", "reasons"),
    [
        (few_units(), ("few_units",)),
        (equal_norms("in"), ("equal_incoming_norms",)),
        (equal_norms("out"), ("equal_outgoing_norms",)),
        (not_finite(0), ("lower_not_finite",)),
        (not_finite(1), ("upper_not_finite",)),
        ((np.zeros((20, 5)), None, np.zeros((3, 20))), ("few_units",)),
        ((np.zeros((0, 5)), None, np.full((3, 0), 1.0)), ("lower_empty", "upper_empty")),
    ],
)
def test_what_cannot_be_judged_says_why(weights, reasons):
    found = pair(*weights)
    assert found.reasons == reasons
    assert (found.verdict, found.r, found.interval, found.n, found.curve) == ("not_applicable", None, None, 0, None)


def test_without_a_bias():
    A1, _, A2 = balanced()
    assert pair(A1, None, A2).r == pair(A1, np.zeros(200), A2).r


def test_an_exact_balance_has_an_interval():
    A1 = np.diag(np.arange(1.0, 41.0))
    found = pair(A1, None, A1)
    assert found.verdict == "trained"
    assert found.r == pytest.approx(1)
    assert found.interval == pytest.approx((1, 1))


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((0.31, 0.5), "trained"),
        ((0.3, 0.5), "undecided"),
        ((-0.3, 0.3), "untrained_like"),
        ((-0.31, 0.1), "undecided"),
        ((-0.1, 0.31), "undecided"),
        ((-0.5, -0.31), "opposed"),
    ],
)
def test_the_rule(interval, verdict):
    assert THRESHOLD == 0.3
    assert verdict_on(interval) == verdict


def test_the_curve_is_thinned_and_keeps_both_ends():
    A1, b1, A2 = balanced(hidden=1000, inputs=10, outputs=5)
    curve = pair(A1, b1, A2).curve
    x = np.log((A1**2).sum(1) + b1**2)
    assert len(curve.log_in) == len(curve.log_out) == 200
    assert [curve.log_in[0], curve.log_in[-1]] == pytest.approx([x.min(), x.max()], rel=1e-5)
    assert list(curve.log_in) == sorted(curve.log_in)
