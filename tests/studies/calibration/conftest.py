from __future__ import annotations

import pytest

from netaudit.studies.calibration import plan as plans
from netaudit.studies.calibration.cells import CLAIMS, LADDER, START, CalibrationPlan, LayerCell
from netaudit.studies.calibration.criteria import POWER, criteria_of
from netaudit.studies.calibration.wishes import Wish

WISHES = (Wish("random_zeros", 0.5, {"random_likeness": ("as_drawn",), "singular_law": ("holds",)}, (64, 64)),)


@pytest.fixture
def tiny() -> plans.CalibrationPlan:
    """A plan of a few seconds that has something of everything."""
    cells = plans._merged(
        [
            LayerCell("gaussian", (64, 64), 0.0, CLAIMS, 3, (LADDER,)),
            LayerCell("uniform", POWER, 0.0, CLAIMS, 1),
            *(LayerCell("bias", POWER, spread, ("constant_bias",), 1) for spread in (0.5, 2.0)),
            LayerCell("start_torch_default", (64, 64), 0.0, (), 1, (START,)),
            *plans._structured(WISHES, 1),
            *(LayerCell("spike", (64, 64), s, ("singular_law",), 3, (LADDER,)) for s in (0.5, 0.7, 3.0)),
        ]
    )
    shapes = ((64, 64),)
    return CalibrationPlan(cells, criteria_of(cells, shapes), shapes, 400, WISHES)
