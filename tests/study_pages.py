"""Make the committed pages again from their JSON, after a change of the layout: ``python tests/study_pages.py``."""

import importlib.util
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from netaudit.report import write_reports
from netaudit.results import AuditReport
from netaudit.studies.calibration import page as calibration
from netaudit.studies.harness.page import StudyPage, write_study
from netaudit.studies.shadow_training import page as shadow_training
from netaudit.studies.theory.page import build_page
from netaudit.studies.training_curves import page as training

ROOT = Path(__file__).parent.parent
REPORTS = ROOT / "reports"


def benchmark(data: Mapping[str, Any]) -> StudyPage:
    spec = importlib.util.spec_from_file_location("page", ROOT / "tests" / "bench" / "page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.document(data)


PAGES: dict[str, Callable[[Mapping[str, Any]], StudyPage]] = {
    "benchmark": benchmark,
    "calibration": calibration.document,
    "shadow-training": shadow_training.document,
    "theory": build_page,
    "training": training.document,
}


def main() -> None:
    for stem, document in PAGES.items():
        write_study(document(json.loads((REPORTS / stem / f"{stem}.json").read_text("ascii"))), REPORTS / stem)
    for sample in (REPORTS / "samples").iterdir():
        write_reports(AuditReport.from_json(sample / "audit.json"), sample)


if __name__ == "__main__":
    main()
