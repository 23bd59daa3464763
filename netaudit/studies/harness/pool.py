"""Work spread over processes, each with one thread, so that the results do not depend on how many there are."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from typing import Any, TypeVar

from netaudit.errors import NetauditError

T = TypeVar("T")
Record = dict[str, Any]

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def run_tasks(tasks: Sequence[T], jobs: int, work: Callable[[T], Iterable[Record]]) -> Generator[Record, None, None]:
    """Yield the records of ``work(task)`` as soon as the task is done. Closing the iterator ends the processes.

    Args:
        tasks: each is done in one process, the first ones first.
        jobs: processes at most.
        work: a function of a module, which the other processes import.

    Raises:
        NetauditError: a process ended before its work was done.
        Exception: what a task raised.
    """
    if not tasks:
        return
    others = set(active_children())
    context = get_context("spawn")  # a forked process would inherit the threads and locks of this one
    executor = ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=context, initializer=_one_thread)
    try:
        with _for_new_processes():
            futures = [executor.submit(_records, work, task) for task in tasks]
            # The executor's own thread learns of the last process with the next task. Without one it would not notice
            # the death of that process before another has finished its work.
            executor.submit(os.getpid)
        for future in as_completed(futures):
            yield from future.result()
    except BrokenProcessPool as error:
        raise NetauditError(
            "a process of the study ended unexpectedly", hint="short of memory? fewer at a time: --jobs 1"
        ) from error
    finally:
        for process in set(active_children()) - others:
            process.terminate()  # a task that has begun may take long: nobody waits for its end
        executor.shutdown(cancel_futures=True)


def _records(work: Callable[[T], Iterable[Record]], task: T) -> list[Record]:
    return list(work(task))


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@contextmanager
def _for_new_processes() -> Iterator[None]:
    """Have processes that are started inside the block compute in one thread and leave Ctrl-C to this one.

    They inherit both: BLAS libraries read the number of their threads when they are loaded, and a signal that is
    ignored stays so. A terminal sends Ctrl-C to all of them, and the first process ends the others.
    """
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    is_main = threading.current_thread() is threading.main_thread()  # no other thread may set a handler
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if is_main else None
    try:
        yield
    finally:
        if is_main:
            signal.signal(signal.SIGINT, handler)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
