"""The watch over a process where the system keeps no limits: what it counts, with a stand-in for psutil."""

from __future__ import annotations

from threading import Event
from types import SimpleNamespace

import pytest

from netaudit.formats import child_watch, extras


class Taking:
    """A process that takes so much memory, and computes a second more at each look."""

    def __init__(self, memory: int, computed: float) -> None:
        self.memory, self.computed = memory, computed

    def memory_info(self) -> SimpleNamespace:
        return SimpleNamespace(rss=self.memory)

    def cpu_times(self) -> SimpleNamespace:
        self.computed += 1
        return SimpleNamespace(user=self.computed - 0.25, system=0.25)


class Process:
    pid = 1

    def __init__(self) -> None:
        self.ended = Event()

    def kill(self) -> None:
        self.ended.set()


@pytest.fixture
def taking(monkeypatch: pytest.MonkeyPatch) -> Taking:
    process = Taking(0, 1000.0)  # it has computed before it was watched
    psutil = SimpleNamespace(Process=lambda pid: process, Error=LookupError)
    monkeypatch.setattr(extras, "load", lambda *_: psutil)
    monkeypatch.setattr(child_watch, "EVERY", 0.0005)
    return process


def test_only_what_it_computes_from_now_on_counts(taking: Taking) -> None:
    process = Process()
    with child_watch.watched(process, 10, 20.0, "a.onnx") as exceeded:
        assert process.ended.wait(10)
    assert exceeded.bound == "seconds"
    assert 1020 < taking.computed < 1025


@pytest.mark.parametrize(("more", "bound"), [(0, "seconds"), (1, "memory")])
def test_the_libraries_own_memory_is_not_the_file_s(taking: Taking, more: int, bound: str) -> None:
    taking.memory = 10 + child_watch.LIBRARIES + more
    process = Process()
    with child_watch.watched(process, 10, 20.0, "a.onnx") as exceeded:
        assert process.ended.wait(10)
    assert exceeded.bound == bound


def test_one_that_takes_little_is_left_alone(taking: Taking) -> None:
    process = Process()
    with child_watch.watched(process, 10, 1e9, "a.onnx") as exceeded:
        assert not process.ended.wait(0.05)
    assert exceeded.bound == ""
    assert not process.ended.is_set()
