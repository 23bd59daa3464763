from __future__ import annotations

import pytest

from netaudit.studies.calibration import plan as plans


@pytest.fixture
def tiny() -> plans.CalibrationPlan:
    """A plan of a few seconds that has something of everything."""
    cells = plans._merged(
        [
            plans.LayerCell("gaussian", (64, 64), 0.0, plans.CLAIMS, 3),
            plans.LayerCell("uniform", plans.POWER, 0.0, plans.CLAIMS, 1),
            *(plans.LayerCell("bias", plans.POWER, spread, ("constant_bias",), 1) for spread in (0.5, 2.0)),
            *(plans.LayerCell("spike", (64, 64), s, ("singular_law",), 3) for s in (0.5, 0.7, 3.0)),
        ]
    )
    shapes = ((64, 64),)
    return plans.CalibrationPlan(cells, plans.criteria_of(cells, shapes), shapes, 400)
