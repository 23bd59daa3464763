"""A network of which a file is all there is: where the file comes from, and what names and shapes tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from netaudit.composed.model_config import model_config, transformer_type
from netaudit.composed.table import compose_file
from netaudit.errors import SourceError
from netaudit.formats import folder
from netaudit.formats.weights_file import WeightsFile
from netaudit.network.network import ModelInfo, Network, Progress
from netaudit.sources.cut_store import cut_store
from netaudit.sources.hubs import zoo
from netaudit.sources.planners import backbone
from netaudit.sources.planners.choices import Choices
from netaudit.sources.state import choose, plan_state
from netaudit.sources.weights import open_weights


@dataclass(frozen=True)
class Found:
    """A file or a folder on this machine, and what a report calls it."""

    path: Path
    name: str
    kind: str = "file"
    """``file``, or ``hub`` for what was fetched from the Hugging Face hub."""
    notes: tuple[str, ...] = ()
    """How it was chosen, in whole sentences."""


def local(path: Path) -> Found:
    """A path that a user named."""
    return Found(path, path.name if path.name not in ("", "..") else path.resolve().name)  # of "." and "a/.."


def fetched(target: str, progress: Progress | None = None) -> Found:
    """A repository of the Hugging Face hub, ``owner/name`` or ``owner/name@revision``, in the hub's cache.

    Raises:
        SourceError: no such repository or revision, no access, no network, or not one weights file.
    """
    from netaudit.sources.hubs import repository

    got = repository.fetch(target, progress=progress)
    return Found(got.path, got.name, "hub", (got.note,) if got.note else ())


def open_found(found: Found, choices: Choices) -> Network:
    """The network of a file, with the architecture of the card beside it where there is one.

    Raises:
        SourceError: the file cannot be read.
        UnsafeFileError: it asks for something a weights file has no business asking for.
    """
    if described := zoo.open_beside_card(found.path):
        if choices.given:
            raise SourceError(
                f"{choices.given} goes with a file of which the architecture is not known: a card lies beside this one"
            )
        return described
    file = choose(open_weights(found.path), choices.state)
    if file.structure is None:  # names and shapes are all that the file says, and they tell what composes a weight
        file = compose_file(file)
    return network_of(file, found, choices, file.path)


def network_of(file: WeightsFile, found: Found, choices: Choices, described_by: Path) -> Network:
    """The network of a file whose weights are composed already; ``config.json`` lies beside ``described_by``."""
    graph = file.structure.graph if file.structure else None
    planned = plan_state(file, choices, transformer_type(model_config(described_by)))
    revision = folder.revision(file.path)
    info = ModelInfo(found.name, found.kind, file.architecture, weights=file.path.name, revision=revision)
    return Network(
        info=info,
        layers=planned.layers,
        store=cut_store(file.store, planned.parts),
        parameters_total=planned.parameters_total,
        cells=planned.cells,
        graph=graph,
        head=planned.head,
        missing_head=planned.head_gap,
        about={**file.about, "format": file.format, "state": choices.state or file.nested_under},
        files=file.files,
        backbone=backbone.below(planned, graph),
        notes=(*found.notes, *file.notes),
    )
