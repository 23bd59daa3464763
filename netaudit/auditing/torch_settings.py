"""PyTorch's global settings in an audit: the same numbers whatever the user has set, and all as it was afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from threading import Lock, RLock
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_AUTOCAST = ("cpu", "cuda", "mps")
"""Kinds of device whose automatic mixed precision is switched off."""


def settled(function: Callable[P, R]) -> Callable[P, R]:
    """Call the function with PyTorch's defaults: float32, the CPU, full precision, no automatic mixed precision.

    Where its argument ``deterministic`` is true, it also computes in one thread.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with _settings(one_thread=bool(kwargs.get("deterministic"))):
            return function(*args, **kwargs)

    return call


@contextmanager
def _settings(*, one_thread: bool) -> Iterator[None]:
    import torch

    with ExitStack() as stack:
        if one_thread:
            stack.enter_context(_one_thread())
        stack.enter_context(_PROCESS.defaults())
        for kind in filter(torch.is_autocast_enabled, _AUTOCAST):
            stack.enter_context(torch.autocast(kind, enabled=False))
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        yield


class _ProcessWide:
    """Settings that all threads share: the first audit inside saves and sets them, the last one outside restores."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._restore: Callable[[], None] = lambda: None

    @contextmanager
    def defaults(self) -> Iterator[None]:
        with self._lock:
            if self._inside == 0:
                self._restore = _set_defaults()
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    self._restore()


_PROCESS = _ProcessWide()
_ALONE = RLock()
"""Held by an audit that computes in one thread: the numbers of threads are of the process, too."""


def _set_defaults() -> Callable[[], None]:
    """Set the default dtype and the precision of float32 products, and return what undoes it.

    PyTorch has two ways to say the precision, and its old one, which is used here, cannot be asked while the user's
    settings in the new one differ from it.
    """
    import torch

    dtype, products = torch.get_default_dtype(), (torch.backends.cuda.matmul, torch.backends.mkldnn.matmul)  # type: ignore[attr-defined]
    single = [each.fp32_precision for each in products]
    try:
        precision = torch.get_float32_matmul_precision()
    except RuntimeError:
        precision = "highest"
    torch.set_default_dtype(torch.float32)
    torch.set_float32_matmul_precision("highest")

    def restore() -> None:
        torch.set_default_dtype(dtype)
        torch.set_float32_matmul_precision(precision)
        for each, value in zip(products, single, strict=True):
            each.fp32_precision = value

    return restore


@contextmanager
def _one_thread() -> Iterator[None]:
    """Have PyTorch, and the BLAS libraries of NumPy and SciPy, compute in one thread."""
    import numpy  # noqa: F401 - a library is limited only once it is loaded
    import scipy.linalg  # noqa: F401
    import torch
    from threadpoolctl import threadpool_limits

    with _ALONE:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with threadpool_limits(1, user_api="blas"):
                yield
        finally:
            torch.set_num_threads(before)
