"""What training does to each claim: the weights kept after each epoch, audited one after the other.

Training is slow and auditing is quick, so they are apart: ``netaudit train --keep-epochs`` keeps the weights, and
this measures them, again and again if need be.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netaudit.analyses.context import Settings
from netaudit.analyses.layer.random_likeness.payload import RandomLikeness
from netaudit.analyses.network.hidden_units.payload import HiddenUnits
from netaudit.analyses.network.labels_back.payload import LabelRun, LabelsBack
from netaudit.analyses.table import BUILT_IN
from netaudit.auditing.loop import Auditor
from netaudit.network.network import Progress
from netaudit.results import LayerResult, Report
from netaudit.studies.harness.epochs import epoch_files, open_epoch, training_figures
from netaudit.text import printable
from netaudit.version import __version__

if TYPE_CHECKING:
    import torch

# One number a claim and layer, or two: what the figures draw, and no verdict.
KEPT = {
    "gaussian_weights": ("ks_gaussian", "excess_kurtosis", "std"),
    "constant_bias": ("std_over_preactivation_scale", "mean", "std"),
    "singular_law": ("ks_marchenko_pastur", "ks_bulk", "bulk_variance_share", "spikes", "largest_over_edge"),
    "shadow_inversion": (
        "cross_talk_inflation",
        "effective_inputs_share",
        "gain",
        "relative_error_ratio",
        "support_auc",
    ),
}
LADDER = ("random_like_share", "directions")
"""What is kept of the ladder of nulls, which is no claim."""


def measure(folders: Sequence[Path], device: torch.device, seed: int, progress: Progress) -> dict[str, Any]:
    """Audit every kept epoch of each folder, as ``netaudit train --keep-epochs`` writes them.

    Returns:
        ``{versions, seed, networks: [{name, title, recipe, layers, history, epochs: [...]}]}``; an epoch holds its
        number and its :func:`figures`.

    Raises:
        SourceError: a folder holds no finished run with its epochs kept.
    """
    files = {folder: epoch_files(folder) for folder in folders}
    total, done = sum(map(len, files.values())), 0
    networks = []
    for folder, kept in files.items():
        network = open_epoch(folder, None)
        card, run = network.info.card or {}, training_figures(folder)
        epochs = []
        for file in kept:
            progress(f"{printable(folder.name, 60)}: epoch {int(file.stem)}", done, total)
            opened = open_epoch(folder, file)
            report = Auditor(Settings(device, seed), BUILT_IN, _silent).run(opened, opened.sample)
            epochs.append({"epoch": int(file.stem)} | figures(report))
            done += 1
        networks.append(
            {
                "name": card["name"],
                "title": card["title"],
                "recipe": card["recipe"],
                "seed": card["seed"],
                "trained_with": card["trained_with"],
                "accuracy": card["accuracy"],
                "layers": [{"name": spec.name, "shape": list(spec.shape)} for spec in network.specs()],
                "history": run["history"],
                "epochs": epochs,
            }
        )
    return {"versions": {"netaudit": __version__}, "seed": seed, "networks": networks}


def figures(report: Report) -> dict[str, Any]:
    """What the curves draw of one audit: ``KEPT`` by layer, the labels' way down and back, the hidden units' r."""
    labels, units = report.payload("labels_back", LabelsBack), report.payload("hidden_units", HiddenUnits)
    return {
        "layers": {layer.name: _of_layer(layer) for layer in report.layers},
        "labels": [_of_labels(run) for run in (labels.runs if labels else ())],
        "units": [{"lower": p.lower, "upper": p.upper, "r": p.r} for p in (units.pairs if units else ())],
        "accuracy": None if report.data is None else report.data.accuracy,
    }


def _of_layer(result: LayerResult) -> dict[str, dict[str, float | int | None]]:
    findings = result.findings
    kept = {claim: {name: findings[claim].metrics.get(name) for name in names} for claim, names in KEPT.items()}
    ladder = result.payload("random_likeness", RandomLikeness)
    return kept | {"random_likeness": {name: None if ladder is None else getattr(ladder, name) for name in LADDER}}


def _of_labels(run: LabelRun) -> dict[str, Any]:
    return {"source": run.source, "rho": run.rho, "top1": run.top1, "twin_top1": run.twin_top1}


def _silent(message: str, done: float, total: float) -> None:
    """The audits of single epochs are too quick to tell."""
