"""Where the work runs: the device, exact float32, seeded generators, and what happens when memory runs out."""

from __future__ import annotations

import ctypes
import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from netaudit.errors import DeviceError

if TYPE_CHECKING:
    import torch

T = TypeVar("T")

_TOLD: ContextVar[list[str] | None] = ContextVar("told", default=None)


def choose(name: str = "auto") -> torch.device:
    """The device for a name: ``auto`` takes CUDA, then MPS, then the CPU.

    Raises:
        DeviceError: no such device on this machine, or not a device name.
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
    """Where float64 work runs: the device itself, or the CPU for MPS, which has no float64."""
    import torch

    return torch.device("cpu") if device.type == "mps" else device


@contextmanager
def exact_float32() -> Iterator[None]:
    """Full float32 matrix products inside the block: TF32 has 10 bits of mantissa, too few to judge a law."""
    import torch

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _derived(seed: int, key: tuple[str, ...]) -> int:
    digest = hashlib.sha256("\0".join((str(seed), *key)).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") >> 1  # torch takes a signed 64-bit seed


def generator(seed: int, *key: str) -> torch.Generator:
    """A CPU generator that depends on the seed and the key (layer name, claim) alone.

    Numbers are drawn on the CPU and moved, so that every device sees the same ones, and a layer's numbers do not
    depend on which other layers are audited.
    """
    import torch

    return torch.Generator().manual_seed(_derived(seed, key))


def numpy_generator(seed: int, *key: str) -> np.random.Generator:
    """The same for NumPy."""
    return np.random.default_rng(_derived(seed, key))


@contextmanager
def seeded(device: torch.device, seed: int, *key: str) -> Iterator[None]:
    """PyTorch's global random numbers from the seed and the key inside the block: for what takes no generator.

    Those are a module's own initialisation and ``nn.Dropout``. Afterwards they go on where they were (MPS's do not).
    """
    import torch

    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(_derived(seed, key))
        yield


@contextmanager
def fallbacks() -> Iterator[list[str]]:
    """What did not fit on the device inside the block, and how it ran instead: sentences for a report, each once."""
    told: list[str] = []
    token = _TOLD.set(told)
    try:
        yield told
    finally:
        _TOLD.reset(token)


def _tell(device: torch.device, instead: str) -> None:
    message = f"Out of memory on {device.type}: {instead}."
    told = _TOLD.get()
    if told is not None and message not in told:
        told.append(message)


def with_smaller_batches(work: Callable[[slice, torch.device], T], total: int, device: torch.device) -> list[T]:
    """Run ``work(rows, device)`` over ``range(total)``, halving the batch when the device runs out of memory.

    When a single row does not fit, the rest runs on the CPU, whose results are the same up to rounding. Either is told
    to :func:`fallbacks`.

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
                _tell(device, "smaller batches were used")
                batch = (batch + 1) // 2
            elif device.type != "cpu":
                _tell(device, "a part was computed on the CPU")
                device, batch = torch.device("cpu"), total
            else:
                raise DeviceError(
                    "out of memory with a batch of one row", hint="audit fewer layers: --layers"
                ) from error
            continue
        done = rows.stop
    return results


def with_cpu_fallback(work: Callable[[torch.device], T], device: torch.device, what: str = "a part") -> T:
    """Run ``work(device)``, and on the CPU if the device runs out of memory: the same results up to rounding.

    The latter is told to :func:`fallbacks`, where ``what`` names it.
    """
    import torch

    try:
        return work(device)
    except torch.OutOfMemoryError:
        if device.type == "cpu":
            raise
        _tell(device, f"{what} was computed on the CPU")
        return work(torch.device("cpu"))


def peak_memory() -> int | None:
    """Largest resident memory of this process so far, in bytes; None where the system does not say (Windows).

    On Linux that of the program alone: ``ru_maxrss`` begins with the size of the process that started it.
    """
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def release_memory() -> None:
    """Give the heap's free memory back to the system, where the C library (glibc) would keep it for later.

    It keeps freed pieces of up to 32 MiB, a hundred megabytes after a layer 4096 wide. Elsewhere nothing is done.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


def physical_memory() -> int | None:
    """Bytes of memory in this machine, or None where the system does not say."""
    import os

    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
