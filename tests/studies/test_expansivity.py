"""The study of injective layers, in small, from its journal to its page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netaudit.geometry.injectivity.laws import chance_injective
from netaudit.studies.expansivity import page, run
from netaudit.studies.expansivity.measure import Cell, cells, work

REPORTS = Path(__file__).parents[2] / "reports"


def silent(message: str, done: float, total: float) -> None:
    """No progress."""


def test_it_runs_once_and_makes_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = run.run(tmp_path, command="test", jobs=1, progress=silent, quick=True)
    monkeypatch.setattr(run, "work", None)  # what is in the journal is not run again
    assert run.run(tmp_path, command="test", jobs=1, progress=silent, quick=True) == data
    for cell in data["cells"]:
        assert cell["yes"] + cell["no"] == cell["draws"] == 40
    shares = {(cell["domain"], cell["m"]): cell["yes"] / 40 for cell in data["cells"]}
    assert shares["all", 4] < shares["orthant", 4] < shares["orthant", 10]
    assert shares["all", 10] == pytest.approx(chance_injective(10, 2), abs=0.2)
    document = page.document(data).document()
    assert [section.identifier for section in document.sections] == ["summary", "all", "orthant", "references", "how"]
    assert set(document.figures) == {"few_all", "few_orthant"}


def test_a_search_leaves_open_what_it_does_not_find() -> None:
    [record] = work(Cell("all", 20, 240, 2, "searched"))
    assert (record["yes"], record["no"], record["undecided"]) == (0, 0, 2)


def test_a_search_says_yes_of_no_layer_and_a_decision_of_nearly_all_with_so_many_rows() -> None:
    searched, decided = (next(work(Cell("all", 2, 20, 3, how))) for how in ("searched", "decided"))
    assert (searched["yes"], decided["yes"]) == (0, 3)


def test_the_committed_study_has_the_shapes_of_the_plan() -> None:
    committed = json.loads((REPORTS / "injectivity" / "injectivity.json").read_text("ascii"))["cells"]
    fields = ("domain", "n", "m", "draws", "how")
    assert {tuple(cell[field] for field in fields) for cell in committed} == {
        tuple(getattr(cell, field) for field in fields) for cell in cells()
    }


def test_no_two_cells_share_a_key() -> None:
    keys = [cell.key for cell in cells()]
    assert len(set(keys)) == len(keys)
