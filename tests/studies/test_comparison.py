"""The study of comparisons: a record of each kind, its page, and what the committed one says."""

import json
from pathlib import Path

import pytest

from netaudit.studies.comparison import page
from netaudit.studies.comparison.measure import work
from netaudit.studies.comparison.plan import APART, MADE, SHAPES, Rounded, Spike, Task, tasks
from netaudit.studies.comparison.run import rate

COMMITTED = Path(__file__).parents[2] / "reports" / "comparison" / "comparison.json"


def test_a_record_holds_what_was_planted():
    [strong] = work(Task(Spike(SHAPES[0], 3.0), 0, quick=True))
    [weak] = work(Task(Spike(SHAPES[0], 0.0), 0, quick=True))
    assert (strong["seen"], weak["seen"], strong["trials"]) == (3, 0, 3)
    [rounded] = work(Task(Rounded("int8 per row", "rounded"), 0, quick=True))
    [noise] = work(Task(Rounded("int8 per row", "noise"), 0, quick=True))
    assert set(rounded["words"]) == {"requantised"}
    assert set(noise["words"]) == {"fine_tuned"}


def test_every_record_has_a_key_of_its_own():
    keys = [(task.cell.key, task.seed) for task in tasks()]
    assert len(set(keys)) == len(keys)


def test_the_interval_is_wilsons():
    """By hand: p = 1/2, n = 4, z = 1.96: (0.5 + z^2/8 -+ z sqrt(1/16 + z^2/64)) / (1 + z^2/4)."""
    found = rate(2, 4)
    assert (found["low"], found["high"]) == pytest.approx((0.150, 0.850), abs=5e-4)


def test_the_committed_study_is_of_this_plan():
    data = json.loads(COMMITTED.read_text("ascii"))
    assert [each["name"] for each in data["trained"]] == [*MADE, *APART]
    text = page.document(data).document(draw=False)
    assert text.sections[0].title == "1 Summary"
