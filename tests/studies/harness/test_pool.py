import os
import signal

import pytest

from netaudit.errors import NetauditError
from netaudit.studies.calibration.measure import Task, judge, measure, tracy_widom_scores
from netaudit.studies.calibration.plan import Cell
from netaudit.studies.harness import pool
from netaudit.studies.harness.pool import run_tasks

CELL = Cell("spike", (40, 50), 2.0, ("gaussian_weights", "constant_bias", "singular_law", "shadow_inversion"), 4)
TASKS = [Task(CELL, (0, 1)), Task(CELL, (2,)), Task(None, shape=(64, 64), draws=30)]


def timeless(records):
    return sorted(
        ({k: v for k, v in r.items() if k != "seconds"} for r in records), key=lambda r: (r["cell"], r["seed"])
    )


def test_the_results_do_not_depend_on_the_number_of_processes():
    one, two = (timeless(run_tasks(TASKS, jobs, measure)) for jobs in (1, 2))
    assert one == two
    assert one == timeless([*(judge(CELL, seed) for seed in range(3)), tracy_widom_scores((64, 64), 30)])


def test_no_tasks_no_processes():
    assert list(run_tasks([], 4, measure)) == []


def test_each_process_has_one_thread_and_this_one_keeps_its_own(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with pool._one_thread():
        assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


def test_an_error_in_a_task_is_told():
    broken = Cell("no such scenario", (40, 50), 2.0, ("gaussian_weights",), 1)
    with pytest.raises(RuntimeError, match="KeyError: 'no such scenario'"):
        list(run_tasks([Task(broken, (0,))], 1, measure))


def test_a_process_that_is_killed_is_noticed(monkeypatch):
    started = []
    real = pool.get_context("spawn").Process.start

    def keep(process):
        real(process)
        started.append(process)

    monkeypatch.setattr(pool.get_context("spawn").Process, "start", keep)
    records = run_tasks([Task(CELL, tuple(range(4)))], 1, measure)
    next(records)
    os.kill(started[0].pid, signal.SIGKILL)
    with pytest.raises(NetauditError, match="ended unexpectedly"):
        list(records)


def test_closing_ends_the_processes(monkeypatch):
    started = []
    real = pool.get_context("spawn").Process.start
    monkeypatch.setattr(
        pool.get_context("spawn").Process, "start", lambda process: (real(process), started.append(process))
    )
    records = run_tasks([Task(CELL, tuple(range(4))), Task(CELL, (0,))], 2, measure)
    next(records)
    records.close()
    assert len(started) == 2
    assert not any(process.is_alive() for process in started)
