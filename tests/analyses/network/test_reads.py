"""How often the layers of the head are read, by everything that needs them, and that a skipped one never is."""

import numpy as np
import pytest
import torch
from fake_network import FakeNetwork, context_of, gaussian_layers, head_of, sample_of

from netaudit.analyses.needs import missing_of_network
from netaudit.analyses.network import (
    hidden_units,
    identifiability,
    injectivity,
    labels_back,
    linear_regions,
    shadow_images,
)
from netaudit.network.layers import FCLayer
from netaudit.results.payload import NotApplicable

ROWS = (labels_back, shadow_images, hidden_units, linear_regions, injectivity, identifiability)
ANALYSES = [each.ANALYSIS for each in ROWS]
X = np.random.default_rng(0).random((12, 1, 8, 8), np.float32)
SAMPLE = sample_of(X, np.arange(12) % 4)


def network(**other):
    return FakeNetwork(gaussian_layers(64, 50, 40, 6), head_of("012"), backbone=lambda x: x.flatten(1), **other)


def test_each_layer_is_read_once_when_the_reader_keeps_it():
    net = network()
    context = context_of(net, SAMPLE, keep="012")
    for analysis in ANALYSES:
        assert isinstance(analysis.measure(context), analysis.payload)
    assert net.reads == {"0": 1, "1": 1, "2": 1}


def test_shadow_images_read_the_top_layer_for_its_weights_alone():
    net = network()
    context = context_of(net, SAMPLE, known_scales=dict.fromkeys("012", 1.0))
    net.reads.clear()
    shadow_images.ANALYSIS.measure(context)
    assert net.reads == {"0": 1, "1": 1, "2": 1}


@pytest.mark.parametrize("name", "012")
def test_a_skipped_layer_is_never_read(name):
    net = network(skipped={name: "needs about 9 GB of working memory"})
    context = context_of(net, SAMPLE)
    why = f"the head's layer {name} is skipped: needs about 9 GB of working memory"
    for analysis in (labels_back.ANALYSIS, shadow_images.ANALYSIS):
        assert missing_of_network(analysis.needs, context) == why
        assert isinstance(analysis.measure(context), NotApplicable)
    assert not net.reads
    assert missing_of_network(hidden_units.ANALYSIS.needs, context) is None
    found = hidden_units.ANALYSIS.measure(context)
    assert len(found.pairs) == 2
    assert name not in net.reads
    assert set(net.reads.values()) == {1}


@pytest.mark.parametrize("name", "02")
def test_constant_weights_have_no_shadow(name):
    layers = gaussian_layers(64, 50, 40, 6)
    layers[int(name)] = FCLayer(name, torch.ones(layers[int(name)].shape))
    net = FakeNetwork(layers, head_of("012"), backbone=lambda x: x.flatten(1))
    for analysis in (labels_back.ANALYSIS, shadow_images.ANALYSIS):
        found = analysis.measure(context_of(net, SAMPLE))
        assert found == NotApplicable(f"The weights of {name} are constant, or not finite.")


def test_a_single_output_is_no_choice_of_labels():
    net = FakeNetwork(gaussian_layers(64, 50, 1), head_of("01"), backbone=lambda x: x.flatten(1))
    for analysis in (labels_back.ANALYSIS, shadow_images.ANALYSIS):
        found = analysis.measure(context_of(net, sample_of(X, np.zeros(12, np.int64))))
        assert found == NotApplicable("The top layer has a single output.")
    net.reads.clear()
    labels_back.ANALYSIS.measure(context_of(net))
    assert not net.reads  # the number of outputs is known without reading


def test_without_a_head():
    context = context_of(FakeNetwork(gaussian_layers(64, 50)), SAMPLE)
    for analysis in ANALYSES:
        said = missing_of_network(analysis.needs, context) or analysis.measure(context).note
        assert "no head of fully connected layers at the top was found" in said.lower()
