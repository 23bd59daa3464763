"""The folder of a training run with its epochs kept, as ``netaudit train --keep-epochs`` writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from netaudit.errors import SourceError
from netaudit.network.network import Network
from netaudit.sources.hubs.zoo import open_beside_card
from netaudit.sources.weights import open_weights
from netaudit.text import printable
from netaudit.training.export import EPOCHS, FIGURES, WEIGHTS


def epoch_files(folder: Path) -> list[Path]:
    """The weights of each epoch, the initialisation first.

    Raises:
        SourceError: the folder holds no epochs.
    """
    files = sorted((folder / EPOCHS).glob("*.safetensors"))
    if len(files) < 2 or not (folder / FIGURES).is_file():
        raise SourceError(
            f"{printable(str(folder))}: no epochs of a training run in it", hint="netaudit train RECIPE --keep-epochs"
        )
    return files


def open_epoch(folder: Path, file: Path | None) -> Network:
    """The network with the weights of a file of :func:`epoch_files`; with its last ones for None.

    Raises:
        SourceError: the run is not finished.
    """
    network = open_beside_card(folder / WEIGHTS, None if file is None else open_weights(file))
    if network is None:
        raise SourceError(f"{printable(str(folder))}: the run is not finished: it has no card", hint="netaudit train")
    return network


def training_figures(folder: Path) -> dict[str, Any]:
    """What the run says of itself: its recipe, and the accuracy after each epoch.

    Raises:
        SourceError: the file is damaged.
    """
    path = folder / FIGURES
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise SourceError(f"{printable(str(path))}: damaged") from error
    return found
