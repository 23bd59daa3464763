"""Make every committed page again from its JSON, after a change of the layout: ``python -m netaudit.studies.pages``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from netaudit.api import AuditReport
from netaudit.report.renderers.bundled import latex
from netaudit.report.write import write_files
from netaudit.studies.benchmark import page as benchmark
from netaudit.studies.calibration import page as calibration
from netaudit.studies.comparison import page as comparison
from netaudit.studies.comparison import samples as comparisons
from netaudit.studies.expansivity import page as expansivity
from netaudit.studies.geometry_claims import page as geometry_claims
from netaudit.studies.harness.page import StudyPage, write_study
from netaudit.studies.initialisation import page as initialisation
from netaudit.studies.recurrent import page as recurrent
from netaudit.studies.regions_in_training import page as regions_in_training
from netaudit.studies.shadow_training import page as shadow_training
from netaudit.studies.survey import page as survey
from netaudit.studies.theory import page as theory
from netaudit.studies.training_curves import page as training_curves
from netaudit.studies.truncation import page as truncation

PAGES: dict[str, Callable[[Mapping[str, Any]], StudyPage]] = {
    "benchmark": benchmark.document,
    "calibration": calibration.document,
    "comparison": comparison.document,
    "geometry-claims": geometry_claims.document,
    "initialisation": initialisation.document,
    "injectivity": expansivity.document,
    "linear-regions": regions_in_training.document,
    "recurrent": recurrent.document,
    "shadow-training": shadow_training.document,
    "survey": survey.document,
    "theory": theory.document,
    "training": training_curves.document,
    "truncation": truncation.document,
}
"""How the page of each study is made from its JSON, by its folder and stem."""
VENUE = "icml"
"""Whose columns the committed bundle for a paper is made for."""


def main(reports: Path) -> None:
    """Write the studies, the samples and the bundle for a paper in the folder ``reports`` again."""
    for stem, document in PAGES.items():
        folder = reports / stem
        write_study(document(json.loads((folder / f"{stem}.json").read_text("ascii"))), folder)
    for sample in sorted((reports / "samples").iterdir()):
        AuditReport.from_json(sample / "audit.json").write(sample)
    report = AuditReport.from_json(reports / "samples" / "mnist-mlp" / "audit.json")
    write_files(latex(report.document(draw=False, venue=VENUE)), reports / "paper")
    comparisons.again(reports / "comparison")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "reports"))
