"""What the records depend on, and from which commit they come."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from netaudit import __version__
from netaudit.analysers.default import ANALYSERS

# what draws and judges a layer; the plan is no part of it: a study may grow without being run again
_SOURCES = (
    "analysers", "laws", "shadow", "device.py", "spectrum.py", "layers.py",
    "calibration/scenarios.py", "calibration/measure.py", "calibration/effects.py",
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


def versions() -> dict[str, str]:
    """Of everything that the numbers depend on."""
    return {
        "netaudit": __version__,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in ("torch", "numpy", "scipy")},
    }


def fingerprint() -> str:
    """SHA-256 over tolerances, versions and the source that draws and judges."""
    digest = hashlib.sha256(json.dumps([tolerances(), versions()], sort_keys=True).encode())
    package = resources.files("netaudit")
    for name in _SOURCES:
        for source in _python(package / name):
            digest.update(source.read_bytes())
    return digest.hexdigest()


def commit() -> str | None:
    """The commit that the package was run from, with ``-dirty`` if its files differ; None outside a checkout."""
    folder = Path(str(resources.files("netaudit")))

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=False)
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    head = git("rev-parse", "HEAD")
    if not head or git("ls-files", "--error-unmatch", "__init__.py") is None:  # someone else's checkout holds us
        return None
    return head + ("-dirty" if git("status", "--porcelain", "--", ".") else "")


def _python(place: Traversable) -> Iterator[Traversable]:
    if place.is_file():
        if place.name.endswith(".py"):
            yield place
        return
    for child in sorted(place.iterdir(), key=lambda each: each.name):
        yield from _python(child)


def describe_run(command: str, date: str, jobs: int) -> dict[str, Any]:
    """What is kept of a run: nothing of the machine but how many processes it had."""
    return {"date": date, "commit": commit(), "command": command, "jobs": jobs}
