"""The study of the geometry's verdicts, in small, from its journal to its page."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from netaudit.studies.geometry_claims import injectivity, page, plan, run
from netaudit.studies.geometry_claims.injectivity import by_brute_force
from netaudit.studies.geometry_claims.lines import Line, met


def silent(message: str, done: float, total: float) -> None:
    """No progress."""


def test_it_runs_once_and_makes_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "ANALYSES", {"injectivity": injectivity})  # the quicker one
    data = run.run(tmp_path, command="test", jobs=1, progress=silent, quick=True)
    monkeypatch.setattr(run, "work", None)  # what is in the journal is not run again
    assert run.run(tmp_path, command="test", jobs=1, progress=silent, quick=True) == data
    rows = {(line["kind"], line["strength"]): line["rate"] for line in data["lines"]}
    assert rows["power", "5 different rows"] == rows["power", "0.001"] == 1
    assert {line["rate"] for line in data["lines"] if line["kind"] == "false_alarm"} == {0}
    document = page.document(data).document(draw=False)
    assert [section.identifier for section in document.sections] == ["summary", "injectivity", "how"]


def test_a_coherent_layer_is_noticed_and_a_random_one_is_not() -> None:
    lines = [line for line in plan.lines() if line.analysis == "linear_regions" and "1000" not in line.planted]
    first, last = (
        lines[1],
        next(line for line in lines if line.strength.endswith("0.7 of a weight's standard deviation")),
    )
    draws = [next(plan.work(plan.Task(Line(**{**vars(line), "draws": 3}), 0))) for line in (first, last)]
    assert [record["noticed"] for record in draws] == [[], [0, 1, 2]]


def test_neurons_that_occur_five_times_are_noticed() -> None:
    [line] = [line for line in plan.lines() if line.analysis == "linear_regions" and line.strength == "5 times"]
    assert all(plan.ANALYSES["linear_regions"].noticed(line, seed) for seed in range(3))


def test_all_layers_of_a_run_must_have_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    of_depth = plan.ANALYSES["depth_limit"]
    [line] = [
        line for line in plan.lines() if "near the identity" in line.planted and line.strength.endswith("256, c = 0.05")
    ]

    def answer(*words: str) -> bool:
        layers = [SimpleNamespace(likeness=word) for word in words]
        monkeypatch.setattr(of_depth, "depth_limit", lambda *_, **__: SimpleNamespace(layers=layers))
        monkeypatch.setattr(of_depth, "layer", lambda *_: None)
        return of_depth.noticed(line, 0)

    assert answer("near_identity", "near_identity")
    assert not answer("near_identity", "as_random")


def test_every_draw_of_a_line_is_in_one_record() -> None:
    tasks = plan.tasks()
    assert len({(task.line.key, task.first) for task in tasks}) == len(tasks)
    for line in plan.lines():
        seeds = [seed for task in tasks if task.line is line or task.line == line for seed in task.seeds]
        assert seeds == list(range(line.draws))


@pytest.mark.parametrize(
    ("kind", "noticed", "answer"),
    [
        ("false_alarm", 1, True),
        ("false_alarm", 2, False),
        ("power", 95, True),
        ("power", 94, False),
        ("below", 0, None),
        ("rate", 50, True),
        ("rate", 80, False),
    ],
)
def test_bars(kind: str, noticed: int, answer: bool | None) -> None:
    line = Line("a", kind, "p", "", 100, expected=0.5 if kind == "rate" else None)  # type: ignore[arg-type]
    assert met(line, noticed, noticed / 100 - 0.15, noticed / 100 + 0.15) is answer


def test_a_known_rate_is_held_against_the_interval_of_99_9_percent() -> None:
    line = Line("a", "rate", "p", "", 1000, expected=0.5)
    journal = SimpleNamespace(of=lambda key, seeds: [{"noticed": list(range(465))}])
    row = run._summed(line, journal)  # type: ignore[arg-type]
    assert row["interval"][1] < 0.5  # that of 95 %
    assert row["met"]


def test_brute_force_on_known_layers() -> None:
    turns = 2 * np.pi * np.arange(5) / 5
    pentagon = np.stack([np.cos(turns), np.sin(turns)], 1)
    assert by_brute_force(pentagon, "all")
    assert not by_brute_force(pentagon[:4], "all")
    positive = np.eye(3) + 0.1
    assert by_brute_force(positive, "orthant")
    assert not by_brute_force(positive, "all")
    assert not by_brute_force(-positive, "orthant")
