"""The verdict on a layer's flips: what a random layer gets, and what is noticed."""

import numpy as np
import pytest
import torch

from netaudit.analyses.network.linear_regions import behaviour as judged
from netaudit.geometry.random_layer import flip_probability
from netaudit.network.layers import FCLayer

CPU = torch.device("cpu")
X = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 3, 20, 40))).relu()
ENDS = [(X[0, kind], X[1, kind]) for kind in range(3)]


def gaussian(m, n, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((m, n)))


def verdict_of(weight, bias=None):
    found = judged.behaviour(FCLayer("a", weight, bias), ENDS, CPU, 0)
    assert found is not None
    return found


def test_a_random_layer_holds_with_a_mean_and_biases():
    found = verdict_of(3 * gaussian(2000, 40) - 0.4, torch.linspace(-5, 5, 2000))
    assert (found.verdict, found.segments, found.draws) == ("holds", 60, 199)
    assert 0.4 < found.dispersion < found.largest_drawn < 3


@pytest.mark.parametrize(
    "weight",
    [gaussian(600, 40) + 0.7 * gaussian(1, 40, 1), gaussian(60, 40).repeat(10, 1)],
    ids=["coherent rows", "copies of neurons"],
)
def test_neurons_that_flip_together_fail(weight):
    found = verdict_of(weight)
    assert (found.verdict, found.dispersion > 2 * found.largest_drawn) == ("fails", True)


def test_a_narrow_layer_is_undecided():
    assert verdict_of(gaussian(30, 40)).verdict == "undecided"


@pytest.mark.parametrize(
    ("beyond", "excess", "resolved", "answer"),
    [
        (True, 0.06, 0.01, "fails"),
        (True, 0.04, 0.01, "holds"),  # told from a random layer, but by next to nothing
        (True, 0.04, 0.06, "undecided"),
        (False, 0.06, 0.07, "undecided"),
        (False, 0.0, 0.06, "undecided"),
        (False, 0.0, 0.01, "holds"),
    ],
)
def test_the_rule(beyond, excess, resolved, answer):
    assert judged.verdict(beyond, excess, resolved) == answer


def test_the_random_layers_flip_as_the_law_says():
    one, other = X[0, 0].double(), X[1, 0].double()
    ends, bias = torch.cat([one, other]), torch.linspace(-4, 4, 50, dtype=torch.float64)
    centre = 0.3 * ends.sum(1, keepdim=True) + bias
    drawn = judged._random_layers(2 * judged._root(ends), centre, np.random.default_rng(0))
    p = flip_probability(one.numpy(), other.numpy(), bias.numpy(), 2.0, 0.3)
    deviation = np.sqrt((p * (1 - p)).sum(1) / judged.DRAWS)
    assert len(drawn) == judged.DRAWS
    assert np.abs((np.mean(drawn, 0) - p.sum(1)) / deviation).max() < 4


def test_inputs_that_flip_nothing_are_not_judged():
    nothing = [(torch.zeros(5, 40).double(), torch.zeros(5, 40).double())]
    assert judged.behaviour(FCLayer("a", gaussian(9, 40), None), nothing, CPU, 0) is None
