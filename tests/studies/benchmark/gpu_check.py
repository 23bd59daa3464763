"""``make gpu-check``: do the analysers give the same figures on this machine's GPU as on its CPU, and how fast?

    python tests/bench/gpu_check.py [--devices cpu cuda] [--out reports/gpu-check.json]

Audits the bundled MNIST network (real activations, images, the stack down and back) and layers with known structure on
two devices, each in a fresh process, and compares every figure, verdict and picture of the two reports, and every
singular value. Exit code 0: they agree; 1: they do not; 2: there is no GPU.
"""

from __future__ import annotations

import argparse
import base64
import json
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

SHAPES = {"wide": (512, 2048), "square": (1024, 1024), "tall": (2048, 1024), "top": (10, 2048)}

TOLERANCES = {
    "spectrum": (
        1e-9,
        "float64: squares of the singular values, against the layer's largest; the Gram product of n terms and its "
        "eigenvalues are good to a small multiple of n 2^-53, some 1e-12",
    ),
    "float64": (
        1e-6,
        "float64: relative, and absolute below 1; figures derived from the spectrum, some written with six digits",
    ),
    "float32": (
        1e-4,
        "float32 without TF32: relative, and absolute below .01; n <= 2048 products summed in another order differ by "
        "about n^(1/2) 2^-24 = 3e-6",
    ),
    "share": (
        0.01,
        "float32: absolute; a value within rounding of a threshold may fall on either side of it, a draw in hundreds",
    ),
    "picture": (1.0, "grey levels of 255: rounding may go either way"),
    "word": (0.0, "verdicts, counts and sentences: the same, but for the numbers in sentences"),
}
_SHARES = ("support", "top1", "top5", "accuracy", "_hard")
_PICTURES = ("real", "trained", "untrained")
_OF_THE_DEVICE = "provenance"  # says where a report was made
_IN_FLOAT32 = ("shadow_inversion", "constant_bias")  # real inputs go up the network in float32, and judge the biases

Measure = Callable[[str, Path], dict[str, Any]]


