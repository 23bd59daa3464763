"""``make bench``: netaudit beside WeightWatcher and beside the bare linear algebra, in one run on the same weights.

    python -m netaudit.studies.benchmark.run --peer-python .venv-peers/bin/python [--rounds 3] [--out reports/benchmark]

Every arm runs in a fresh process, the arms by turns, so that a machine whose speed drifts favours none; ratios are
taken round by round, and their median is what counts. The weights are AlexNet's three fully connected layers with
Gaussian entries, and with a mean of a fiftieth of the standard deviation, as trained layers have one: without it the
two spectra, of the weights as stored and without their mean, would be one.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import click

from netaudit.studies.benchmark.page import document
from netaudit.studies.harness.page import write_study

ARM = Path(__file__).with_name("arm.py")
ALEXNET = {"fc6": (4096, 9216), "fc7": (4096, 4096), "fc8": (1000, 4096)}
SQUARE = (512, 1024, 2048, 4096, 8192)
ESTIMATED = (4096, 8192)
VGG16_FC6 = (4096, 25088)
CRITERIA = {
    "times as fast as WeightWatcher": ("weightwatcher", "analyses", 6.0, 10.0),
    "times the bare Gram products and eigenvalues": ("analyses", "floor", 2.5, 1.8),
}
"""Ratios of the times of two arms, with what is asked of each, and the goal."""
MEASURED_APART = ("rungs", "lines")
"""Parts of the page that other commands measure."""
MOST_BYTES = {"AlexNet": 1.5e9, "VGG-16's fc6": 2.5e9}
"""Peak memory that the analyses may take."""


def save(path: Path, shapes: dict[str, tuple[int, int]], mean: float = 0.02) -> Path:
    """Gaussian layers with a mean, as trained ones have, and constant biases."""
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for name, shape in shapes.items():
        tensors[f"{name}.weight"] = 0.01 * (torch.randn(shape, generator=generator) + mean)
        tensors[f"{name}.bias"] = torch.full((shape[0],), 0.1)
    save_file(tensors, path)
    return path


def run(arm: str, path: Path, *more: str, python: str = sys.executable) -> dict[str, Any]:
    """One process of one arm."""
    done = subprocess.run([python, "-P", ARM, arm, path, *more], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{arm}: {done.stderr.strip().splitlines()[-1] if done.stderr else 'failed'}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    click.echo(f"{arm:14s} {found['seconds']:8.2f} s  {found['peak_bytes'] / 1e9:5.2f} GB", err=True)
    return found


def matrix_rate() -> float:
    """The machine's rate at a float64 matrix product, in floating-point operations a second: best of three."""
    import time

    import torch

    n = 4096
    a = torch.randn(n, n, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    times = []
    for _ in range(3):
        started = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - started)
    return 2 * n**3 / min(times)


def cost(shape: tuple[int, int], folder: Path) -> dict[str, Any]:
    """Time and memory of one layer, and the share of its Gram product and eigenvalues' operations in the rate."""
    path = save(folder / "layer.safetensors", {"fc": shape})
    found = run("analyses", path)
    p, big = min(shape), max(shape)
    return {
        "shape": list(shape),
        "seconds": found["seconds"],
        "peak_bytes": found["peak_bytes"],
        "operations": operations(p, big),
    }


def operations(p: int, big: int) -> float:
    """Count operations: N p^2 for the Gram product, 4/3 p^3 for an eigenvalue problem, two in small layers."""
    from netaudit.numerics.spectrum import LARGEST_BOTH

    return big * p**2 + (2 if p <= LARGEST_BOTH else 1) * 4 / 3 * p**3


def compare(side: int, folder: Path) -> dict[str, Any]:
    """A square layer's singular values exactly and by Lanczos, in one process: times, distance and its bound."""
    found = run("spectra", save(folder / "layer.safetensors", {"fc": (side, side)}))
    return {"shape": [side, side]} | {
        key: found[key] for key in ("exact_seconds", "lanczos_seconds", "distance", "bound")
    }


