"""The analysis ``linear_regions`` of every kept epoch, on the same segments between the same real inputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from netaudit.analyses.context import Settings
from netaudit.analyses.network.linear_regions.payload import ERRORS, LinearRegions
from netaudit.analyses.table import BUILT_IN
from netaudit.auditing.loop import Auditor
from netaudit.errors import NetauditError
from netaudit.studies.harness.epochs import epoch_files, open_epoch, training_figures
from netaudit.studies.harness.provenance import versions
from netaudit.text import printable

if TYPE_CHECKING:
    import torch

    from netaudit.network.network import Progress

NAME = "linear_regions"


def measure(folders: Sequence[Path], device: torch.device, seed: int, progress: Progress) -> dict[str, Any]:
    """Analyse every kept epoch of each folder, as ``netaudit train --keep-epochs`` writes them.

    Returns:
        ``{study, versions, seed, errors, networks: [{name, title, epochs: [...]}]}``; see :func:`figures`.

    Raises:
        SourceError: a folder holds no finished run with its epochs kept.
        NetauditError: the analysis does not apply to a network.
    """
    files = {folder: epoch_files(folder) for folder in folders}
    total, done = sum(map(len, files.values())), 0
    networks = []
    for folder, kept in files.items():
        card, history = open_epoch(folder, None).info.card or {}, training_figures(folder)["history"]
        accuracy = {entry["epoch"]: entry["test_accuracy"] for entry in history}
        epochs = []
        for file in kept:
            progress(f"{printable(folder.name, 60)}: epoch {int(file.stem)}", done, total)
            found = _found(folder, file, device, seed)
            epochs.append({"epoch": int(file.stem), "accuracy": accuracy.get(int(file.stem))} | figures(found))
            done += 1
        networks.append({"name": card["name"], "title": card["title"], "epochs": epochs})
    return {"study": "linear-regions", "versions": versions(), "seed": seed, "errors": ERRORS, "networks": networks}


def _found(folder: Path, file: Path, device: torch.device, seed: int) -> LinearRegions:
    network = open_epoch(folder, file)
    chosen = tuple(analysis for analysis in BUILT_IN if analysis.name == NAME)
    report = Auditor(Settings(device, seed), chosen, _silent).run(network, network.sample)
    found = report.payload(NAME, LinearRegions)
    if found is None:
        raise NetauditError(f"{printable(str(folder))}: its linear regions cannot be counted", hint="netaudit DIR")
    return found


def figures(found: LinearRegions) -> dict[str, Any]:
    """What the page shows of one epoch.

    Returns:
        ``pieces`` by kind of ends: lowest, median, highest; ``fewest`` by kind: median K for each error; ``flips``: a
        row a layer and kind; ``behaviour``: the verdict on each layer; ``nearest``: median distance of a real input to
        the first layer's boundaries; ``apart``: of two real inputs.
    """
    kinds = list(dict.fromkeys(segment.ends for segment in found.segments))
    of = {kind: [segment for segment in found.segments if segment.ends == kind] for kind in kinds}
    return {
        "pieces": {kind: _range([segment.pieces for segment in own]) for kind, own in of.items()},
        "fewest": {
            kind: [median(segment.fewest[error] for segment in own) for error in range(len(ERRORS))]
            for kind, own in of.items()
        },
        "flips": [
            {
                "layer": row.layer,
                "ends": row.ends,
                "flipped": row.flipped,
                "expected": row.expected,
                "shuffled": row.shuffled,
                "crossed": row.crossed,
                "dispersion": row.dispersion,
            }
            for row in found.flips
        ],
        "behaviour": [
            {"layer": row.layer, "verdict": row.verdict, "dispersion": row.dispersion, "excess": row.excess}
            for row in found.behaviour
        ],
        "nearest": None if found.nearest is None else found.nearest[1],
        "apart": found.apart,
    }


def _range(pieces: list[int]) -> list[float]:
    return [min(pieces), median(pieces), max(pieces)]


def _silent(message: str, done: float, total: float) -> None:
    """The analyses of single epochs are too quick to tell."""
