"""Where the work runs: the choice of a device, exact float32, seeded generators, and what happens without memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from netaudit.errors import DeviceError

if TYPE_CHECKING:
    import torch

T = TypeVar("T")

_EVENTS: ContextVar[list[str] | None] = ContextVar("events", default=None)
"""The list of the innermost :func:`fallbacks` block, or None outside of any."""


def choose(name: str = "auto") -> torch.device:
    """Return the device of a name; ``auto``, the default, takes CUDA where there is one, then MPS, then the CPU.

    Raises:
        DeviceError: the name is no device's, or this machine has no such device.
    """
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    hint = "use --device auto or --device cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceError(f"{name!r} is no device: auto, cpu, cuda, cuda:N or mps", hint=hint) from error
    if device.type not in ("cpu", "cuda", "mps"):
        raise DeviceError(f"device {name!r} is not supported: auto, cpu, cuda, cuda:N or mps", hint=hint)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise DeviceError(f"{name}: this machine shows PyTorch {torch.cuda.device_count()} CUDA devices", hint=hint)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise DeviceError("mps is not available on this machine", hint=hint)
    return device


def float64_device(device: torch.device) -> torch.device:
    """Return the device for float64 work: the device itself, or the CPU for MPS, which has no float64."""
    import torch

    return torch.device("cpu") if device.type == "mps" else device


@contextmanager
def exact_float32() -> Iterator[None]:
    """Compute float32 matrix products in full inside the block: TF32 has a mantissa of 10 bits, too few for a law."""
    import torch

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def generator(seed: int, *key: str) -> torch.Generator:
    """Return a CPU generator that depends on the seed and the key, such as a layer's name and a claim, alone.

    Numbers are drawn on the CPU and moved, so that every device gets the same ones. A layer's numbers do not depend
    on which other layers are audited.
    """
    import torch

    return torch.Generator().manual_seed(_derived_seed(seed, key))


def numpy_generator(seed: int, *key: str) -> np.random.Generator:
    """Return NumPy's generator for the same seed and key; see :func:`generator`."""
    return np.random.default_rng(_derived_seed(seed, key))


@contextmanager
def seeded(device: torch.device, seed: int, *key: str) -> Iterator[None]:
    """Seed PyTorch's global random numbers from the seed and the key inside the block.

    This is for what takes no generator: a module's own initialisation and ``nn.Dropout``. After the block the global
    numbers of the CPU and of CUDA go on where they were; those of MPS do not.
    """
    import torch

    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(_derived_seed(seed, key))
        yield


def _derived_seed(seed: int, key: tuple[str, ...]) -> int:
    digest = hashlib.sha256("\0".join((str(seed), *key)).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") >> 1  # torch takes a signed 64-bit seed


@contextmanager
def fallbacks() -> Iterator[list[str]]:
    """Collect what did not fit on the device inside the block, and how it ran instead.

    The block gets a list of events, which are sentences for a report and grow as they happen, each once.
    """
    events: list[str] = []
    token = _EVENTS.set(events)
    try:
        yield events
    finally:
        _EVENTS.reset(token)


def _record(device: torch.device, instead: str) -> None:
    event = f"Out of memory on {device.type}: {instead}."
    events = _EVENTS.get()
    if events is not None and event not in events:
        events.append(event)


def with_smaller_batches(work: Callable[[slice, torch.device], T], total: int, device: torch.device) -> list[T]:
    """Run ``work(rows, device)`` over ``range(total)``, and halve the batch when the device runs out of memory.

    The first batch is all of the rows. When a single row does not fit, the rest runs on the CPU, whose results are
    the same up to rounding. :func:`fallbacks` collects either event.

    Raises:
        DeviceError: a single row does not fit on the CPU either.
    """
    import torch

    done, batch, results = 0, total, []
    while done < total:
        rows = slice(done, min(done + batch, total))
        try:
            results.append(work(rows, device))
        except (torch.OutOfMemoryError, MemoryError) as error:
            if batch > 1:
                _record(device, "smaller batches were used")
                batch = (batch + 1) // 2
            elif device.type != "cpu":
                _record(device, "a part was computed on the CPU")
                device, batch = torch.device("cpu"), total
            else:
                raise DeviceError(
                    "out of memory with a batch of one row", hint="audit fewer layers: --layers"
                ) from error
            continue
        done = rows.stop
    return results


def with_cpu_fallback(work: Callable[[torch.device], T], device: torch.device, what: str = "a part") -> T:
    """Run ``work(device)``, and on the CPU if the device runs out of memory; the results are the same up to rounding.

    :func:`fallbacks` collects the latter, where ``what`` names the work.

    Raises:
        torch.OutOfMemoryError: the CPU runs out of memory, too.
    """
    import torch

    try:
        return work(device)
    except torch.OutOfMemoryError:
        if device.type == "cpu":
            raise
        _record(device, f"{what} was computed on the CPU")
        return work(torch.device("cpu"))
