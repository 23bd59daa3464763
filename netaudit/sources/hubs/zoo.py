"""The networks that ship with netaudit: a card, the weights and a few real inputs in ``model_zoo/<name>/``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from netaudit.errors import SourceError
from netaudit.files import require_regular, sha256
from netaudit.formats.weights_file import WeightsFile
from netaudit.network.network import ModelInfo, Network
from netaudit.sources.weights import open_weights
from netaudit.text import printable

_LARGEST_CARD = 1_000_000  # bytes: ours have a few thousand


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
) -> Network:
    """A bundled network with its weights, card and sample; with another ``file``, its architecture and sample.

    Raises:
        SourceError: the weights or the sample are not those that the card names, or the card is damaged.
    """
    place = (folder or root()) / name
    card = bundled(folder)[name]
    return _open(place, card, ModelInfo(name, "zoo", card=card if file is None else None), file, pretrained)


def open_beside_card(path: Path, file: WeightsFile | None = None) -> Network | None:
    """A weights file with its card beside it, as ``netaudit train`` writes them; None when there is no such card.

    With another ``file``: its weights, in the architecture of the card.

    Raises:
        SourceError: the weights or the sample are not those that the card names, or the card is damaged.
    """
    beside = path.parent / "card.json"
    if not beside.is_file() or beside.stat().st_size > _LARGEST_CARD:
        return None
    try:
        card = json.loads(beside.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError):
        return None  # somebody else's
    if not isinstance(card, dict) or "architecture" not in card or card.get("weights") != path.name:
        return None
    return _open(path.parent, card, ModelInfo(path.name, "file", card=card), file, True)


def _open(place: Path, card: Mapping[str, Any], info: ModelInfo, file: WeightsFile | None, pretrained: bool) -> Network:
    from netaudit.sources.data import load_sample
    from netaudit.sources.hubs import sequential
    from netaudit.sources.hubs.architecture import Architecture, open_architecture
    from netaudit.sources.images import plain

    whose = "of the bundled network" if info.kind == "zoo" else "beside"
    shown = f"{whose} {printable(info.name, 80)}"
    try:
        if file is None and pretrained:
            file = open_weights(_checked(place, card["weights"], card["weights_sha256"], shown))
        sample = None
        if card.get("sample"):
            sample = load_sample(_checked(place, card["sample"], card["sample_sha256"], shown))
        layers, shape = card["architecture"], sequential.shape(card["input"])
        if sample is not None and sample.x.shape[1:] != shape:
            raise SourceError(f"the sample {shown} has inputs of shape {sample.x.shape[1:]}, and its card {shape}")
        architecture = Architecture(
            replace(info, architecture=card["title"]),
            lambda: sequential.build(layers),
            shape,
            sample=sample,
            preprocessing=lambda: plain(shape),
        )
        network = open_architecture(architecture, file)
        sequential.require_small(network.graph.shapes if network.graph else ())
        return network
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise SourceError(f"the card {shown} is incomplete: {printable(str(error), 80)}") from error


def _checked(place: Path, name: str, digest: str, shown: str) -> Path:
    path = place / Path(name).name
    require_regular(path)
    if sha256(path) != digest:
        raise SourceError(f"{printable(path.name)} {shown} is not the file its card describes")
    return path
