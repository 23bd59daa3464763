"""A run on disk between two epochs: one safetensors file, replaced whole, nothing pickled.

The tensors are the weights and the optimiser's; the header holds the recipe, the seed and the figures so far. There is
no random state to keep: it follows from the seed and the epoch.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from netaudit.errors import NetauditError
from netaudit.files import write_atomically
from netaudit.training.loop import Precision, TrainingRun, start
from netaudit.training.recipes import Recipe

NAME = "state.safetensors"
_KEY = "netaudit"  # one entry: safetensors keeps no order of several


def save_run(run: TrainingRun, folder: Path) -> None:
    """Write the run into the folder; a reader sees the epoch before, or this one.

    Raises:
        ReportError: the file cannot be written.
    """
    tensors = {f"model.{name}": tensor for name, tensor in run.model.state_dict().items()}
    for index, state in run.optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": tensor for name, tensor in state.items()}
    header = _settings(run) | {"history": run.history}
    flat = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomically(folder / NAME, save(flat, {_KEY: json.dumps(header)}))


def resume(
    folder: Path, recipe: Recipe, seed: int, epochs: int, device: torch.device, precision: Precision = "float32"
) -> TrainingRun:
    """The run that the folder holds, where it stopped, or a new one if it holds none.

    Raises:
        NetauditError: the folder holds a run with other settings, or a damaged one.
    """
    run, path = start(recipe, seed, epochs, device, precision), folder / NAME
    if not path.exists():
        return run
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            header = json.loads((file.metadata() or {})[_KEY])
            _same(path, header, _settings(run))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        run.model.load_state_dict({name: tensors[f"model.{name}"] for name in run.model.state_dict()})
        state: dict[int, dict[str, Any]] = {}
        for name, tensor in tensors.items():
            if name.startswith("optimiser."):
                _, index, part = name.split(".")
                state.setdefault(int(index), {})[part] = tensor
        run.optimiser.load_state_dict(run.optimiser.state_dict() | {"state": state})
        run.history = list(header["history"])
    except (SafetensorError, OSError, KeyError, ValueError, RuntimeError) as error:
        raise NetauditError(f"{path}: a damaged training state", hint="delete it to begin again") from error
    return run


def _settings(run: TrainingRun) -> dict[str, Any]:
    recipe: dict[str, Any] = json.loads(json.dumps(asdict(run.recipe)))
    return {"recipe": recipe, "seed": run.seed, "epochs": run.epochs, "precision": run.precision}


def _same(path: Path, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    for key, value in wanted.items():
        if found[key] != value:
            ours, theirs = (side["name"] if key == "recipe" else side for side in (value, found[key]))
            other = f"{key} {theirs}, not {ours}" if ours != theirs else f"another version of the {key} {ours}"
            raise NetauditError(
                f"{path.parent} holds a run with {other}", hint="--out DIR for a new run, or the settings of that one"
            )
