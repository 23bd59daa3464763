"""The study that the tests look at: the committed one, or a quick one made in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from netaudit.studies.calibration import plan as plans
from netaudit.studies.calibration.run import calibrate

COMMITTED = Path(__file__).parents[3] / "reports" / "calibration"


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the study; ``calibration.json`` there is complete."""
    if (COMMITTED / "calibration.json").exists():
        return COMMITTED
    out = tmp_path_factory.mktemp("calibration")
    calibrate(plans.quick(), out, command="netaudit calibrate --quick")
    return out


@pytest.fixture
def tiny() -> plans.Plan:
    """A plan of a few seconds that has something of everything."""
    cells = plans._merged(
        [
            plans.Cell("gaussian", (64, 64), 0.0, plans.CLAIMS, 3),
            plans.Cell("uniform", plans.POWER, 0.0, plans.CLAIMS, 1),
            *(plans.Cell("bias", plans.POWER, spread, ("constant_bias",), 1) for spread in (0.5, 2.0)),
            *(plans.Cell("spike", (64, 64), s, ("singular_law",), 3) for s in (0.5, 0.7, 3.0)),
        ]
    )
    shapes = ((64, 64),)
    return plans.Plan(cells, plans.bars_of(cells, shapes), shapes, 400)
