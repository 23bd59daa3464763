"""What is walked, and what it is set beside."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from fake_network import FakeNetwork, context_of, gaussian_layers, head_of, sample_of

from netaudit.analyses.network.linear_regions import measure as regions
from netaudit.analyses.network.linear_regions.pairs import apart, pairs
from netaudit.geometry import exact_line
from netaudit.network.layers import FCLayer
from netaudit.results.payload import NotApplicable

X = np.random.default_rng(0).standard_normal((60, 40)).astype(np.float32)
Y = np.arange(60) % 4


def network(head=None, layers=None):
    layers = layers or gaussian_layers(40, 300, 200, 6, bias=0.5)
    return FakeNetwork(layers, head or head_of("012"), backbone=lambda x: x)


def measured(sample=None, **parts):
    return regions.measure(context_of(network(**parts), sample or sample_of(X, Y)))


def test_a_random_head_follows_the_law_in_each_layer():
    found = measured()
    assert (found.layers, found.inputs) == (("0", "1"), 60)
    assert {(row.layer, row.ends) for row in found.flips} == {
        (layer, kind) for layer in "01" for kind in ("same_class", "other_class", "shadow", "random")
    }
    assert [(row.layer, row.verdict) for row in found.behaviour] == [("0", "undecided"), ("1", "undecided")]
    assert found.plane.regions > 100
    for row in found.flips:
        assert 40 <= row.segments <= 50
        if row.ends == "shadow":  # which follows from the weights: the law is no null for it
            continue
        assert row.flipped == pytest.approx(row.expected, abs=0.03)
        assert row.shuffled == pytest.approx(row.expected, abs=0.03)
        assert 0.4 < row.dispersion < 2.5
        assert row.crossed >= row.flipped * 0.7


def test_neurons_that_look_alike_are_over_dispersed():
    layers = gaussian_layers(40, 300, 200, 6)
    common = 2 * torch.randn(40, generator=torch.Generator().manual_seed(1))
    layers[0] = FCLayer("0", layers[0].weight + common)
    rows = {(row.layer, row.ends): row for row in measured(layers=layers).flips}
    assert rows["0", "other_class"].dispersion > 10 > 3 > rows["0", "other_class"].shuffled_dispersion


def test_segments_are_those_of_the_exact_line():
    found = measured()
    ends = pairs(X.astype(np.float64), Y, 0)
    layers = [(layer.weight, layer.bias) for layer in gaussian_layers(40, 300, 200, 6, bias=0.5)]
    one, other = (end[0] for end in ends["same_class"])
    line = exact_line(layers, one, other)
    segment = next(segment for segment in found.segments if segment.ends == "same_class")
    assert segment.pieces == line.pieces
    assert segment.length == pytest.approx(np.linalg.norm(one - other))
    assert segment.first_boundary == pytest.approx(line.knots[1] * segment.length)
    assert list(segment.fewest) == sorted(segment.fewest)
    assert 1 <= segment.fewest[0] < segment.fewest[3] <= segment.pieces
    drawn = next(drawn for drawn in found.drawn if drawn.ends == "same_class")
    assert [sum(bins) for bins in drawn.knots] == [int((line.event_layer == layer).sum()) for layer in (0, 1)]
    assert drawn.values[0] == pytest.approx(line.values[0].max(), rel=1e-5)
    assert found.apart == apart(ends)


def test_the_nearest_boundary_of_the_first_layer():
    [layer] = gaussian_layers(40, 300, bias=0.5)
    weight = layer.weight.double().numpy()
    distances = np.abs(X.astype(np.float64) @ weight.T + 0.5) / np.linalg.norm(weight, axis=1)
    assert measured().nearest == pytest.approx(tuple(np.quantile(distances.min(1), (0.05, 0.5, 0.95))))


def test_pairs_are_of_one_class_or_of_two():
    x = X.astype(np.float64)
    found = pairs(x, Y, 0)
    classes = {row.tobytes(): label for row, label in zip(x, Y, strict=True)}
    for kind, same in (("same_class", True), ("other_class", False)):
        ends = [[classes[row.tobytes()] for row in end] for end in found[kind]]
        assert len(ends[0]) > 30
        assert {a == b for a, b in zip(*ends, strict=True)} == {same}
    assert np.linalg.norm(found["random"][0] - found["random"][1], axis=1) == pytest.approx(apart(found))
    assert [end.tolist() for end in pairs(x, Y, 0)["random"]] == [end.tolist() for end in found["random"]]
    assert set(pairs(x, None, 0)) == {"inputs", "random"}
    assert pairs(x[:1], None, 0) == pairs(np.ones((5, 3)), None, 0) == {}


def test_a_large_head_is_not_walked(monkeypatch):
    monkeypatch.setattr(regions, "MOST_WORK", 1)
    found = measured()
    assert (found.segments, found.drawn) == ((), ())
    assert {row.crossed for row in found.flips} == {None}


def test_a_little_work_walks_one_segment_of_each_kind(monkeypatch):
    monkeypatch.setattr(regions, "WORK", 1)
    assert [segment.ends for segment in measured().segments] == ["other_class", "same_class", "shadow", "random"]


def test_each_knot_goes_through_all_layers_above_its_own():
    flips = [[SimpleNamespace(flipped=share)] for share in (0.5, 0.25)]
    assert regions._work([(10, 4), (8, 10), (3, 8)], flips) == [5 * 10 * 8 + (5 + 2) * 8 * 3]


def test_dead_layers_are_measured():
    layers = gaussian_layers(40, 30, 20, 6)
    layers[0] = FCLayer("0", layers[0].weight, torch.full((30,), -1e6))
    found = measured(layers=layers)
    assert {row.flipped for row in found.flips} == {0.0}
    assert {segment.pieces for segment in found.segments} == {1}
    assert {segment.first_boundary for segment in found.segments} == {None}


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"head": head_of("2")}, "single layer"),
        ({"head": head_of("012", activation="gelu")}, "after the layer 0 of the head is gelu"),
        ({"layers": [FCLayer("0", torch.ones(5, 40)), *gaussian_layers(40, 5, 5, 6)[1:]]}, "weights of 0 are constant"),
        ({"sample": sample_of(np.ones((5, 40), np.float32))}, "the same"),
    ],
)
def test_where_it_does_not_apply(parts, says):
    if "head" in parts and len(parts["head"].layers) == 1:
        parts = {**parts, "sample": sample_of(np.ones((5, 200), np.float32))}
    found = measured(**parts)
    assert isinstance(found, NotApplicable)
    assert says in found.note


def test_the_seed_decides_the_segments():
    context = context_of(network(), sample_of(X, Y))
    other = replace(context, settings=replace(context.settings, seed=1))
    assert regions.measure(context) == regions.measure(context)
    assert regions.measure(context) != regions.measure(other)
