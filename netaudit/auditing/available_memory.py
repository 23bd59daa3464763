"""How much memory an audit may still take: what is free, and what this process, its container or its shell allows.

On Linux the kernel says all of it in files; elsewhere the machine's memory and the limits of ``ulimit`` are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from netaudit.numerics import memory


@dataclass(frozen=True)
class Room:
    """One limit, and what it leaves. In bytes."""

    allowed: int
    """The limit itself."""
    left: int
    """What may still be taken now."""
    whose: str
    """What the limit is of."""


def rooms() -> tuple[Room, ...]:
    """Every limit that the system tells: the machine's, the shell's, the container's. None of them on Windows."""
    return (*_machine(), *_shell(), *_container())


def refusal(needed: int, limits: Sequence[Room]) -> str | None:
    """Why so many bytes do not fit, as a clause, or None; a limit that they can never fit is named first.

    The clause names the limit and not how much is free at the moment: the same command should give the same words.
    """
    refused = sorted((each for each in limits if needed > each.left), key=lambda each: needed <= each.allowed)
    if not refused:
        return None
    also = "" if needed > refused[0].allowed else ", of which too little is free"
    return f"{refused[0].whose} {refused[0].allowed / 1e9:.1f} GB{also}"


def _machine() -> Iterator[Room]:
    total = memory.physical_memory()
    if total is not None:
        free = _kilobytes(Path("/proc/meminfo"), "MemAvailable:")
        yield Room(total, total if free is None else min(free, total), "this machine has")


def _shell() -> Iterator[Room]:
    """RLIMIT_AS and RLIMIT_DATA, as ``ulimit -v`` and ``ulimit -d`` set them."""
    try:
        import resource
    except ImportError:
        return
    for limit, used_as, option in ((resource.RLIMIT_AS, "VmSize:", "-v"), (resource.RLIMIT_DATA, "VmData:", "-d")):
        allowed, _ = resource.getrlimit(limit)
        if allowed != resource.RLIM_INFINITY:
            used = _kilobytes(Path("/proc/self/status"), used_as) or 0
            yield Room(allowed, max(0, allowed - used), f"`ulimit {option}` allows this process")


def _container(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> Iterator[Room]:
    """The limits of the control groups that this process is in, with all groups above them.

    Inside a container ``own`` may name the group as the host sees it, which is not there: then the container's own
    group is the root of what is mounted.
    """
    try:
        lines = own.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if not controllers:  # version 2, alone or beside version 1
            mounts, files = [root, root / "unified"], ("memory.max", "memory.current", "")
        elif "memory" in controllers.split(","):
            mounts = list(dict.fromkeys((root / "memory", root / controllers)))
            files = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
        else:
            continue
        path = PurePosixPath("/", *(part for part in PurePosixPath(group).parts if part not in ("/", "..")))
        for mount in mounts:
            for place in (path, *path.parents):
                found = _limit(mount / str(place).lstrip("/"), *files)
                if found is not None:
                    yield found


def _limit(folder: Path, limit: str, used: str, prefix: str) -> Room | None:
    """What one group leaves. Cached pages of files, as of weights that were read, count as used and can be given up."""
    with suppress(OSError, ValueError):
        allowed = int((folder / limit).read_text())  # "max" in version 2 where there is no limit
        if allowed < 2**60:  # version 1 writes nearly 2^63 where there is none
            cached = (_field(folder / "memory.stat", f"{prefix}{kind}_file") or 0 for kind in ("active", "inactive"))
            taken = int((folder / used).read_text()) - sum(cached)
            return Room(allowed, max(0, allowed - max(0, taken)), "the container (cgroup) allows")
    return None


def _kilobytes(file: Path, field: str) -> int | None:
    """A field of a file in /proc, which counts in kB, in bytes."""
    found = _field(file, field)
    return None if found is None else 1024 * found


def _field(file: Path, name: str) -> int | None:
    with suppress(OSError, ValueError):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            key, *values = line.split()[:2] or [""]
            if key == name:
                return int(values[0])
    return None
