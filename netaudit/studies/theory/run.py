"""The study: every statement in turn, and the JSON object that its page is built from."""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib import metadata
from typing import Any

from netaudit.numerics import device as devices
from netaudit.studies.theory.lab import Lab
from netaudit.studies.theory.plan import STATEMENTS
from netaudit.studies.theory.scale import Scale
from netaudit.version import __version__

FORMAT_VERSION = 1  # 1: first published form
Progress = Callable[[str, float, float], None]


def run_theory(
    *, quick: bool = False, device: str = "auto", seed: int = 0, progress: Progress | None = None
) -> dict[str, Any]:
    """Simulate Gaussian networks and judge every statement.

    Args:
        quick: small layers and wide tolerances, in seconds.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``. On CUDA the layers are larger, unless ``quick``.
        seed: every random number follows from it.
        progress: called with (message, done, total).

    Returns:
        ``{study, format_version, scale, versions, provenance, statements}``; each statement has at least ``id``,
        ``statement``, ``holds`` (None while undecided), ``value``, ``interval`` and ``settings``. The same arguments on
        the same machine give the same numbers.

    Raises:
        DeviceError: no such device, or out of memory with one vector at a time on the CPU.
    """
    import torch

    where = devices.choose(device)
    scale: Scale = "quick" if quick else "large" if where.type == "cuda" else "full"
    total, done, statements = sum(entry.work for entry in STATEMENTS), 0.0, []
    lab = Lab(seed, where)
    for entry in STATEMENTS:

        def advance(share: float, name: str = entry.name, work: float = entry.work, before: float = done) -> None:
            if progress is not None:
                progress(name, before + share * work, total)

        advance(0.0)
        lab.advance = advance
        statements.append(entry.run(entry.sizes[scale], lab).to_dict())
        done += entry.work
    return {
        "study": "theory",
        "format_version": FORMAT_VERSION,
        "scale": scale,
        "versions": {
            "netaudit": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": metadata.version("numpy"),
            "scipy": metadata.version("scipy"),
        },
        "provenance": {
            "device": where.type,
            "arithmetic": "float32 without TF32 for the layers, float64 for closed forms and averages",
            "threads": torch.get_num_threads(),
            "seed": seed,
        },
        "statements": statements,
    }
