"""A target that is an adapter, added to a base that a user names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from netaudit.composed import adapters
from netaudit.composed.on_base import on_base
from netaudit.composed.store import ComposedStore, innermost
from netaudit.formats import folder
from netaudit.formats.weights_file import Declared, WeightsFile
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import Base, LayerSpec, Network, Progress, TensorStore
from netaudit.sources.named import open_named
from netaudit.sources.planners.choices import Choices
from netaudit.sources.state import choose
from netaudit.sources.tensor_file import Found, network_of
from netaudit.sources.weights import open_weights


def on_file(adapter: Found, base: Found, choices: Choices) -> Network:
    """The adapter added to a base of named tensors; ``choices`` are of the base.

    Raises:
        SourceError: one of them cannot be read, or they do not fit.
    """
    below = choose(open_weights(base.path), choices.state)
    file = on_base(open_weights(adapter.path), below, base.name)
    network = network_of(file, adapter, choices, below.path)
    revision = folder.revision(below.path)
    return replace(
        network,
        base=Base(base.name, below.path.name, revision, below.files),
        notes=(*base.notes, *network.notes),
    )


def on_named(
    adapter: Found, kind: str, name: str, *, pretrained: bool = True, progress: Progress | None = None
) -> Network:
    """The adapter added to a network that has a name, whose architecture and sample are known.

    Raises:
        SourceError: one of them cannot be read, or they do not fit.
    """
    network = open_named(kind, name, None, pretrained=pretrained, progress=progress)
    stored = innermost(network.store)
    declared = {key: Declared(stored.shape(key), stored.dtype(key), key) for key in stored.names()}
    path = network.files[0] if network.files else Path(name)
    opened = open_weights(adapter.path)
    file = on_base(opened, WeightsFile(path, stored, declared), name, (), (adapters.groups,))
    merged = open_named(kind, name, file, pretrained=pretrained, progress=progress)
    info = replace(
        merged.info, name=adapter.name, kind=adapter.kind, weights=opened.path.name,
        revision=folder.revision(opened.path),
    )  # fmt: skip
    return replace(
        merged,
        info=info,
        layers=tuple(_saying(entry, merged.store, file.declared) for entry in merged.layers),
        files=opened.files,
        base=Base(name, network.info.weights, network.info.revision, network.files),
        notes=(*adapter.notes, *file.notes),
    )


def _saying(
    entry: LayerSpec | SkippedLayer, store: TensorStore, declared: Mapping[str, Declared]
) -> LayerSpec | SkippedLayer:
    """The layer with what was done to its weight in its origin."""
    if isinstance(entry, SkippedLayer):
        return entry
    parts = store.parts_of(entry.weight) if isinstance(store, ComposedStore) else (entry.weight,)
    said = next(
        (words for part in parts if part in declared for words in [declared[part].origin or declared[part].note]), ""
    )
    return replace(entry, origin=f"{entry.origin}, {said}") if said else entry
