"""``make gpu-check``: do the analyses give the same figures on this machine's GPU as on its CPU, and how fast?

    python -m netaudit.studies.benchmark.gpu_check [--devices cpu cuda] [--out reports/gpu-check.json]

Audits the bundled MNIST network (real activations, images, the head down and back) and layers with known structure on
two devices, each in a fresh process, and compares every figure, verdict and picture of the two reports, and every
singular value. Exit code 0: they agree; 1: they do not; 2: there is no GPU.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from netaudit.studies.benchmark.agreement import compare

MODULE = "netaudit.studies.benchmark.gpu_check"
SHAPES = {"wide": (512, 2048), "square": (1024, 1024), "tall": (2048, 1024), "top": (10, 2048)}

Measure = Callable[[str, Path], dict[str, Any]]


def save(path: Path, shapes: Mapping[str, tuple[int, int]]) -> Path:
    """Layers with a mean, a spike and heavy tails: each in its turn, so that every path of the analyses is taken."""
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for place, (name, (m, n)) in enumerate(shapes.items()):
        weight = torch.randn(m, n, generator=generator) + 0.02
        if place == 1:
            u, v = torch.randn(m, generator=generator), torch.randn(n, generator=generator)
            weight += 4 * (m * n) ** 0.25 * torch.outer(u / u.norm(), v / v.norm())
        if place == 2:
            weight /= torch.randn(m, n, generator=generator).square().add(0.5).sqrt()
        tensors[f"{name}.weight"] = 0.02 * weight
        tensors[f"{name}.bias"] = 0.1 + 0.01 * torch.randn(m, generator=generator)
    save_file(tensors, path)
    return path


def measure(device: str, layers: Path) -> dict[str, Any]:
    """The audits on one device: reports, singular values, seconds and peak memory."""
    import torch

    from netaudit.api import audit
    from netaudit.numerics import entries, spectrum
    from netaudit.numerics.device import choose
    from netaudit.numerics.memory import peak_memory
    from netaudit.sources.open import open_network

    where = choose(device)
    _warm_up(where)
    reports, spectra, seconds = {}, {}, {}
    for name, target in (("mnist-mlp", "mnist-mlp"), ("layers", layers)):
        started = time.perf_counter()
        reports[name] = audit(target, device=device).to_dict()
        seconds[name] = time.perf_counter() - started
        network = open_network(target)
        for spec in network.specs():
            weight = network.read(spec).weight
            moments = entries.describe(weight)
            if isinstance(moments, entries.Entries):
                found = spectrum.singular_values(weight, moments.mean, moments.std, where)
                spectra[f"{name} {spec.name}"] = found.centred.tolist()
    return {
        "device": device,
        "hardware": torch.cuda.get_device_name(where) if where.type == "cuda" else platform.machine(),
        "seconds": seconds,
        "host_peak_bytes": peak_memory(),
        "device_peak_bytes": torch.cuda.max_memory_allocated(where) if where.type == "cuda" else None,
        "reports": reports,
        "spectra": spectra,
    }


def _warm_up(where: Any) -> None:
    """The first product on a GPU loads its libraries."""
    import torch

    for dtype in (torch.float32, torch.float64):
        if where.type != "mps" or dtype == torch.float32:
            a = torch.eye(64, dtype=dtype, device=where)
            torch.linalg.eigvalsh((a @ a).cpu() if where.type == "mps" else a @ a)


def in_a_process(device: str, layers: Path) -> dict[str, Any]:
    """:func:`measure` in a fresh process, so that peak memory is one device's own."""
    done = subprocess.run(
        [sys.executable, "-m", MODULE, "--measure", device, str(layers)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"gpu-check: {device}: {done.stderr.strip().splitlines()[-1] if done.stderr else 'failed'}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def check(devices: Sequence[str], measured_by: Measure) -> dict[str, Any]:
    """Measure on both devices and compare."""
    import torch

    from netaudit.version import __version__

    with tempfile.TemporaryDirectory() as scratch:
        layers = save(Path(scratch) / "layers.safetensors", SHAPES)
        first, second = (measured_by(device, layers) for device in devices)
    return {
        "study": "gpu-check",
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {
            "netaudit": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
        },
        "layers": {name: list(shape) for name, shape in SHAPES.items()},
        "devices": [{key: m[key] for key in m if key not in ("reports", "spectra")} for m in (first, second)],
        **compare(first, second),
    }


def gpu() -> str | None:
    """The GPU that PyTorch sees, if any."""
    import torch

    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else None


def main(arguments: Sequence[str] | None = None, measured_by: Measure = in_a_process) -> int:
    """Measure, compare, write the JSON and say how it went."""
    parser = argparse.ArgumentParser(description="Do the analyses give the same figures on the GPU as on the CPU?")
    parser.add_argument(
        "--devices", nargs=2, metavar="DEVICE", help="the CPU and the GPU that PyTorch sees, by default"
    )
    parser.add_argument("--out", type=Path, default=Path("reports/gpu-check.json"))
    parser.add_argument("--measure", nargs=2, metavar=("DEVICE", "FILE"), help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.measure:
        click.echo(json.dumps(measure(asked.measure[0], Path(asked.measure[1]))))
        return 0
    found = gpu()
    if not asked.devices and found is None:
        import torch

        click.echo(f"gpu-check: no GPU: PyTorch {torch.__version__} sees neither CUDA nor MPS here", err=True)
        return 2
    data = check(asked.devices or ("cpu", str(found)), measured_by)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    say(data)
    click.echo(f"Figures: {asked.out}")
    return 0 if data["agree"] else 1


def say(data: Mapping[str, Any]) -> None:
    """Times, memory, and what lies how far apart."""
    for one in data["devices"]:
        times = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in one["seconds"].items())
        own = "" if one["device_peak_bytes"] is None else f", {one['device_peak_bytes'] / 1e9:.2f} GB on it"
        click.echo(
            f"{one['device']} ({one['hardware']}): {times}; {one['host_peak_bytes'] / 1e9:.2f} GB of memory{own}"
        )
    for kind, entry in data["kinds"].items():
        click.echo(
            f"{kind:9s} {entry['compared']:6d} compared, apart {entry['worst']:.1e} (tolerance {entry['tolerance']:g})"
        )
    for entry in data["disagreements"][:20]:
        click.echo(f"differs: {entry['figure']}: {entry['values'][0]!r:.40} and {entry['values'][1]!r:.40}")
    names = " and ".join(one["device"] for one in data["devices"])
    beyond = len(data["disagreements"])
    click.echo(f"{names} {f'differ in {beyond} figures' if beyond else 'agree'}.")


if __name__ == "__main__":
    sys.exit(main())
