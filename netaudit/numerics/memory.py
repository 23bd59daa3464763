"""Memory of the machine and of this process: how much there is, how much was used, and how to give it back."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path


def physical_memory() -> int | None:
    """Return the bytes of memory in this machine, or None where the system does not say (Windows)."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def peak_memory() -> int | None:
    """Return the largest resident memory of this process so far in bytes, or None where the system does not say.

    On Linux the kernel's own record of this program is read, since ``ru_maxrss`` begins with the size of the process
    that started it. On other Unix systems it is ``ru_maxrss``; Windows has neither.
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
    """Give the heap's free memory back to the system, where the C library is glibc; elsewhere do nothing.

    glibc keeps freed blocks of up to 32 MiB for later (``DEFAULT_MMAP_THRESHOLD_MAX``), which adds up from layer to
    layer.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library has no malloc_trim
            ctypes.CDLL(None).malloc_trim(0)
