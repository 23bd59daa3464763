"""The study of the initialisation, in small, from its journal to its page."""

from __future__ import annotations

from pathlib import Path

import pytest

from netaudit.studies.initialisation import page, run
from netaudit.studies.initialisation.plan import DTYPES, Draws, tasks


def silent(message: str, done: float, total: float) -> None:
    """No progress."""


def test_it_runs_once_and_makes_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = run.run(tmp_path, command="test", jobs=1, progress=silent, quick=True)
    monkeypatch.setattr(run, "work", None)  # what is in the journal is not run again
    again = run.run(tmp_path, command="test", jobs=1, progress=silent, quick=True)
    assert again == data
    (training,) = data["training"]
    assert [look["noticed"] for look in training["runs"][0]] == [False, True, True]
    document = page.document(data).document(draw=False)
    assert [section.identifier for section in document.sections] == ["summary", "false-alarms", "power", "how"]


def test_every_family_of_a_large_shape_is_drawn_in_one_dtype() -> None:
    parts = [Draws((1000, 512), dtype).of("abcdefg") for dtype in DTYPES]
    assert sorted(name for part in parts for name in part) == list("abcdefg")


def test_no_two_records_share_a_key() -> None:
    keys = [(task.cell.key, task.seed) for task in tasks()]
    assert len(set(keys)) == len(keys)
