import base64

import msgspec
import numpy as np
import pytest
import torch
from fake_network import FakeNetwork, context_of, gaussian_layers, head_of, sample_of

from netaudit.analyses.network.injectivity import measure
from netaudit.analyses.network.injectivity.near_image import near_image
from netaudit.analyses.network.injectivity.payload import Injectivity, Pair
from netaudit.geometry.injectivity.rows import checked
from netaudit.geometry.injectivity.witness import beside
from netaudit.network.layers import FCLayer
from netaudit.results.payload import NotApplicable

X = np.random.default_rng(0).random((12, 1, 8, 8), np.float32)
SAMPLE = sample_of(X, np.arange(12) % 4)


def of(*layers, sample=SAMPLE, **other):
    network = FakeNetwork(layers, head_of([layer.name for layer in layers]), backbone=lambda x: x.flatten(1), **other)
    return measure.measure(context_of(network, sample))


def test_a_gaussian_head():
    layers = gaussian_layers(64, 50, 40, 6, bias=0.1)
    found = of(*layers)
    assert [layer.name for layer in found.layers] == ["0", "1", "2"]
    bottom, middle, top = found.layers
    assert (bottom.forward.domain, bottom.forward.answer, bottom.forward.step) == ("all", "no", "counting")
    assert (middle.forward.domain, middle.forward.answer) == ("orthant", "no")
    assert top.forward is None
    assert (top.active_units, top.within_budget, top.enough_active, top.condition) == (None,) * 4
    assert [(layer.shadow.rows, layer.shadow.columns) for layer in found.layers] == [(64, 50), (50, 40), (40, 6)]
    assert [layer.shadow.answer for layer in found.layers] == ["no", "no", "yes"]
    assert [layer.k_budget for layer in found.layers] == [4, 3, 2]
    h = torch.from_numpy(X).flatten(1)
    for layer, entry in zip(layers[:2], found.layers, strict=False):
        z = h @ layer.weight.T + 0.1
        active = (z > 0).sum(1)
        assert entry.active_units == active.double().median()
        assert entry.within_budget == (active <= entry.k_budget).double().mean()
        assert entry.enough_active == (0 if layer.name == "0" else ((active >= (h > 0).sum(1)).double().mean()))
        h = z.clamp(min=0)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Injectivity) == found


@pytest.mark.parametrize("index", [0, 1])
def test_a_stored_pair_collides(index):
    layers = gaussian_layers(64, 50, 40, 6, bias=0.1)
    pair = of(*layers).layers[index].forward.pair
    first, second = (np.frombuffer(base64.b64decode(text), "<f8") for text in (pair.first, pair.second))
    assert np.linalg.norm(first - second) == pair.distance > 0
    outputs = [np.maximum(layers[index].weight.double().numpy() @ x + np.float32(0.1), 0) for x in (first, second)]
    np.testing.assert_allclose(*outputs, atol=1e-9)


def test_without_real_inputs():
    found = of(*gaussian_layers(64, 50, 6), sample=None)
    assert found.layers[0].active_units is found.layers[0].enough_active is found.layers[0].condition is None
    assert found.layers[0].forward.answer == "no"


def test_condition_number_near_real_outputs():
    """Rows of A with the norms 1 and 5 in directions of their own: an error of the weak unit grows five-fold."""
    weight = torch.zeros(3, 8)
    weight[0, :2], weight[1, 4:6], weight[2, 7] = 0.5**0.5, 5 * 0.5**0.5, 100.0
    h = torch.tensor([[2.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert measure.condition(weight, h) == pytest.approx(5)
    assert measure.condition(weight, h[2:]) is None
    assert measure.condition(torch.ones(3, 8), h) is None


def test_layers_that_cannot_be_asked_are_named():
    layers = gaussian_layers(64, 50, 40, 6)
    layers[1] = FCLayer("1", torch.full((40, 50), torch.nan))
    found = of(*layers, sample=None)
    assert (found.left_out, [layer.name for layer in found.layers]) == (("1",), ["0", "2"])
    refused = of(*layers, sample=None, skipped={"0": "too large", "2": "too large"})
    assert refused == NotApplicable("Every layer of the head is skipped, not finite or too large.")


def test_without_a_head_the_reason_says_what_to_do():
    network = FakeNetwork(gaussian_layers(64, 50))
    assert measure.measure(context_of(network)).note == (
        "No head of fully connected layers at the top was found; a fully connected layer can be asked alone, by "
        "netaudit.geometry.injective(weight, bias)."
    )


def test_float8_is_read_as_the_numbers_that_it_holds():
    layers = gaussian_layers(64, 50, 40, 6)
    layers[0] = FCLayer("0", layers[0].weight.to(torch.float8_e4m3fn), activation="relu")
    assert [layer.name for layer in of(*layers, sample=None).layers] == ["0", "1", "2"]


def test_long_inputs_are_not_stored(monkeypatch):
    monkeypatch.setattr(measure, "LONGEST", 60)
    bottom, middle = of(*gaussian_layers(64, 50, 40, 6)).layers[:2]
    assert (bottom.forward.answer, bottom.forward.pair) == ("no", None)
    assert middle.forward.pair is not None


@pytest.mark.parametrize(("first", "second"), [("AAAAAAAAAAA=", ""), ("AAAA", "AAAA"), ("*", "*")])
def test_a_pair_that_is_none(first, second):
    with pytest.raises(ValueError, match=r"not of one length|base64"):
        Pair(first, second, 1.0, 0.0)


def test_random_layers_of_the_same_shape_stand_beside():
    bottom, middle, top = of(*gaussian_layers(64, 50, 40, 6, bias=0.1)).layers
    for layer in (bottom, middle):
        assert [twin.kind for twin in layer.twins] == ["gaussian", "permuted"]
        assert {twin.forward for twin in layer.twins} == {"no"}
    assert {twin.forward for twin in top.twins} == {None}
    assert {twin.shadow for twin in top.twins} == {"yes"}
    assert (bottom.chance, middle.chance, top.chance) == (0.0, None, None)


def test_very_large_layers_have_no_twins(monkeypatch):
    monkeypatch.setattr(measure, "MOST_TWINS", 60)
    assert {layer.twins for layer in of(*gaussian_layers(64, 50, 6)).layers} == {()}


def test_a_real_image_and_one_that_the_layer_cannot_tell_from_it():
    layers = gaussian_layers(64, 50, 40, 6)
    near = of(*layers).layers[0].near
    assert near.shape == (1, 8, 8)
    image = torch.from_numpy(X[0].ravel())
    rows, _ = checked(layers[0].weight, layers[0].bias, "all")
    pair = beside(rows, image.double().numpy())
    assert (near.distance, near.active) == (pytest.approx(np.linalg.norm(pair.second - pair.first)), pair.active)
    outputs = [np.maximum(layers[0].weight.double().numpy() @ x, 0) for x in (pair.first, pair.second)]
    np.testing.assert_allclose(*outputs, atol=1e-9)
    assert pair.first.tolist() == image.double().tolist()
    assert near.length == pytest.approx(float(image.double().norm()))
    real, other, difference = (
        np.frombuffer(base64.b64decode(text), np.uint8).astype(float)
        for text in (near.real, near.other, near.difference)
    )
    assert np.corrcoef(other - real, difference)[0, 1] > 0.9


def test_no_image_pair_without_a_collision_or_pixels():
    wide = gaussian_layers(64, 300, 6, bias=0.5)  # some 150 rows are active at any image
    assert of(*wide).layers[0].near is None
    assert near_image(wide[0], np.zeros((64, 1, 1), np.float32), torch.zeros(64)) is None
