"""Which neurons of a head are hidden, and the verdicts."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
import torch
from fake_network import FakeNetwork, context_of, gaussian_layers, head_of, sample_of

from netaudit.analyses.network.hidden_units.norms import norms
from netaudit.analyses.network.identifiability import measure as analysis
from netaudit.analyses.network.identifiability.payload import Identifiability
from netaudit.geometry import identifiable
from netaudit.network.layers import FCLayer
from netaudit.results.payload import NotApplicable

X = np.random.default_rng(0).uniform(-0.5, 2, (250, 30)).astype(np.float32)
Y = np.arange(250) % 4


def layers_of(*sizes):
    return gaussian_layers(*(sizes or (30, 120, 50, 6)), bias=0.5)


def measured(layers=None, sample=None, head=None, **other):
    layers = layers or layers_of()
    head = head or head_of([layer.name for layer in layers])
    network = FakeNetwork(layers, head, backbone=lambda x: x.flatten(1), **other)
    return analysis.measure(context_of(network, sample))


def with_rows(layer, weight=None, bias=None):
    """The layer after changes of its tensors in place, each a function."""
    a, b = layer.weight.clone(), layer.bias.clone()
    for change, tensor in ((weight, a), (bias, b)):
        if change:
            change(tensor)
    return FCLayer(layer.name, a, b)


def test_a_gaussian_head_is_identifiable():
    found = measured()
    assert (found.verdict, found.identifiable_share, found.hidden_parameters) == ("identifiable", 1.0, 0)
    assert (found.box, found.low, found.high, found.inputs) == ("usual", -1, 1, 0)
    assert [(layer.layer, layer.neurons, layer.identifiable) for layer in found.layers] == [
        ("0", 120, 120),
        ("1", 50, 50),
    ]
    assert found.parameters == 30 * 120 + 120 + 120 * 50 + 50 + 50 * 6 + 6
    assert msgspec.json.decode(msgspec.json.encode(found), type=Identifiability) == found


def test_the_box_and_the_states_are_those_of_real_inputs():
    found = measured(sample=sample_of(X, Y))
    used = X[: analysis.INPUTS]
    assert (found.box, found.inputs) == ("data", 200)
    assert (found.low, found.high) == (float(used.min()), float(used.max()))
    weight = layers_of()[0].weight.double().numpy()
    on = ((used.astype(np.float64) @ weight.T + 0.5) > 0).mean(0)
    assert found.layers[0].rarer == pytest.approx(np.sort(np.minimum(on, 1 - on)), abs=1e-6)


def test_each_neuron_has_its_cause():
    layers = layers_of()

    def bias(b):
        b[0], b[1], b[5] = 80, -80, -b[4]

    def weight(a):
        a[3], a[5] = a[2].clone(), -a[4]

    layers[0] = with_rows(layers[0], weight, bias)
    layers[1] = with_rows(layers[1], lambda a: a[:, 6].zero_())
    found = measured(layers)
    [first, second] = found.layers
    assert first.causes == "adttoom" + "i" * 113
    counts = (first.always_on, first.dead, first.twins, first.opposite_twins, first.muted, first.identifiable)
    assert counts == (1, 1, 2, 2, 1, 113)
    assert (first.twin_pairs, first.opposite_pairs, first.hidden, first.open) == (1, 1, 7, 0)
    assert (first.verdict, second.hidden, found.verdict) == ("partly", 0, "partly")
    direct = identifiable([(layer.weight, layer.bias) for layer in layers])
    assert found.hidden_parameters == direct.hidden_parameters
    assert first.hidden_parameters == 7 * 31
    assert second.hidden_parameters == 7 * 50


def test_exact_duplicates_of_the_hidden_units_are_twins():
    layers = layers_of()
    layers[0] = with_rows(layers[0], lambda a: a.index_copy_(0, torch.tensor([3, 7, 9]), a[:1].repeat(3, 1)))
    [first, _] = measured(layers).layers
    assert norms(layers[0]).duplicates == 3
    assert (first.twins, first.twin_pairs) == (4, 6)


def test_the_verdict_on_a_layer():
    judge = analysis.judge
    assert [judge(hidden, 0, 200) for hidden in (0, 2, 3, 200)] == ["identifiable"] * 2 + ["partly"] * 2
    assert [judge(0, left, 200) for left in (0, 2, 3, 200)] == ["identifiable"] * 2 + ["undecided"] * 2
    assert (judge(2, 1, 200), judge(3, 100, 200), judge(1, 0, 99)) == ("undecided", "partly", "partly")


def test_a_layer_that_data_leave_open_leaves_the_network_open():
    absolute = FCLayer("0", torch.tensor([[1.0], [-1.0]]), torch.zeros(2))
    above = FCLayer("1", torch.tensor([[-1.0, -1.0]]), torch.tensor([1.5]))
    found = measured([absolute, above, FCLayer("2", torch.ones(2, 1))])
    assert [layer.causes for layer in found.layers] == ["oo", "n"]
    assert [layer.verdict for layer in found.layers] == ["partly", "undecided"]
    alone = FCLayer("0", torch.tensor([[1.0], [-0.9]]), torch.tensor([0.1, 0.1]))
    found = measured([alone, above, FCLayer("2", torch.ones(2, 1))])
    assert (found.verdict, [layer.causes for layer in found.layers]) == ("undecided", ["ii", "n"])


def test_a_wide_layer_has_no_causes_one_by_one(monkeypatch):
    monkeypatch.setattr(analysis, "MOST_NEURONS", 100)
    first, second = measured().layers
    assert (first.causes, len(first.rarer), len(second.causes)) == (None, 120, 50)
    monkeypatch.setattr(analysis, "DRAWN", 7)
    assert [len(layer.rarer) for layer in measured().layers] == [7, 7]


def test_float8_is_read_as_the_numbers_that_it_holds():
    layers = layers_of()
    layers[0] = FCLayer("0", layers[0].weight.to(torch.float8_e4m3fn), layers[0].bias)
    assert measured(layers).layers[0].neurons == 120


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        (
            {"layers": layers_of(30, 6)},
            "single layer, so that it has no hidden neurons, and the architecture of the whole network is not known.",
        ),
        ({"head": head_of("012", activation="gelu")}, "The activation after the layer 0 of the head is gelu"),
        (
            {"layers": [*layers_of()[:2], FCLayer("2", torch.full((6, 50), torch.nan))]},
            "weights of 2 are empty, or not",
        ),
        ({"layers": [FCLayer("0", torch.zeros(0, 30)), FCLayer("1", torch.zeros(2, 0))]}, "weights of 0 are empty, or"),
        ({"sample": sample_of(np.ones((5, 30), np.float32))}, "they span no box"),
    ],
)
def test_where_it_does_not_apply(parts, says):
    found = measured(**parts)
    assert isinstance(found, NotApplicable)
    assert says in found.note


def test_the_seed_decides_the_random_points():
    network = FakeNetwork(layers_of(), head_of("012"), backbone=lambda x: x)
    context = context_of(network)
    other = replace(context, settings=replace(context.settings, seed=1))
    assert analysis.measure(context) == analysis.measure(context) != analysis.measure(other)
