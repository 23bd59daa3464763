"""One arm of the benchmark, in a process of its own: ``python -P arm.py ARM WEIGHTS.safetensors [AUDIT.json]``.

Prints one line of JSON: seconds of the work itself (imports, reading and the report left out), seconds of the whole
process, and its peak memory. It imports nothing of netaudit but in netaudit's own arms, so that the peer's
interpreter can run it. ``-P`` keeps its folder out of the search path, whose modules have names of one word.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STARTED = time.perf_counter()


def weights(path: Path) -> dict[str, Any]:
    """The tensors of the file, by name."""
    from safetensors.torch import load_file

    return load_file(path)


def floor(path: Path) -> Callable[[], Any]:
    """What no exact audit can do without: the float64 Gram product and its eigenvalues, once a layer."""
    import torch

    tensors = weights(path)

    def work() -> None:
        for name, weight in tensors.items():
            if name.endswith("weight"):
                tall = (weight if weight.shape[0] >= weight.shape[1] else weight.T).double()
                torch.linalg.eigvalsh(tall.T @ tall)

    return work


def analyses(path: Path) -> Callable[[], Any]:
    """netaudit's analyses of single layers with their default nulls, caches empty; no head, no report."""
    from netaudit.analyses.context import HeadInputs, Settings
    from netaudit.analyses.table import BUILT_IN
    from netaudit.auditing.loop import Auditor, Weights
    from netaudit.network.reader import LayerReader
    from netaudit.numerics.device import choose
    from netaudit.sources.open import open_network

    network = open_network(path)
    auditor = Auditor(Settings(choose("cpu")), BUILT_IN, lambda *progress: None)  # which imports PyTorch
    return lambda: list(auditor.layers(network, LayerReader(network), HeadInputs(), Weights()))


def audit(path: Path) -> Callable[[], Any]:
    """All of ``netaudit FILE`` but the report: hashes, analyses, the head."""
    import torch  # noqa: F401 - which netaudit imports with the first network

    from netaudit.api import audit as run

    return lambda: run(path, device="cpu")


def reports(path: Path) -> Callable[[], Any]:
    """HTML, PDF and figures of an audit.json."""
    import tempfile

    from netaudit.api import AuditReport

    report = AuditReport.from_json(path)
    return lambda: report.write(tempfile.mkdtemp())


def spectra(path: Path) -> Callable[[], Any]:
    """One layer's singular values exactly and by Lanczos: both times, the largest distance of the two, its bound."""
    import numpy as np

    from netaudit.numerics.device import choose
    from netaudit.numerics.entries import Entries, describe
    from netaudit.numerics.spectrum import Method, Spectrum, singular_values

    weight = next(tensor for name, tensor in weights(path).items() if name.endswith("weight"))
    entries, cpu = describe(weight), choose("cpu")
    assert isinstance(entries, Entries)  # the weights are finite and not constant

    def timed(method: Method) -> tuple[Spectrum, float]:
        started = time.perf_counter()
        found = singular_values(weight, entries.mean, entries.std, cpu, method)
        return found, round(time.perf_counter() - started, 3)

    def work() -> dict[str, float]:
        exact, exact_seconds = timed("exact")
        estimate, lanczos_seconds = timed("lanczos")
        p = len(exact.centred)
        below, upto = (np.searchsorted(estimate.centred, exact.centred, side) / p for side in ("left", "right"))
        ranks = np.arange(p) / p
        distance = max(float((below - ranks).max()), float((ranks + 1 / p - upto).max()))
        return {
            "exact_seconds": exact_seconds,
            "lanczos_seconds": lanczos_seconds,
            "distance": distance,
            "bound": estimate.error,
        }

    return work


def weightwatcher(path: Path) -> Callable[[], Any]:
    """WeightWatcher on the same matrices, with the two options that come nearest to a null and to the law."""
    import logging

    import torch
    from torch import nn

    logging.disable(logging.CRITICAL)
    import weightwatcher as ww  # type: ignore[import-not-found]

    tensors = weights(path)
    layers = []
    for name, weight in tensors.items():
        if name.endswith("weight"):
            layer = nn.Linear(weight.shape[1], weight.shape[0])
            with torch.no_grad():
                layer.weight.copy_(weight)
                layer.bias.copy_(tensors[name.removesuffix("weight") + "bias"])
            layers += [layer, nn.ReLU()]
    watcher = ww.WeightWatcher(model=nn.Sequential(*layers[:-1]))
    return lambda: watcher.analyze(randomize=True, mp_fit=True)


ARMS = {f.__name__: f for f in (floor, analyses, audit, reports, spectra, weightwatcher)}


def peak_memory() -> int:
    """Give the peak memory of this process alone, in bytes.

    On Linux ``ru_maxrss`` begins with the size of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(
            next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:")).split()[1]
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def measure(arm: str, path: Path, audit_json: str | None = None) -> dict[str, Any]:
    """Run one arm in this process: its seconds, the process's seconds so far, and the process's peak memory.

    Args:
        arm: a key of ``ARMS``.
        path: the weights, or the audit.json for the reports.
        audit_json: where an audit is kept.
    """
    work = ARMS[arm](path)
    started = time.perf_counter()
    result = work()
    done = time.perf_counter()
    found: dict[str, Any] = {
        "seconds": round(done - started, 6),  # toy layers take half a millisecond, and times are divided
        "process_seconds": round(done - STARTED, 3),
        "peak_bytes": peak_memory(),
    }
    if arm == "audit" and audit_json is not None:
        result.to_json(audit_json)
    return found | (result if arm == "spectra" else {})


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])) + "\n")
