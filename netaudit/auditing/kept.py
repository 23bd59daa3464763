"""What an audit has measured so far: each result in a file of its own, so that an audit can go on.

A file's name is the hash of all that the result depends on, so a result can never stand for another layer, other
settings or other code. A damaged one is measured again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from netaudit.auditing.kept_file import read_kept, write_kept
from netaudit.results.payload import Payload
from netaudit.results.reading import read_kept_payload, read_layer
from netaudit.results.report import LayerResult, why_not_judged
from netaudit.text import printable

R = TypeVar("R")


class KeptResults:
    """Results in a folder, kept as they come. Raises nothing for what it cannot read.

    Args:
        folder: it is made with the first result.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.total = 0
        """How many results the audit has; 0 before that is known."""
        self.kept = 0
        """How many of them are kept by now."""
        self.reused = 0
        """How many of them an earlier audit had kept."""
        self.damaged: list[str] = []
        """Names of those that could not be read, and were measured again."""

    def on_disk(self) -> int:
        """How many results lie in the folder, also of what this audit has not come to."""
        return sum(1 for path in self.folder.glob("*.json") if path.is_file())

    def _find(self, key: str, name: str, read: Callable[[Any], R]) -> R | None:
        """What ``read`` makes of the result; None where there is none, or none that is whole."""
        try:
            held = read_kept(self._path(key), key)
            if held is None:
                return None
            found = read(held)
        except (ValueError, TypeError, KeyError, RecursionError):
            self.damaged.append(printable(name, 60))
            return None
        self.kept += 1
        self.reused += 1
        return found

    def _add(self, key: str, result: Any) -> None:
        self.kept += write_kept(self._path(key), key, result)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"


class KeptAnalyses(KeptResults):
    """The results of analyses of the network, each with what happened while it was measured."""

    def find(self, key: str, name: str, kind: type[Payload]) -> tuple[Payload, tuple[str, ...]] | None:
        """The payload of the analysis ``name`` and its events, or None."""

        def read(held: Any) -> tuple[Payload, tuple[str, ...]]:
            return read_kept_payload(held["payload"], kind, name), msgspec.convert(held["events"], tuple[str, ...])

        return self._find(key, name, read)

    def add(self, key: str, payload: Payload, events: tuple[str, ...]) -> None:
        """Keep a payload; it is on disk when this returns. One of an analysis that went wrong is not kept.

        Raises:
            ReportError: it cannot be written.
        """
        if why_not_judged(payload) is None:
            self._add(key, {"payload": msgspec.to_builtins(payload), "events": events})


class KeptLayers(KeptResults):
    """The results of layers, and of the analyses of the network that follow them.

    Args:
        folder: it is made with the first result.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.network = KeptAnalyses(folder / "network")
        self.unused = 0
        """How many results of other settings lay beside them at the end."""
        self.tell: Callable[[LayerResult], None] | None = None
        """Called with each layer's result as it comes, such as to print it; not with those of an earlier audit."""

    def remove(self) -> None:
        """Remove all that is kept."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def find(self, key: str, name: str, types: Mapping[str, type[Payload]]) -> tuple[LayerResult, float | None] | None:
        """The result of the layer ``name`` and the scale of its weights, or None.

        ``types`` are those of its payloads by the names of their analyses.
        """

        def read(held: Any) -> tuple[LayerResult, float | None]:
            scale = held["scale"]
            return read_layer(held["layer"], types), None if scale is None else float(scale)

        return self._find(key, name, read)

    def add(self, key: str, result: LayerResult, scale: float | None) -> None:
        """Keep a result; it is on disk when this returns. One with an analysis that went wrong is not kept.

        Raises:
            ReportError: it cannot be written.
        """
        if self.tell is not None:
            self.tell(result)
        if all(why_not_judged(payload) is None for payload in result.analyses.values()):
            self._add(key, {"scale": scale, "layer": msgspec.to_builtins(result)})