def fitted_exponent(costs: list[dict[str, Any]]) -> float:
    """Slope of log time over log side, least squares over the square layers."""
    import numpy as np

    sides, seconds = (
        np.log([c[key] if key == "seconds" else c["shape"][0] for c in costs]) for key in ("shape", "seconds")
    )
    return float(np.polyfit(sides, seconds, 1)[0])


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run everything."""
    import numpy
    import torch

    from netaudit.version import __version__

    rounds: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        alexnet = save(folder / "alexnet.safetensors", ALEXNET)
        arms = ["floor", "analyses", "audit", *(["weightwatcher"] if arguments.peer_python else [])]
        for _ in range(arguments.rounds):
            for arm in arms:
                python = arguments.peer_python if arm == "weightwatcher" else sys.executable
                more = [str(folder / "audit.json")] if arm == "audit" else []
                rounds.setdefault(arm, []).append(run(arm, alexnet, *more, python=python))
            rounds.setdefault("reports", []).append(run("reports", folder / "audit.json"))
        squares = [] if arguments.quick else [cost((side, side), folder) for side in SQUARE]
        estimated = [] if arguments.quick else [compare(side, folder) for side in ESTIMATED]
        vgg = None if arguments.quick else cost(VGG16_FC6, folder)
    return {
        "study": "benchmark",
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {
            "netaudit": __version__,
            "weightwatcher": "0.7.7" if arguments.peer_python else None,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": numpy.__version__,
        },
        "machine": {"threads": torch.get_num_threads(), "float64_matrix_rate": matrix_rate()},
        "layers": {name: list(shape) for name, shape in ALEXNET.items()},
        "rounds": rounds,
        "ratios": {
            name: {
                "values": (
                    values := [a["seconds"] / b["seconds"] for a, b in zip(rounds[over], rounds[under], strict=True)]
                ),
                "median": median(values),
                "bar": bar,
                "goal": goal,
                "met": median(values) >= bar if over == "weightwatcher" else median(values) <= bar,
            }
            for name, (over, under, bar, goal) in CRITERIA.items()
            if over in rounds and under in rounds
        },
        "cost": {
            "square": squares,
            "exponent": fitted_exponent(squares) if squares else None,
            "vgg16_fc6": vgg,
            "lanczos": estimated,
        },
    }


def main() -> int:
    """Measure and write the page; 1 if a criterion is missed."""
    parser = argparse.ArgumentParser(description="netaudit beside WeightWatcher and the bare linear algebra.")
    parser.add_argument("--peer-python", help="interpreter of an environment with weightwatcher==0.7.7")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="AlexNet's layers only, no table of costs")
    parser.add_argument("--out", type=Path, default=Path("reports/benchmark"))
    arguments = parser.parse_args()
    data = {**_measured_apart(arguments.out), **measure(arguments)}
    write_study(document(data), arguments.out)
    for name, ratio in data["ratios"].items():
        click.echo(f"{ratio['median']:.2f} {name} (bar {ratio['bar']:g}: {'met' if ratio['met'] else 'missed'})")
    click.echo(f"Report: {arguments.out / 'benchmark.html'}")
    for reason in missed(data):
        click.echo(f"missed: {reason}", err=True)
    return 1 if missed(data) else 0


def _measured_apart(out: Path) -> dict[str, Any]:
    """The parts of the page that ``make rung-costs`` and ``make line-costs`` measure: they stay."""
    file = out / "benchmark.json"
    found: dict[str, Any] = json.loads(file.read_text("ascii")) if file.exists() else {}
    return {part: found[part] for part in MEASURED_APART if part in found}


def missed(data: Mapping[str, Any]) -> list[str]:
    """Say which criteria a run of the benchmark misses, one line each."""
    found = [
        f"{ratio['median']:.2f} {name}, asked {ratio['bar']:g}"
        for name, ratio in data["ratios"].items()
        if not ratio["met"]
    ]
    peaks = {"AlexNet": max(run["peak_bytes"] for run in data["rounds"]["analyses"])}
    if data["cost"]["vgg16_fc6"]:
        peaks["VGG-16's fc6"] = data["cost"]["vgg16_fc6"]["peak_bytes"]
    return found + [
        f"{peak / 1e9:.2f} GB for {name}, at most {MOST_BYTES[name] / 1e9:g}"
        for name, peak in peaks.items()
        if peak > MOST_BYTES[name]
    ]


if __name__ == "__main__":
    sys.exit(main())
