"""The networks that ship with netaudit: a card, the weights and a few real inputs in ``model_zoo/<name>/``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netaudit.errors import SourceError
from netaudit.names import printable
from netaudit.sources.interface import ModelInfo, Source
from netaudit.sources.weights import WeightsFile, open_weights, require_regular, sha256

if TYPE_CHECKING:
    from torch import nn


def root() -> Path:
    """The folder of bundled networks: inside the installed package, else beside it in a source tree."""
    installed = Path(str(resources.files("netaudit") / "model_zoo"))
    return installed if installed.is_dir() else installed.parents[1] / "model_zoo"


def bundled(folder: Path | None = None) -> dict[str, dict[str, Any]]:
    """The cards of all bundled networks by name; no torch is loaded.

    Raises:
        SourceError: a card that is no JSON object.
    """
    cards = {}
    for path in sorted((folder or root()).glob("*/card.json")):
        try:
            card = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise SourceError(f"the card of the bundled network {path.parent.name} is damaged") from error
        if not isinstance(card, dict):
            raise SourceError(f"the card of the bundled network {path.parent.name} is damaged")
        cards[path.parent.name] = card
    return cards


def open_zoo(
    name: str, file: WeightsFile | None = None, *, pretrained: bool = True, folder: Path | None = None
) -> Source:
    """A bundled network with its weights, card and sample; with another ``file``, its architecture and sample.

    Raises:
        SourceError: the weights or the sample are not those that the card names, or the card is damaged.
    """
    from torch import nn

    from netaudit.sources.architecture import Architecture, open_architecture
    from netaudit.sources.data import load_sample

    place = (folder or root()) / name
    card = bundled(folder)[name]
    own = file is None
    try:
        if own and pretrained:
            file = open_weights(_checked(place, card["weights"], card["weights_sha256"]))
        sample = load_sample(_checked(place, card["sample"], card["sample_sha256"])) if card.get("sample") else None
        layers = card["architecture"]
        info = ModelInfo(name, "zoo", architecture=card["title"], card=card if own else None)
        width = next(layer["in"] for layer in layers if layer["type"] == "Linear")
        architecture = Architecture(info, lambda: nn.Sequential(*map(_layer, layers)), (width,), sample=sample)
        return open_architecture(architecture, file)
    except (KeyError, TypeError, StopIteration) as error:
        raise SourceError(
            f"the card of the bundled network {name} is incomplete: {printable(str(error), 80)}"
        ) from error


def _checked(place: Path, name: str, digest: str) -> Path:
    path = place / Path(name).name
    require_regular(path)
    if sha256(path) != digest:
        raise SourceError(f"{path.name} of the bundled network {place.name} is not the file its card describes")
    return path


def _layer(description: Mapping[str, Any]) -> nn.Module:
    from torch import nn

    match description["type"]:
        case "Flatten":
            return nn.Flatten()
        case "Linear":
            return nn.Linear(description["in"], description["out"])
        case "ReLU":
            return nn.ReLU()
        case "Dropout":
            return nn.Dropout(description["p"])
        case other:
            raise SourceError(f"a bundled network cannot have a layer {printable(str(other), 80)}")
