"""What an audit has measured so far: the result of each layer in a file of its own, so that an audit can go on.

A file's name is the hash of all that the result depends on, so a result can never stand for another layer, other
settings or other code. A file is JSON with its own SHA-256. A damaged one is measured again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from netaudit.files import make_folder, write_atomically
from netaudit.results.payload import Payload
from netaudit.results.reading import read_layer
from netaudit.results.report import LayerResult, why_not_judged
from netaudit.text import printable


class KeptLayers:
    """The results of layers in a folder, kept as they come. Raises nothing for what it cannot read.

    Args:
        folder: it is made with the first result.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.total = 0
        """How many layers the audit has; 0 before that is known."""
        self.kept = 0
        """How many of them are kept by now."""
        self.reused = 0
        """How many of them an earlier audit had kept."""
        self.unused = 0
        """How many results of other settings lay beside them at the end."""
        self.damaged: list[str] = []
        """Names of layers whose results could not be read, and were measured again."""

    def on_disk(self) -> int:
        """How many results lie in the folder, also of layers that this audit has not come to."""
        return sum(1 for _ in self.folder.glob("*.json"))

    def remove(self) -> None:
        """Remove all that is kept."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def find(self, key: str, name: str, types: Mapping[str, type[Payload]]) -> tuple[LayerResult, float | None] | None:
        """The result of the layer ``name`` and the scale of its weights, or None.

        ``types`` are those of its payloads by the names of their analyses.
        """
        try:
            text = self._path(key).read_bytes()
        except OSError:
            return None
        try:
            record = json.loads(text)
            held = record["kept"]
            if record["sha256"] != _sha256(held) or held["key"] != key:
                raise ValueError("not what was written")
            scale = held["scale"]
            found = read_layer(held["layer"], types), None if scale is None else float(scale)
        except (ValueError, TypeError, KeyError, RecursionError):
            self.damaged.append(printable(name, 60))
            return None
        self.kept += 1
        self.reused += 1
        return found

    def add(self, key: str, result: LayerResult, scale: float | None) -> None:
        """Keep a result; it is on disk when this returns. One with an analysis that went wrong is not kept.

        Raises:
            ReportError: it cannot be written.
        """
        if any(why_not_judged(payload) is not None for payload in result.analyses.values()):
            return
        held = {"key": key, "scale": scale, "layer": json.loads(json.dumps(msgspec.to_builtins(result)))}
        make_folder(self.folder)
        write_atomically(self._path(key), json.dumps({"sha256": _sha256(held), "kept": held}).encode("ascii"))
        self.kept += 1

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"


def _sha256(held: Any) -> str:
    return hashlib.sha256(json.dumps(held).encode("ascii")).hexdigest()
