"""Curves over the epochs of a small run, and the page that is made from them."""

import json

import pytest
import torch
from charts_of import charts_of

import netaudit
from netaudit.errors import SourceError
from netaudit.studies.harness.page import write_study
from netaudit.studies.training_curves import measure, page
from netaudit.training import checkpoint, export, loop

CPU = torch.device("cpu")


def silent(message, done, total):
    pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory, request):
    """A finished run of three epochs whose weights were kept."""
    from netaudit.training.recipes import Recipe

    architecture = (
        {"type": "Flatten"},
        {"type": "Linear", "name": "fc1", "in": 192, "out": 64},
        {"type": "ReLU"},
        {"type": "Linear", "name": "fc2", "in": 64, "out": 10},
    )
    recipe = Recipe(
        name="tiny_Net.1", title="A tiny network", architecture=architecture, input=(3, 8, 8), data="cifar10",
        initialisation="gaussian", epochs=3, batch=20, rate=0.2,
    )  # fmt: skip
    y = torch.arange(200) % 10
    x = torch.randint(0, 60, (200, 3, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    x.reshape(200, -1)[torch.arange(200), y] += 180
    images = loop.Images(x, y)
    data = loop.DataSet(images, images, "Dots (nobody): 200 images")
    path = tmp_path_factory.mktemp("run")
    run = checkpoint.resume(path, recipe, 0, 3, CPU)

    def after(run):
        export.keep_epoch(run, path)
        export.write_figures(run, path)

    loop.train(run, data, silent, after=after)
    export.export(run, data, path)
    return path


@pytest.fixture(scope="module")
def found(folder):
    return measure.measure([folder], CPU, 0, silent)


def test_the_last_epoch_is_the_audit_of_the_network(folder, found):
    report = netaudit.audit(folder / "model.safetensors", device="cpu")
    [network] = found["networks"]
    last = network["epochs"][-1]
    for layer in report.layers:
        for claim, finding in layer.findings.items():
            for metric in measure.KEPT[claim]:
                assert last["layers"][layer.name][claim][metric] == finding.metrics[metric]
    for figure in ("top1", "twin_top1"):
        kept = [label[figure] for label in last["labels"]]
        assert kept == [getattr(run, figure) for run in report.analyses["labels_back"].runs]
    for layer in report.layers:
        ladder = layer.analyses["random_likeness"]
        share = getattr(ladder, "random_like_share", None)
        assert last["layers"][layer.name]["random_likeness"]["random_like_share"] == share
    assert last["accuracy"] == report.data.accuracy
    assert last["units"] == [{"lower": "fc1", "upper": "fc2", "r": report.analyses["hidden_units"].pairs[0].r}]


def test_every_epoch_has_its_own_weights(found):
    [network] = found["networks"]
    assert [entry["epoch"] for entry in network["epochs"]] == [0, 1, 2, 3]
    first, *_, last = (entry["layers"]["fc1"] for entry in network["epochs"])
    assert first["constant_bias"]["std"] == 0 < last["constant_bias"]["std"]
    spreads = [entry["layers"]["fc1"]["gaussian_weights"]["std"] for entry in network["epochs"]]
    assert len(set(spreads)) == 4
    assert [entry["test_accuracy"] for entry in network["history"]][-1] > 0.5
    assert first["gaussian_weights"]["ks_gaussian"] < 0.02
    assert last["singular_law"]["spikes"] >= first["singular_law"]["spikes"] == 0


def test_progress_goes_by_epochs(folder):
    told = []
    measure.measure([folder], CPU, 0, lambda *args: told.append(args))
    assert [(done, total) for _, done, total in told] == [(i, 4) for i in range(4)]
    assert told[2][0].endswith(": epoch 2")


def test_a_folder_that_is_no_finished_run(tmp_path):
    with pytest.raises(SourceError, match="no epochs of a training run in it") as caught:
        measure.measure([tmp_path], CPU, 0, silent)
    assert caught.value.hints == ("netaudit train RECIPE --keep-epochs",)


def test_the_page_shows_each_claim_and_every_network(found, tmp_path):
    twice = found | {"networks": [network | {"name": name} for network in found["networks"] for name in ("a", "b-c")]}
    built = page.document(json.loads(json.dumps(twice)))
    stems = [chart.stem for chart in charts_of(built)]
    curves_drawn = ["weights", "bias", "law", "bulk", "spikes", "share", "cross_talk", "units", "labels"]
    assert stems == [f"{name}_{curve}" for name in ("a", "b_c") for curve in curves_drawn]
    weights = charts_of(built)[0]
    assert [line.label for line in weights.series] == ["fc1", "fc2"]
    [network] = found["networks"]
    expected = [entry["layers"]["fc2"]["gaussian_weights"]["ks_gaussian"] for entry in network["epochs"]]
    assert list(weights.series[1].y) == expected
    law = charts_of(built)[2]
    assert [line.label for line in law.series] == ["fc1"]  # ten outputs have no law
    shares = charts_of(built)[5]
    kept = [entry["layers"]["fc1"]["random_likeness"]["random_like_share"] for entry in network["epochs"]]
    assert list(shares.series[0].y) == kept
    assert kept[0] == 1.0
    assert [line.label for line in charts_of(built)[7].series] == ["fc1 → fc2"]
    assert list(charts_of(built)[7].series[0].y) == [entry["units"][0]["r"] for entry in network["epochs"]]
    labels = charts_of(built)[8]
    assert labels.series[0].label == "test accuracy"
    assert [line.label for line in labels.series][-2:] == ["Gaussian twin, ρ = 1", "twin, ρ = 0.1"]
    assert [section.title for section in built.sections] == ["Summary", "a", "b-c"]
    written = write_study(built, tmp_path, ("html", "json"))
    assert json.loads(written["json"].read_text()) == json.loads(json.dumps(twice))
    text = written["html"].read_text()
    assert "What training does to each claim" in text
    assert "0 → " in text


def test_values_that_cannot_be_drawn_leave_a_gap(found):
    changed = json.loads(json.dumps(found))
    for entry in changed["networks"][0]["epochs"][:2]:
        entry["layers"]["fc1"]["shadow_inversion"]["cross_talk_inflation"] = [None, 0.0][entry["epoch"]]
    chart = charts_of(page.document(changed))[6]
    assert chart.series[0].y[:2] == (None, None)
    assert None not in chart.series[0].y[2:]


def test_a_network_without_labels_is_drawn(found):
    changed = json.loads(json.dumps(found))
    for entry in changed["networks"][0]["epochs"]:
        entry["labels"] = []
    stems = [chart.stem for chart in charts_of(page.document(changed))]
    assert stems == [chart.stem for chart in charts_of(page.document(found))]
    assert page.document(changed).document().sections


def test_the_summary_says_where_each_claim_begins_and_ends(found):
    changed = json.loads(json.dumps(found))
    epochs = changed["networks"][0]["epochs"]
    for layer, (first, last) in {"fc1": (0.01, 0.5), "fc2": (0.3, 0.02)}.items():
        epochs[0]["layers"][layer]["gaussian_weights"]["ks_gaussian"] = first
        epochs[-1]["layers"][layer]["gaussian_weights"]["ks_gaussian"] = last
    for entry in epochs:
        entry["layers"]["fc1"]["singular_law"]["spikes"] = None
        entry["layers"]["fc1"]["singular_law"]["bulk_variance_share"] = 1 - entry["epoch"] / 10
    [sentences] = [block.items for block in page.document(changed).sections[0].blocks if block.kind == "items"]
    assert sentences[0][0].text == (
        "Weights (H1), KS distance to the Gaussian: 0.01 to 0.3 at the initialisation, 0.02 to 0.5 at the end; it "
        "rises in 1 of 2 layers."
    )
    assert sentences[3][0].text == (
        "Bulk (H3), share of variance in the bulk: 100% at the initialisation, 70% at the end; "
        "it rises in 0 of 1 layer."
    )
    assert sentences[4][0].text == "Spikes (H3): not measured."
