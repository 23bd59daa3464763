import multiprocessing
import os
import signal
import time

import pytest
import torch

from netaudit.errors import NetauditError
from netaudit.studies.harness import pool
from netaudit.studies.harness.pool import run_tasks

WAIT = 120


def environment(task):
    """How a process is set up: its threads, what Ctrl-C does, and a value that depends on the task alone."""
    drawn = torch.rand(3, generator=torch.Generator().manual_seed(task)).tolist()
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    yield {"task": task, "drawn": drawn, "threads": torch.get_num_threads(), "omp": os.environ["OMP_NUM_THREADS"]}
    yield {"task": task, "ignored": ignored, "pid": os.getpid()}


def mixed(task):
    """The first task is quick; others wait for longer than any test takes, end their process, or raise."""
    match task:
        case "quick":
            return [{"done": task}]
        case "long":
            time.sleep(WAIT)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "refused":
            raise NetauditError("no such data", hint="download it")
    raise KeyError(task)


def children():
    return [process.pid for process in multiprocessing.active_children()]


def test_two_processes_of_one_thread_give_what_one_would():
    handler = signal.getsignal(signal.SIGINT)
    records = list(run_tasks([3, 1, 2], 2, environment))
    drawn = {record["task"]: record["drawn"] for record in records if "drawn" in record}
    assert drawn == {task: next(iter(environment_here(task))) for task in (1, 2, 3)}
    assert {(record["threads"], record["omp"]) for record in records if "drawn" in record} == {(1, "1")}
    own = [record for record in records if "pid" in record]
    assert all(record["ignored"] for record in own)
    assert os.getpid() not in {record["pid"] for record in own}
    assert signal.getsignal(signal.SIGINT) is handler
    assert children() == []


def environment_here(task):
    yield torch.rand(3, generator=torch.Generator().manual_seed(task)).tolist()


def test_no_tasks_no_processes(monkeypatch):
    monkeypatch.setattr(pool, "ProcessPoolExecutor", None)
    assert list(run_tasks([], 4, environment)) == []


def test_this_process_keeps_its_own_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with pool._for_new_processes():
        assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


def test_records_come_before_the_rest_is_done_and_closing_ends_the_processes():
    began = time.monotonic()
    records = run_tasks(["quick", "long", "long"], 2, mixed)
    assert next(records) == {"done": "quick"}
    assert len(children()) == 2
    records.close()
    assert children() == []
    assert time.monotonic() - began < WAIT


def test_what_a_task_raises_is_raised_and_ends_the_others():
    with pytest.raises(NetauditError, match="no such data") as caught:
        list(run_tasks(["refused", "long"], 2, mixed))
    assert caught.value.hints == ("download it",)
    assert children() == []


def test_a_process_that_is_killed_is_told_in_one_line_and_ends_the_others():
    began = time.monotonic()
    with pytest.raises(NetauditError, match="ended unexpectedly"):
        list(run_tasks(["long", "killed"], 2, mixed))
    assert children() == []
    assert time.monotonic() - began < WAIT  # at once, not when the other has done its work
