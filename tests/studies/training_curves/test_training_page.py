"""The committed study: made again from its JSON it is the same page, and its numbers are those of today's analysers."""

import json
import re
from pathlib import Path

import pytest

import netaudit
from netaudit.report.renderers.html import to_html
from netaudit.sources.hubs.zoo import bundled
from netaudit.studies.harness.page import prepare_study
from netaudit.studies.training_curves import measure, page
from netaudit.training.recipes import RECIPES

FOLDER = Path(__file__).parents[3] / "reports" / "training"
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the study of training is not committed yet")


@pytest.fixture(scope="module")
def text():
    return (FOLDER / "training.json").read_text(encoding="ascii")


def without_drawings(html):
    return re.sub(r"<svg.*?</svg>", lambda svg: "".join(re.findall(r"<title.*?</title>", svg[0])), html, flags=re.S)


def test_made_again_it_is_the_same(text):
    made = page.document(json.loads(text))
    assert made.to_json() == text
    committed = (FOLDER / "training.html").read_text(encoding="utf-8")
    assert without_drawings(to_html(prepare_study(made))) == without_drawings(committed)
    assert {path.stem for path in (FOLDER / "figures").iterdir()} == {chart.stem for chart in made.charts}


def test_every_recipe_is_there_from_its_initialisation_to_its_end(text):
    networks = json.loads(text)["networks"]
    assert [network["name"] for network in networks] == [recipe.name for recipe in RECIPES]
    for network, recipe in zip(networks, RECIPES, strict=True):
        assert [entry["epoch"] for entry in network["epochs"]] == list(range(recipe.epochs + 1))
        assert [entry["epoch"] for entry in network["history"]] == list(range(recipe.epochs + 1))
        last = network["history"][-1]["test_accuracy"]
        assert last == pytest.approx(network["accuracy"]["test"], abs=0.01)  # float32, and as stored in float16
        assert last > network["history"][1]["test_accuracy"]


@pytest.mark.parametrize("name", ["mnist-mlp", "alexnet-cifar10"])
def test_the_last_epoch_is_as_good_as_the_bundled_network(text, name):
    """These shipped weights are from other runs of their recipes: on another processor the bytes differ."""
    [network] = [network for network in json.loads(text)["networks"] if network["name"] == name]
    assert network["accuracy"]["test"] == pytest.approx(bundled()[name]["accuracy"]["test"], abs=0.005)


def test_the_last_epoch_is_the_bundled_network(text):
    name = "cifar10-mlp"
    [network] = [network for network in json.loads(text)["networks"] if network["name"] == name]
    assert network["accuracy"] == bundled()[name]["accuracy"]
    now, last = measure.figures(netaudit.audit(name, device="cpu")), network["epochs"][-1]
    assert now["accuracy"] == last["accuracy"]
    for layer, claims in now["layers"].items():
        for claim, metrics in claims.items():
            known = {metric: value for metric, value in metrics.items() if value is not None}
            kept = last["layers"][layer][claim]
            assert known == pytest.approx({metric: kept[metric] for metric in known}, rel=1e-3, abs=1e-6)
            assert all(kept[metric] is None for metric in metrics if metric not in known)
    for label, kept in zip(now["labels"], last["labels"], strict=True):
        assert label["top1"] == pytest.approx(kept["top1"], abs=0.02)


def test_mnist_mlp_after_six_epochs_is_what_the_theory_s_first_run_found(text):
    """An independent run of a like network (784-1000-1000-10, dropout .5, six epochs, 97.9 %): labels that come back at
    rho 1, .5 and .1, and distances to the law, each within what other seeds and epochs move them by.
    """
    network = json.loads(text)["networks"][0]
    start, sixth = network["epochs"][0], network["epochs"][6]
    assert network["history"][6]["test_accuracy"] == pytest.approx(0.979, abs=0.005)
    labels = {run["rho"]: run["top1"] for run in sixth["labels"] if run["source"] == "softmax"}
    assert labels == {
        1.0: pytest.approx(0.993, abs=0.03), 0.5: pytest.approx(0.958, abs=0.03), 0.1: pytest.approx(0.579, abs=0.06)
    }  # fmt: skip
    law = [epoch["layers"][layer]["singular_law"] for epoch in (sixth, start) for layer in ("1", "4")]
    assert [found["ks_marchenko_pastur"] for found in law[:2]] == pytest.approx([0.33, 0.13], rel=0.15)
    assert all(found["spikes"] > 20 for found in law[:2])
    assert [found["ks_marchenko_pastur"] for found in law[2:]] == pytest.approx([0.003, 0.009], abs=0.01)
    assert [found["spikes"] for found in law[2:]] == [0, 0]
