"""What the records depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import fields
from importlib import resources
from importlib.resources.abc import Traversable

from netaudit.analyses.table import ANALYSERS
from netaudit.studies.harness.provenance import versions

# what draws and judges a layer; the plan is no part of it: a study may grow without being run again
_SOURCES = (
    "analyses", "numerics", "shadow", "network/layers.py",
    "studies/calibration/scenarios.py", "studies/calibration/measure.py", "studies/calibration/effects.py",
)  # fmt: skip


def tolerances() -> dict[str, dict[str, float]]:
    """Every number that an analyser is set to, by claim."""
    return {
        analyser.claim: {
            field.name: float(value)
            for field in fields(analyser)  # type: ignore[arg-type]
            if isinstance(value := getattr(analyser, field.name), (int, float)) and not isinstance(value, bool)
        }
        for analyser in ANALYSERS
    }


def fingerprint() -> str:
    """SHA-256 over tolerances, versions and the source that draws and judges."""
    digest = hashlib.sha256(json.dumps([tolerances(), versions()], sort_keys=True).encode())
    package = resources.files("netaudit")
    for name in _SOURCES:
        for source in _python(package / name):
            digest.update(source.read_bytes())
    return digest.hexdigest()


def _python(place: Traversable) -> Iterator[Traversable]:
    if place.is_file():
        if place.name.endswith(".py"):
            yield place
        return
    for child in sorted(place.iterdir(), key=lambda each: each.name):
        yield from _python(child)
