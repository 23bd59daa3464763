"""The committed study: made again from its JSON it is the same page, and its numbers are those of today's analyses."""

import json
from pathlib import Path

import pytest
from charts_of import charts_of
from readers import without_drawings

import netaudit
from netaudit.report.renderers.html import to_html
from netaudit.sources.hubs.zoo import bundled
from netaudit.studies.training_curves import measure, page
from netaudit.training.recipes import RECIPES

FOLDER = Path(__file__).parents[3] / "reports" / "training"
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the study of training is not committed yet")


@pytest.fixture(scope="module")
def text():
    return (FOLDER / "training.json").read_text(encoding="ascii")


def test_made_again_it_is_the_same(text):
    made = page.document(json.loads(text))
    assert made.to_json() == text
    committed = (FOLDER / "training.html").read_text(encoding="utf-8")
    assert without_drawings(to_html(made.document())) == without_drawings(committed)
    assert {path.stem for path in (FOLDER / "figures").iterdir()} == {chart.stem for chart in charts_of(made)}


def test_every_recipe_of_today_is_there_from_its_initialisation_to_its_end(text):
    """After a change of a recipe, the study is made again: ``make curves``."""
    networks = json.loads(text)["networks"]
    pictures = [recipe for recipe in RECIPES if recipe.data in ("mnist", "cifar10")]  # texts: reports/recurrent
    recipes = [recipe for recipe in pictures if recipe.name != "cifar10-resmlp"]  # whose study is reports/truncation
    assert [network["name"] for network in networks] == [recipe.name for recipe in recipes]
    for network, recipe in zip(networks, recipes, strict=True):
        assert network["recipe"] == recipe.describe(recipe.epochs)
        for part in ("epochs", "history"):
            assert [entry["epoch"] for entry in network[part]] == list(range(recipe.epochs + 1))


def test_the_last_epoch_is_like_the_bundled_network(text):
    """Training gives the same weights on the same machine alone; the figures of hidden layers agree between runs."""
    name = "cifar10-mlp"
    [network] = [network for network in json.loads(text)["networks"] if network["name"] == name]
    assert network["accuracy"]["test"] == pytest.approx(bundled()[name]["accuracy"]["test"], abs=0.02)
    asked = [*measure.KEPT, "random_likeness", "labels_back", "hidden_units"]
    report = netaudit.audit(name, device="cpu", nulls="none", analyses=asked)
    now, last = measure.figures(report), network["epochs"][-1]
    assert now["accuracy"] == pytest.approx(last["accuracy"], abs=0.05)  # of 400 images
    for layer in ("fc1", "fc2"):
        for claim, metrics in now["layers"][layer].items():
            kept = last["layers"][layer][claim]
            assert kept == pytest.approx(metrics, rel=0.1), (layer, claim)
    for label, kept in zip(now["labels"], last["labels"], strict=True):
        for figure in ("top1", "twin_top1"):
            assert label[figure] == pytest.approx(kept[figure], abs=0.05)
