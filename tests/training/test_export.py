import json

import numpy as np
import pytest
import torch

import netaudit
from netaudit.errors import SourceError
from netaudit.sources.data import load_sample
from netaudit.sources.open import open_network
from netaudit.training import checkpoint, export, loop

CPU = torch.device("cpu")


@pytest.fixture
def folder(tmp_path, tiny, images):
    """A finished run."""
    run = checkpoint.resume(tmp_path, tiny, 0, 8, CPU)
    loop.train(run, images, lambda *told: None, after=lambda run: export.write_figures(run, tmp_path))
    export.export(run, images, tmp_path)
    return tmp_path


def test_what_was_written_opens_and_is_as_accurate_as_its_card_says(folder, images):
    card = json.loads((folder / "card.json").read_text())
    network = open_network(folder / "model.safetensors")
    assert (network.info.kind, network.info.name, network.info.card) == ("file", "model.safetensors", card)
    assert [spec.name for spec in network.specs()] == ["fc1", "fc2"]
    assert {network.store.dtype(name) for name in network.store.names()} == {"float16"}
    assert not network.head.inferred
    x = network.backbone(torch.from_numpy(network.sample.x))
    assert x.shape == (80, 64)
    assert (x >= 0).all()  # behind the convolution, its ReLU and the pooling
    report = netaudit.audit(folder / "model.safetensors", device="cpu")
    assert report.data.accuracy == card["accuracy"]["sample"] > 0.8
    assert card["accuracy"]["test_images"] == len(images.test.y)


def test_the_card_names_the_data_and_the_recipe(folder, tiny, images):
    card = json.loads((folder / "card.json").read_text())
    assert card["data_sha256"] == {"train": images.train.sha256(), "test": images.test.sha256()}
    assert "8 epochs of SGD, batch 16, learning rate 0.1" in card["recipe"]
    assert "weight decay 0.0001, dropout 0.2" in card["recipe"]
    assert "augmentation: crop and flip" in card["recipe"]
    assert card["command"] == "netaudit train tiny --epochs 8 --seed 0 --precision float32"
    figures = json.loads((folder / "training.json").read_text())
    assert [entry["epoch"] for entry in figures["history"]] == list(range(9))


def test_other_pixels_or_labels_have_another_hash(images):
    found = images.train.sha256()
    images.train.x[0, 0, 0, 0] += 1
    changed = images.train.sha256()
    images.train.y[0] = 3
    assert len({found, changed, images.train.sha256()}) == 3


def test_the_sample_has_equally_many_of_each_class(folder, images):
    sample = load_sample(folder / "sample.npz")
    assert np.load(folder / "sample.npz")["x"].dtype == np.uint8
    assert np.bincount(sample.y).tolist() == [20] * 4
    y = torch.tensor([0] * 50 + [1] * 30 + [2] * 5)
    rows = export.stratified(y, 30, torch.Generator().manual_seed(0))
    assert torch.bincount(y[rows]).tolist() == [10, 10, 5]
    assert rows.tolist() == sorted(set(rows.tolist()))


@pytest.mark.parametrize("name", ["model.safetensors", "sample.npz"])
def test_a_file_that_is_not_the_card_s_is_refused(folder, name):
    path = folder / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(SourceError, match=f"{name} beside model.safetensors is not the file its card describes"):
        open_network(folder / "model.safetensors")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"weights": "model.safetensors"}', "[" * 100_000])
def test_somebody_else_s_card_is_ignored(folder, text):
    (folder / "card.json").write_text(text)
    network = open_network(folder / "model.safetensors")
    assert network.info.card is None
    assert network.head.inferred


def test_another_name_has_no_card(folder):
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    assert open_network(folder / "other.safetensors").info.card is None
