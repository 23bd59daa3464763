"""The residual blocks of a training run: at its initialisation, at some epochs, and at its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from netaudit.errors import SourceError
from netaudit.geometry import residual_depth
from netaudit.geometry.depth.residual import Stage, without
from netaudit.geometry.depth.stack import relative
from netaudit.network.network import Network, Progress
from netaudit.results.payload import six_digits
from netaudit.sources.hubs.zoo import open_beside_card
from netaudit.sources.weights import open_weights
from netaudit.studies.harness.provenance import versions
from netaudit.text import printable
from netaudit.training.export import EPOCHS, WEIGHTS

if TYPE_CHECKING:
    from torch import Tensor

LOOKS = (0, 1, 3, 10, 30)
"""Epochs that are looked at, besides the last: the initialisation, and steps of a factor of three."""
QUARTILES = (0.25, 0.5, 0.75)


def measure(folder: Path, device: torch.device, progress: Progress) -> dict[str, Any]:
    """Look at the kept epochs of a run, as ``netaudit train --keep-epochs`` writes them, in float64.

    Returns:
        ``{versions, device, network, inputs, states}``; a state has its ``epoch``, ``accuracy``, ``blocks`` (names),
        ``steps`` (quartiles of each block's relative step), ``change``, ``path`` and ``bound`` (medians relative to the
        end of the stream, for each number of blocks kept), ``tightness`` (the change over its bound), ``exceeded`` (how
        often a change or a sum of steps was above the bound), ``cuts`` and ``single``: what the network gives without
        the last blocks, and without one block alone.

    Raises:
        SourceError: the folder holds no finished run with its epochs kept, or its network has no residual blocks.
    """
    files = sorted((folder / EPOCHS).glob("*.safetensors"))
    if len(files) < 2:
        hint = "netaudit train RECIPE --keep-epochs"
        raise SourceError(f"{printable(str(folder))}: no epochs of a training run in it", hint=hint)
    chosen = [file for file in files if int(file.stem) in LOOKS or file == files[-1]]
    states = []
    for done, file in enumerate(chosen):
        progress(f"epoch {int(file.stem)}", done, len(chosen))
        network = _open(folder, file)
        states.append({"epoch": int(file.stem)} | state(network, device))
    card = network.info.card or {}
    kept = ("name", "title", "recipe", "command", "trained_with", "accuracy", "sample_data")
    inputs = 0 if network.sample is None else len(network.sample.x)
    return {
        "versions": versions(),
        "device": device.type,
        "network": {key: card.get(key) for key in kept},
        "inputs": inputs,
        "states": states,
    }


def state(network: Network, device: torch.device) -> dict[str, Any]:
    """One state of the network on its sample.

    Raises:
        SourceError: it has no labelled sample, or not one stage of residual blocks.
    """
    sample = network.sample
    if sample is None or sample.y is None:
        raise SourceError("the run has no labelled inputs")
    module = network.module().to(device, torch.float64).eval()
    x, y = torch.from_numpy(sample.x).to(device, torch.float64), torch.from_numpy(sample.y)
    try:
        found = residual_depth(module, x, batch=100)
    except ValueError as error:
        raise SourceError("the network has no residual blocks", hint="netaudit train cifar10-resmlp") from error
    if len(found.stages) != 1:
        raise SourceError(f"the network has {len(found.stages)} stages of residual blocks, and this study takes one")
    [stage] = found.stages
    alone = {block.name: without(module, [block], x, 100) for block in stage.blocks}
    return {
        "accuracy": _accuracy(found.outputs, y),
        "blocks": list(alone),
        **_stream(stage),
        "cuts": [{"kept": cut.kept} | _beside(cut.outputs, found.outputs, y) for cut in found.cuts],
        "single": [_beside(outputs, found.outputs, y) for outputs in alone.values()],
    }


def _stream(stage: Stage) -> dict[str, Any]:
    lengths = stage.lengths[:, None]
    bounds = stage.bounds
    return {
        "steps": [_rounded(stage.steps.quantile(q, 0)) for q in QUARTILES],
        "change": _median(relative(stage.errors, lengths)),
        "path": _median(relative(stage.paths, lengths)),
        "bound": None if bounds is None else _median(relative(bounds, lengths)),
        "tightness": None if bounds is None else _median(relative(stage.errors, bounds)),
        "exceeded": 0 if bounds is None else int((stage.errors > bounds).sum() + (stage.paths > bounds).sum()),
    }


def _beside(outputs: Tensor, whole: Tensor, y: Tensor) -> dict[str, float]:
    change = relative((outputs - whole).norm(dim=1), whole.norm(dim=1))
    return {
        "change": six_digits(float(change.quantile(0.5))),
        "labels_kept": six_digits(float((outputs.argmax(1) == whole.argmax(1)).double().mean())),
        "accuracy": _accuracy(outputs, y),
    }


def _accuracy(outputs: Tensor, y: Tensor) -> float:
    return six_digits(float((outputs.argmax(1) == y).double().mean()))


def _median(shares: Tensor) -> list[float]:
    return _rounded(shares.quantile(0.5, 0))


def _rounded(values: Tensor) -> list[float]:
    return [six_digits(value) for value in values.tolist()]


def _open(folder: Path, file: Path) -> Network:
    network = open_beside_card(folder / WEIGHTS, open_weights(file))
    if network is None:
        raise SourceError(f"{printable(str(folder))}: the run is not finished: it has no card", hint="netaudit train")
    return network
