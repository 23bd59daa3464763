"""Which pairs of layers there are, and which layers are read for them."""

from pathlib import Path

import pytest
import torch
from fake_network import FakeNetwork, context_of, gaussian_layers, head_of
from safetensors.torch import load_file

from netaudit.analyses.network.hidden_units.measure import measure
from netaudit.network.layers import FCLayer
from netaudit.results.payload import NotApplicable

ZOO = Path(__file__).parents[4] / "model_zoo"
NO_PAIRS = NotApplicable("There are no two consecutive layers in the head, so there are no hidden units.")


def words(found):
    return [(pair.lower, pair.upper, pair.verdict) for pair in found.pairs]


def test_each_two_consecutive_layers_of_the_head_make_a_pair():
    net = FakeNetwork(gaussian_layers(64, 400, 300, 10), head_of("012"))
    found = measure(context_of(net))
    assert words(found) == [("0", "1", "untrained_like"), ("1", "2", "untrained_like")]
    assert net.reads == {"0": 1, "1": 1, "2": 1}


def test_layers_below_the_head_are_not_read():
    net = FakeNetwork(gaussian_layers(64, 400, 300, 10), head_of("12"))
    assert words(measure(context_of(net))) == [("1", "2", "untrained_like")]
    assert net.reads == {"1": 1, "2": 1}


def test_pairs_with_a_skipped_layer_are_listed_and_the_others_judged():
    net = FakeNetwork(gaussian_layers(64, 400, 300, 200, 10), head_of("0123"), skipped={"2": "left out by --exclude"})
    found = measure(context_of(net))
    assert words(found) == [("0", "1", "untrained_like"), ("1", "2", "not_applicable"), ("2", "3", "not_applicable")]
    assert [pair.reasons for pair in found.pairs] == [(), ("upper_not_audited",), ("lower_not_audited",)]
    assert [(pair.units, pair.dead, pair.unused) for pair in found.pairs] == [
        (400, 0, 0),
        (300, 0, None),
        (200, None, 0),
    ]
    assert net.reads == {"0": 1, "1": 1, "3": 1}


def test_only_layers_that_fit_make_a_pair():
    layers = [*gaussian_layers(64, 400, 300), FCLayer("2", torch.ones(10, 301))]
    net = FakeNetwork(layers, head_of("012"))
    assert words(measure(context_of(net))) == [("0", "1", "untrained_like")]
    assert "2" not in net.reads


@pytest.mark.parametrize("names", ["0", "02"])
def test_without_two_consecutive_layers_there_are_no_hidden_units(names):
    net = FakeNetwork(gaussian_layers(64, 400, 300, 10), head_of(names))
    assert measure(context_of(net)) == NO_PAIRS
    assert not net.reads


def test_the_bundled_network():
    weights = load_file(ZOO / "mnist-mlp" / "model.safetensors")
    layers = [FCLayer(name, weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in "147"]
    found = measure(context_of(FakeNetwork(layers, head_of("147")))).pairs
    assert [(each.lower, each.upper, each.verdict, each.n) for each in found] == [
        ("1", "4", "trained", 1000),
        ("4", "7", "trained", 1000),
    ]
    assert [each.r for each in found] == pytest.approx([0.961, 0.894], abs=1e-3)
    assert [(each.dead, each.unused, each.duplicates) for each in found] == [(0, 0, 0)] * 2
    assert [len(each.curve.log_in) for each in found] == [200, 200]
