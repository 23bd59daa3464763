"""What each rung of the ladder costs: ``python -m netaudit.studies.benchmark.rungs [--out reports/benchmark]``.

A Gaussian layer of each shape takes every step of the ladder, in one process and on one core, and each step is set
against one Gram product with its eigenvalues in float64, the least that exact singular values cost, in the same
process. Seconds are of the processor, so that other work on the machine counts little. The result becomes the part
``rungs`` of the benchmark's JSON, and its page is written again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netaudit.studies.benchmark.page import document
from netaudit.studies.harness.page import write_study

if TYPE_CHECKING:
    from torch import Tensor

SHAPES = ((1000, 784), (4096, 4096), (4096, 9216))
"""A small layer, and AlexNet's two large ones."""
MEAN = 0.02
"""Of the weights, in standard deviations: as of a trained layer, so that there is one direction."""


def steps(weight: Tensor) -> dict[str, float]:
    """Take every step of the ladder on a weight ``[m, n]``: processor seconds of each, by its name."""
    import torch

    from netaudit.analyses.context import LayerContext
    from netaudit.analyses.layer.random_likeness import profile, rungs
    from netaudit.analyses.layer.random_likeness.payload import SetAside
    from netaudit.analyses.layer.random_likeness.signs import fewest_directions
    from netaudit.network.layers import FCLayer
    from netaudit.numerics.directions import bulk_vectors, random_part
    from netaudit.numerics.laws import local

    found: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        started = time.process_time()
        result = work()
        found[name] = round(time.process_time() - started, 3)
        return result

    def one_decomposition() -> None:
        tall = (weight if weight.shape[0] >= weight.shape[1] else weight.T).double()
        torch.linalg.eigvalsh(tall.T @ tall)

    context = LayerContext(FCLayer("layer", weight), seed=0, device=torch.device("cpu"))
    timed("decomposition", one_decomposition)
    context.prepare()
    timed("special_weights", lambda: context.special_weights)
    spectrum = timed("as_drawn", lambda: context.spectrum)
    scales = timed("unit_scales", lambda: context.unit_scales)
    part = timed("directions", lambda: random_part(weight, context.device, 0, scales))
    timed("lower_bound", lambda: fewest_directions(weight, part, context.device, 0))
    timed("local", lambda: (local.spacing_ratio(part.bulk), bulk_vectors(weight, part, context.device, 0)))
    rest = rungs.Remainder(weight, SetAside(), spectrum.centred, spectrum.error, 0, False)
    timed("variance_profile", lambda: profile.variance_profile(rest, None, ()))
    return found


def measure() -> dict[str, Any]:
    """Measure every shape, on one core."""
    import torch

    torch.set_num_threads(1)
    layers = []
    for shape in SHAPES:
        weight = 0.01 * (torch.randn(shape, generator=torch.Generator().manual_seed(0)) + MEAN)
        layers.append({"shape": list(shape), "seconds": steps(weight)})
        click.echo(json.dumps(layers[-1]), err=True)
    return {"date": datetime.now(UTC).date().isoformat(), "torch": torch.__version__, "layers": layers}


def main() -> int:
    """Measure, put the result into the benchmark's JSON and write its page again."""
    parser = argparse.ArgumentParser(description="What each rung of the ladder costs.")
    parser.add_argument("--out", type=Path, default=Path("reports/benchmark"))
    out = parser.parse_args().out
    data = json.loads((out / "benchmark.json").read_text("ascii")) | {"rungs": measure()}
    write_study(document(data), out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
