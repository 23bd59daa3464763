"""Work spread over processes, each with one thread, so that the results do not depend on how many there are."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, TypeVar

from netaudit.errors import NetauditError

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

T = TypeVar("T")
Record = dict[str, Any]

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def run_tasks(tasks: Sequence[T], jobs: int, work: Callable[[T], Iterable[Record]]) -> Generator[Record, None, None]:
    """Yield each record of ``work(task)`` as soon as it is there. Closing the iterator ends the processes.

    Args:
        tasks: each is done in one process, the first ones first.
        jobs: processes at most.
        work: a function of a module, which the other processes import.

    Raises:
        NetauditError: a process ended before its work was done.
        RuntimeError: a task raised.
    """
    context = get_context("spawn")  # a forked process would inherit the threads and locks of this one
    waiting = list(reversed(tasks))
    busy: list[Connection[Any, Any]] = []
    processes: list[BaseProcess] = []
    try:
        with _one_thread():
            for _ in range(min(jobs, len(tasks))):
                here, there = context.Pipe()
                process: BaseProcess = context.Process(target=serve, args=(there, work), daemon=True)
                process.start()
                there.close()  # so that its end is noticed here
                processes.append(process)
                busy.append(here)
                here.send(waiting.pop())
        while busy:
            ready = wait(busy)
            for connection in [each for each in busy if each in ready]:
                try:
                    kind, content = connection.recv()
                except (EOFError, ConnectionResetError) as error:
                    raise NetauditError(
                        "a process of the study ended unexpectedly", hint="short of memory? fewer at a time: --jobs 1"
                    ) from error
                if kind == "record":
                    yield content
                elif kind == "error":
                    raise RuntimeError(content)
                elif waiting:
                    connection.send(waiting.pop())
                else:
                    busy.remove(connection)
    finally:
        for process in processes:
            process.terminate()
            process.join()


def serve(connection: Connection[Any, Any], work: Callable[[T], Iterable[Record]]) -> None:
    """What a process does: tasks in, records out, until it is ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all of them; the first process decides
    import torch

    torch.set_num_threads(1)
    while True:
        try:
            for record in work(connection.recv()):
                connection.send(("record", record))
            connection.send(("done", None))
        except (EOFError, BrokenPipeError):
            return
        except Exception as error:  # noqa: BLE001 - told to the first process, which reports it as one line
            connection.send(("error", f"{type(error).__name__}: {error}"))
            return


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes started inside the block have one BLAS thread: the libraries read this when they are loaded."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
