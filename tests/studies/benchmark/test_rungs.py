"""What each rung costs: every step of the ladder is timed, and the page shows it as a multiple of a decomposition."""

import json
from pathlib import Path

import torch

from netaudit.report.document.model import Table
from netaudit.studies.benchmark import rungs
from netaudit.studies.benchmark.page import RUNG_STEPS, document

COMMITTED = Path(__file__).parents[3] / "reports" / "benchmark" / "benchmark.json"


def test_every_step_is_timed():
    weight = torch.randn(64, 96, generator=torch.Generator().manual_seed(0)) + 0.5
    found = rungs.steps(weight)
    assert list(found) == ["decomposition", *RUNG_STEPS]
    assert all(seconds >= 0 for seconds in found.values())


def test_the_page_shows_multiples_of_one_decomposition():
    seconds = dict.fromkeys(RUNG_STEPS, 3.0) | {"decomposition": 2.0}
    found = {"date": "2026-01-01", "torch": "2.14.1", "layers": [{"shape": [40, 50], "seconds": seconds}]}
    page = document(json.loads(COMMITTED.read_text("ascii")) | {"rungs": found})
    [section] = [section for section in page.sections if section.identifier == "rungs"]
    [costs] = [block for block in section.blocks if isinstance(block, Table)]
    assert [cell.text for cell in costs.rows[0]] == ["40 × 50", "2", *["1.5"] * len(RUNG_STEPS)]
