"""Valid files that are no weights, and that netaudit reads all the same: cards, real inputs, pictures, reports."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.torch import save_file

from fuzz.makers import Valid, tensors

SAMPLE = Path(__file__).parents[2] / "reports" / "samples" / "mnist-mlp" / "audit.json"


def card(folder: Path) -> list[Valid]:
    """What ``netaudit train`` writes: weights, sample, and a card that names them."""
    state = {
        f"{place}.{kind}": tensors()[f"fc{n}.{kind}"] for place, n in ((1, 1), (3, 2)) for kind in ("weight", "bias")
    }
    save_file(state, folder / "model.safetensors")
    np.savez(folder / "sample.npz", x=np.zeros((3, 1, 3, 4), "f"), y=np.array([0, 1, 2]))
    layers = [
        {"type": "Flatten"},
        {"type": "Linear", "in": 12, "out": 8},
        {"type": "ReLU"},
        {"type": "Linear", "in": 8, "out": 6},
    ]
    described = {"name": "net", "title": "A small network", "input": [1, 3, 4], "architecture": layers, "seed": 0}
    convolution = {"type": "Conv2d", "name": "conv", "in": 1, "out": 1, "kernel": 1, "padding": 0}
    for name in ("model.safetensors", "sample.npz"):
        key = name.partition(".")[0].replace("model", "weights")
        described |= {key: name, f"{key}_sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}
    (folder / "card.json").write_text(json.dumps(described))
    found = [Valid.of(folder, "model.safetensors", "card.json")]
    pooled = [
        convolution,
        {"type": "MaxPool2d", "kernel": 1},
        {"type": "Dropout", "p": 0.5},
        {"type": "Shift", "by": -0.5},
    ]
    state = {
        f"{place}.{kind}": tensors()[f"fc{n}.{kind}"] for place, n in ((5, 1), (7, 2)) for kind in ("weight", "bias")
    }
    state |= {
        "conv.weight": tensors()["fc1.weight"][:1, :1].reshape(1, 1, 1, 1).clone(),
        "conv.bias": tensors()["fc1.bias"][:1].clone(),
    }
    save_file(state, folder / "model.safetensors")
    described["architecture"] = [*pooled, *layers]
    del described["sample"]
    described["weights_sha256"] = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    (folder / "card.json").write_text(json.dumps(described))
    return [*found, Valid.of(folder, "model.safetensors", "card.json")]


def inputs(folder: Path) -> list[Valid]:
    """Real inputs for ``--data``: floating point, and bytes."""
    generator = np.random.default_rng(0)
    found = []
    for x in (generator.random((6, 1, 2, 3)).astype("f"), generator.integers(0, 255, (6, 2, 3, 1)).astype(np.uint8)):
        np.savez(folder / "data.npz", x=x, y=np.arange(6) % 3)
        found.append(Valid.of(folder, "data.npz"))
    return found


def pictures(folder: Path) -> list[Valid]:
    """A folder with a picture in that of its class, of five formats."""
    generator = np.random.default_rng(0)
    found = []
    for suffix in ("png", "jpg", "bmp", "webp", "ppm"):
        buffer = io.BytesIO()
        picture = Image.fromarray(generator.integers(0, 255, (9, 7, 3)).astype(np.uint8))
        picture.save(buffer, {"jpg": "JPEG"}.get(suffix, suffix.upper()))
        found.append(Valid({f"1/picture.{suffix}": buffer.getvalue()}, ".", (f"1/picture.{suffix}",)))
    return found


def report(folder: Path) -> list[Valid]:
    """An audit.json with one layer, to be rendered."""
    whole = json.loads(SAMPLE.read_bytes())
    whole["layers"] = whole["layers"][-1:]
    del whole["fingerprint"]  # it would refuse every change before the reader comes to it
    return [Valid({"audit.json": json.dumps(whole).encode()}, "audit.json", ("audit.json",))]
