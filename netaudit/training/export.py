"""What a run leaves behind: weights in float16, a card, a sample and its figures, as the bundled networks have them."""

from __future__ import annotations

import hashlib
import io
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import nn

from netaudit.files import make_folder, write_atomically
from netaudit.numerics import device as devices
from netaudit.training.data import DataSet, Images
from netaudit.training.loop import TrainingRun, accuracy
from netaudit.training.recipes import Shadows
from netaudit.training.text import TextSet

SAMPLE = 400  # test images: a label accuracy of one half has a standard error of 2.5 %
WEIGHTS, SAMPLE_FILE, CARD, FIGURES = "model.safetensors", "sample.npz", "card.json", "training.json"
VOCABULARY = "vocabulary.txt"
"""The word of each number, a line each; the lines of padding and of unknown words are empty."""
EPOCHS = "epochs"  # folder of the weights after each epoch, where they are kept


def half(model: nn.Module) -> dict[str, torch.Tensor]:
    """The weights as they are stored: float16, on the CPU."""
    return {name: tensor.detach().half().cpu().contiguous() for name, tensor in model.state_dict().items()}


def keep_epoch(run: TrainingRun, folder: Path) -> None:
    """Write the weights of the epoch just done to ``epochs/000.safetensors`` and so on."""
    make_folder(folder / EPOCHS)
    write_atomically(folder / EPOCHS / f"{run.done:03}.safetensors", save(half(run.model)))


def write_figures(run: TrainingRun, folder: Path) -> None:
    """Write the figures of each epoch so far."""
    figures = {"recipe": run.recipe.name, "seed": run.seed, "epochs": run.epochs, "history": run.history}
    write_atomically(folder / FIGURES, _json(figures))


def export(run: TrainingRun, data: DataSet, folder: Path) -> dict[str, Any]:
    """Write the finished network in the form of ``model_zoo/``, and return its card.

    The accuracies are those of the weights as stored.

    Raises:
        ReportError: a file cannot be written.
    """
    stored = half(run.model)
    weights = save(stored)
    run.model.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
    rows = stratified(data.test.y, SAMPLE, devices.generator(run.seed, run.recipe.name, "sample"))
    sample = Images(data.test.x[rows], data.test.y[rows])
    archive = io.BytesIO()
    np.savez_compressed(archive, x=sample.x.numpy(), y=sample.y.numpy())
    words = "".join(f"{word}\n" for word in data.words).encode() if isinstance(data, TextSet) else None
    card = {
        "name": run.recipe.name,
        "title": run.recipe.title,
        "input": list(run.recipe.input),
        "architecture": list(run.recipe.architecture),
        "weights": WEIGHTS,
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "sample": SAMPLE_FILE,
        "sample_sha256": hashlib.sha256(archive.getvalue()).hexdigest(),
        **({} if words is None else {"vocabulary": VOCABULARY, "vocabulary_sha256": hashlib.sha256(words).hexdigest()}),
        "data": data.description,
        "data_sha256": {"train": data.train.sha256(), "test": data.test.sha256()},
        "sample_data": f"{len(rows)} of the {len(data.test.y):,} {_whose(words)}",
        "recipe": run.recipe.describe(run.epochs),
        **({"origin": run.recipe.origin} if run.recipe.origin else {}),
        "command": f"netaudit train {run.recipe.name} --epochs {run.epochs} --seed {run.seed} "
        f"--precision {run.precision}{_flags(run.recipe.shadow)}",
        "seed": run.seed,
        "trained_with": {
            "torch": torch.__version__.split("+")[0],
            "python": platform.python_version(),
            "device": run.device.type,
            "threads": torch.get_num_threads(),
            "precision": run.precision,
        },
        "accuracy": {
            "test": accuracy(run.model, data.test, run.device),
            "test_images" if words is None else "test_texts": len(data.test.y),
            "sample": accuracy(run.model, sample, run.device),
        },
        "license": "Apache-2.0",
    }
    write_atomically(folder / WEIGHTS, weights)
    write_atomically(folder / SAMPLE_FILE, archive.getvalue())
    if words is not None:
        write_atomically(folder / VOCABULARY, words)
    write_atomically(folder / CARD, _json(card))  # last: it names the others by their hashes
    return card


def _whose(words: bytes | None) -> str:
    equally = "equally many of each class"
    if words is None:
        return f"test images, {equally}"
    return f"test texts, {equally}, as numbers of words; the texts are their authors' and no part of the license"


def stratified(y: torch.Tensor, size: int, generator: torch.Generator) -> torch.Tensor:
    """Rows, ascending: ``size`` in all, the same number of each class (as far as there are so many)."""
    classes = torch.unique(y)
    each = max(1, size // len(classes))
    picked = []
    for label in classes:
        rows = (y == label).nonzero().squeeze(1)
        picked.append(rows[torch.randperm(len(rows), generator=generator)[:each]])
    return torch.cat(picked).sort().values


def _flags(shadow: Shadows | None) -> str:
    if shadow is None:
        return ""
    return f" --shadow --shadow-start {shadow.start} --shadow-rho {shadow.rho:g} --shadow-weight {shadow.weight:g}"


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode("ascii")