def save(path: Path, shapes: Mapping[str, tuple[int, int]]) -> Path:
    """Layers with a mean, a spike and heavy tails: each in its turn, so that every path of the analysers is taken."""
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

    import netaudit
    from netaudit.numerics import entries, spectrum
    from netaudit.numerics.device import choose
    from netaudit.numerics.memory import peak_memory

    where = choose(device)
    _warm_up(where)
    reports, spectra, seconds = {}, {}, {}
    for name, target in (("mnist-mlp", "mnist-mlp"), ("layers", layers)):
        started = time.perf_counter()
        reports[name] = netaudit.audit(target, device=device).to_dict()
        seconds[name] = time.perf_counter() - started
        network = netaudit.open_network(target)
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
        [sys.executable, __file__, "--measure", device, str(layers)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"gpu-check: {device}: {done.stderr.strip().splitlines()[-1] if done.stderr else 'failed'}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def figures(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every leaf of a report with its place; entries of a list go by their name, claim or statistic where they can."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from figures(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            names = (
                [item[key] for key in ("name", "claim", "statistic") if key in item] if isinstance(item, dict) else []
            )
            yield from figures(item, (*path, " ".join([str(index), *map(str, names)])))
    else:
        yield path, value


def kind_of(path: tuple[str, ...], value: Any) -> str:
    """Which tolerance a figure of a report has."""
    if path[:2] == ("stack", "images") and path[2:3] and path[2] in _PICTURES:
        return "picture"
    if not isinstance(value, float):
        return "word"
    if path[0] != "stack" and not any(part.endswith(_IN_FLOAT32) for part in path):
        return "float64"
    return "share" if any(word in part for part in path[-3:] for word in _SHARES) else "float32"


def distance(kind: str, a: Any, b: Any) -> float:
    """How far apart two values are, in the unit of their tolerance; infinite for a missing one."""
    if kind == "picture" and isinstance(a, str) and isinstance(b, str):
        pixels = [base64.b64decode(text) for text in (a, b)]
        same = len(pixels[0]) == len(pixels[1])
        return float(max((abs(x - y) for x, y in zip(*pixels, strict=True)), default=0)) if same else float("inf")
    if kind == "word":
        plain = [re.sub(r"[\d.]+", "#", item) if isinstance(item, str) else item for item in (a, b)]
        return 0.0 if plain[0] == plain[1] else float("inf")
    if not all(isinstance(item, (int, float)) for item in (a, b)):
        return float("inf")
    floor = {"float64": 1.0, "float32": 0.01}.get(kind)
    return abs(a - b) if floor is None else abs(a - b) / max(abs(a), abs(b), floor)


def compare(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Every figure of two measurements: how many, the worst of each kind, and all that lie beyond their tolerance."""
    compared = {kind: {"tolerance": t, "origin": o, "compared": 0, "worst": 0.0} for kind, (t, o) in TOLERANCES.items()}
    beyond: list[dict[str, Any]] = []

    def note(kind: str, figure: str, apart: float, values: list[Any]) -> None:
        entry = compared[kind]
        entry["compared"] += 1
        if isfinite(apart):
            entry["worst"] = max(entry["worst"], apart)
        if apart > entry["tolerance"]:
            beyond.append({"figure": figure, "kind": kind, "values": values})

    for name in first["reports"]:
        sides = [
            dict(figures({k: v for k, v in m["reports"][name].items() if k != _OF_THE_DEVICE})) for m in (first, second)
        ]
        for path in dict.fromkeys([*sides[0], *sides[1]]):
            values = [side.get(path) for side in sides]
            kind = kind_of(path, next((value for value in values if value is not None), None))
            note(kind, " / ".join((name, *path)), distance(kind, *values), values)
    for name in dict.fromkeys([*first["spectra"], *second["spectra"]]):
        values = [m["spectra"].get(name, []) for m in (first, second)]
        largest = max((max(side, default=0.0) for side in values), default=0.0)
        same = len(values[0]) == len(values[1])
        pairs = zip(*values, strict=True) if same else []
        apart = max((abs(a * a - b * b) / (largest * largest) for a, b in pairs), default=0.0) if same else float("inf")
        note("spectrum", name, apart, [f"{len(side)} singular values" for side in values])
    return {"kinds": compared, "disagreements": beyond, "agree": not beyond}


def check(devices: Sequence[str], measured_by: Measure) -> dict[str, Any]:
    """Measure on both devices and compare."""
    import torch

    import netaudit

    with tempfile.TemporaryDirectory() as scratch:
        layers = save(Path(scratch) / "layers.safetensors", SHAPES)
        first, second = (measured_by(device, layers) for device in devices)
    return {
        "study": "gpu-check",
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {
            "netaudit": netaudit.__version__,
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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--devices", nargs=2, metavar="DEVICE", help="the CPU and the GPU that PyTorch sees, by default"
    )
    parser.add_argument("--out", type=Path, default=Path("reports/gpu-check.json"))
    parser.add_argument("--measure", nargs=2, metavar=("DEVICE", "FILE"), help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.measure:
        print(json.dumps(measure(asked.measure[0], Path(asked.measure[1]))))
        return 0
    found = gpu()
    if not asked.devices and found is None:
        import torch

        print(f"gpu-check: no GPU: PyTorch {torch.__version__} sees neither CUDA nor MPS here", file=sys.stderr)
        return 2
    data = check(asked.devices or ("cpu", found), measured_by)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    say(data)
    print(f"Figures: {asked.out}")
    return 0 if data["agree"] else 1


def say(data: Mapping[str, Any]) -> None:
    """Times, memory, and what lies how far apart."""
    for one in data["devices"]:
        times = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in one["seconds"].items())
        own = "" if one["device_peak_bytes"] is None else f", {one['device_peak_bytes'] / 1e9:.2f} GB on it"
        print(f"{one['device']} ({one['hardware']}): {times}; {one['host_peak_bytes'] / 1e9:.2f} GB of memory{own}")
    for kind, entry in data["kinds"].items():
        print(
            f"{kind:9s} {entry['compared']:6d} compared, apart {entry['worst']:.1e} (tolerance {entry['tolerance']:g})"
        )
    for entry in data["disagreements"][:20]:
        print(f"differs: {entry['figure']}: {entry['values'][0]!r:.40} and {entry['values'][1]!r:.40}")
    names = " and ".join(one["device"] for one in data["devices"])
    beyond = len(data["disagreements"])
    print(f"{names} {f'differ in {beyond} figures' if beyond else 'agree'}.")


if __name__ == "__main__":
    sys.exit(main())
