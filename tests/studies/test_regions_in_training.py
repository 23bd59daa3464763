"""The study of linear regions over training, from what the analysis found to the page."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from synthetic.linear_regions import example

from netaudit.errors import SourceError
from netaudit.studies.regions_in_training import page
from netaudit.studies.regions_in_training.measure import figures, measure

CPU = torch.device("cpu")


def silent(message: str, done: float, total: float) -> None:
    """No progress."""


def test_what_is_kept_of_an_epoch() -> None:
    found = figures(example())
    assert found["pieces"]["other_class"] == [600, 610, 620]
    assert found["fewest"]["random"] == [2, 5, 15, 50]
    assert found["behaviour"][0] == {"layer": "fc6", "verdict": "fails", "dispersion": 80.5, "excess": 0.62}
    assert {(row["layer"], row["ends"]) for row in found["flips"]} == {
        (layer, kind) for layer in ("fc6", "fc7") for kind in ("other_class", "same_class", "random")
    }


def run_of_two_epochs(folder: Path) -> None:
    """A run as ``netaudit train --keep-epochs`` leaves it; its neurons are copies of each other at the end."""
    draw = np.random.default_rng(0)
    first = {"0.weight": draw.standard_normal((2000, 6)), "2.weight": draw.standard_normal((3, 2000))}
    first |= {"0.bias": np.zeros(2000), "2.bias": np.zeros(3)}
    last = {**first, "0.weight": np.tile(first["0.weight"][:20], (100, 1))}
    (folder / "epochs").mkdir(parents=True)
    for name, weights in (("epochs/000", first), ("epochs/001", last), ("model", last)):
        save_file(
            {key: torch.from_numpy(value).float() for key, value in weights.items()}, folder / f"{name}.safetensors"
        )
    np.savez(folder / "sample.npz", x=draw.standard_normal((40, 6)).astype(np.float32), y=np.arange(40) % 3)
    linear = [{"type": "Linear", "in": 6, "out": 2000}, {"type": "ReLU"}, {"type": "Linear", "in": 2000, "out": 3}]
    card = {"name": "small", "title": "A small network", "input": [6], "architecture": linear}
    for part, name in (("weights", "model.safetensors"), ("sample", "sample.npz")):
        card |= {part: name, f"{part}_sha256": sha256((folder / name).read_bytes()).hexdigest()}
    (folder / "card.json").write_text(json.dumps(card))
    history = [{"epoch": epoch, "test_accuracy": 0.5} for epoch in (0, 1)]
    (folder / "training.json").write_text(json.dumps({"history": history}))


def test_from_a_run_to_its_page(tmp_path: Path) -> None:
    run_of_two_epochs(tmp_path / "run")
    data = measure([tmp_path / "run"], CPU, 0, silent)
    [network] = data["networks"]
    assert [[row["verdict"] for row in epoch["behaviour"]] for epoch in network["epochs"]] == [["holds"], ["fails"]]
    assert network["epochs"][0]["pieces"]["other_class"][1] > network["epochs"][1]["pieces"]["other_class"][1]
    document = page.document(data).document()
    assert set(document.figures) == {"pieces_0", "fewest_0", "flips_0_0"}
    assert "1 of 1 hidden layers" in document.sections[0].blocks[1].spans[0].text  # type: ignore[union-attr]


def test_a_folder_without_epochs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no epochs of a training run"):
        measure([tmp_path], CPU, 0, silent)
