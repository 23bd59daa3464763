import json

import pytest
import torch

from netaudit.sources.hubs import sequential
from netaudit.sources.hubs.zoo import bundled
from netaudit.training.recipes import RECIPES, recipe


@pytest.mark.parametrize("chosen", RECIPES, ids=lambda chosen: chosen.name)
def test_a_recipe_builds_what_it_says(chosen):
    net = sequential.build(chosen.architecture).eval()
    assert net(torch.zeros(2, *chosen.input)).shape == (2, 2 if chosen.data == "imdb" else 10)
    assert recipe(chosen.name) is chosen
    assert json.loads(json.dumps(chosen.architecture)) == list(chosen.architecture)


def test_alexnet_has_five_convolutions_and_dropout_before_fc6_and_fc7():
    layers = [entry.get("name", entry["type"]) for entry in recipe("alexnet-cifar10").architecture]
    top = ["Dropout", "fc6", "ReLU", "Dropout", "fc7", "ReLU", "fc8"]
    assert layers[-7:] == top
    assert [name for name in layers if name.startswith("conv")] == [f"conv{i}" for i in range(1, 6)]
    assert [layers[place - 2] for place, name in enumerate(layers) if name == "MaxPool2d"] == [
        "conv1",
        "conv2",
        "conv5",
    ]


def test_the_rate_falls_from_the_recipe_s_to_almost_nothing():
    rates = [RECIPES[1].rate_at(epoch, 10) for epoch in range(10)]
    assert rates[0] == RECIPES[1].rate
    assert rates == sorted(rates, reverse=True)
    assert rates[5] == pytest.approx(rates[0] / 2)
    assert 0 < rates[-1] < 0.03 * rates[0]


def test_every_bundled_network_is_the_one_that_its_recipe_describes():
    recipes = {chosen.name: chosen for chosen in RECIPES}
    for name, card in bundled().items():
        chosen = recipes[name]
        assert card["architecture"] == list(chosen.architecture)
        assert card["input"] == list(chosen.input)
        assert card["title"] == chosen.title
        assert card["recipe"] == chosen.describe(chosen.epochs)
