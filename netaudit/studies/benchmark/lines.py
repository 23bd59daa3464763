"""The exact line beside dense sampling: ``python -m netaudit.studies.benchmark.lines [--out reports/benchmark]``.

Both look for the breakpoints of one network along one segment of its inputs, in one process and on one core. Dense
sampling is the usual way: the network is evaluated at points that lie equally far apart, and between two neighbours
each neuron that is on at one and off at the other counts as one breakpoint. Two breakpoints of one neuron between two
neighbours go unseen. Seconds are of the processor. The result becomes the part ``lines`` of the benchmark's JSON, and
its page is written again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netaudit.studies.benchmark.page import document
from netaudit.studies.harness.page import write_study

if TYPE_CHECKING:
    from torch import Tensor

    Layers = list[tuple[Tensor, Tensor]]

POINTS = {"mnist-mlp": (1_000, 10_000, 100_000), "AlexNet's shapes": (1_000, 10_000)}
"""How many points are sampled. The most take AlexNet's head, of 58 million weights, about a minute."""
ALEXNET = (9216, 4096, 4096, 1000)
SHARE = 0.4
"""Of the way between two Gaussian inputs, so that some thousand of AlexNet's neurons change their state."""
BATCH = 1000
"""Points that are evaluated together: the 9216 inputs of AlexNet's head at them are 74 MB in float64."""
DTYPES = ("float32", "float64")
"""What the network is evaluated in: as networks are run, and as the exact line is."""


def compared(layers: Layers, ends: tuple[Tensor, Tensor], points: Sequence[int]) -> dict[str, Any]:
    """Both ways along one segment.

    Args:
        layers: weights ``[m, n]`` and biases ``[m]``, float32, bottom to top, with ReLU between them.
        ends: both ends ``[n]``, float32.
        points: how many points are sampled, in one run each.

    Returns:
        For each way the breakpoints, one a change of a neuron's state, with the processor seconds; ``steps`` counts
        the pairs of neighbours between which any neuron changes its state, which are the breakpoints told apart.
    """
    import torch

    from netaudit.geometry import exact_line

    started = time.process_time()
    line = exact_line(layers, *ends)
    seconds = time.process_time() - started
    exact = {"breakpoints": len(line.event_t), "steps": line.pieces - 1, "seconds": round(seconds, 4)}
    sampling = []
    for dtype in DTYPES:
        own: Layers = [(w.to(getattr(torch, dtype)), b.to(getattr(torch, dtype))) for w, b in layers]
        for number in points:
            started = time.process_time()
            found, steps = sampled(own, ends, number)
            seconds = time.process_time() - started
            entry = {"points": number, "dtype": dtype, "breakpoints": found, "steps": steps}
            sampling.append(entry | {"seconds": round(seconds, 4)})
            click.echo(json.dumps(sampling[-1]), err=True)
    widths = [layers[0][0].shape[1], *(len(weight) for weight, _ in layers)]
    return {"widths": widths, "exact": exact, "sampled": sampling}


def sampled(layers: Layers, ends: tuple[Tensor, Tensor], number: int) -> tuple[int, int]:
    """Evaluate the hidden layers at so many points; changes of a neuron's state, and steps with any change."""
    import torch

    changes, steps = 0, 0
    last: Tensor | None = None
    for t in torch.split(torch.linspace(0, 1, number, dtype=torch.float64), BATCH):
        x = torch.lerp(ends[0].double(), ends[1].double(), t[:, None]).to(layers[0][0].dtype)
        states = torch.cat(list(_states(layers, x)), 1)
        both = states if last is None else torch.cat([last, states])
        differ = (both[1:] != both[:-1]).sum(1)
        changes, steps = changes + int(differ.sum()), steps + int((differ > 0).sum())
        last = states[-1:]
    return changes, steps


def _states(layers: Layers, x: Tensor) -> Iterator[Tensor]:
    """Which neurons of each hidden layer are on, ``[N, m]``, for inputs ``[N, n]``."""
    for weight, bias in layers[:-1]:
        z = x @ weight.T + bias
        yield z > 0
        x = z.relu()


def bundled() -> tuple[Layers, tuple[Tensor, Tensor]]:
    """The bundled mnist-mlp, which is its own head, from its first real input to the next one of another class."""
    import torch

    from netaudit.sources.open import open_network

    network = open_network("mnist-mlp")
    sample, head, backbone = network.sample, network.head, network.backbone
    assert sample is not None and sample.y is not None and head is not None and backbone is not None  # noqa: PT018
    other = int((sample.y != sample.y[0]).argmax())
    layers: Layers = []
    for step in head.layers:
        layer = network.read(network.spec(step.name))
        layers.append((layer.weight, torch.zeros(len(layer.weight)) if layer.bias is None else layer.bias))
    one, end = backbone(torch.from_numpy(sample.x[[0, other]]))
    return layers, (one, end)


def alexnet() -> tuple[Layers, tuple[Tensor, Tensor]]:
    """Gaussian layers of the shapes of AlexNet's head, and a part of the way between two inputs after ReLU."""
    import torch

    generator = torch.Generator().manual_seed(0)
    layers = [
        (torch.randn(m, n, generator=generator) * (2 / n) ** 0.5, 0.1 * torch.randn(m, generator=generator))
        for n, m in pairwise(ALEXNET)
    ]
    one, other = torch.randn(2, ALEXNET[0], generator=generator).relu()
    return layers, (one, torch.lerp(one, other, SHARE))


def measure() -> dict[str, Any]:
    """Measure both networks, on one core."""
    import torch

    torch.set_num_threads(1)
    networks = {"mnist-mlp": bundled, "AlexNet's shapes": alexnet}
    found = [{"network": name} | compared(*make(), POINTS[name]) for name, make in networks.items()]
    return {"date": datetime.now(UTC).date().isoformat(), "torch": torch.__version__, "networks": found}


def main() -> int:
    """Measure, put the result into the benchmark's JSON and write its page again."""
    parser = argparse.ArgumentParser(description="The exact line beside dense sampling.")
    parser.add_argument("--out", type=Path, default=Path("reports/benchmark"))
    out = parser.parse_args().out
    data = json.loads((out / "benchmark.json").read_text("ascii")) | {"lines": measure()}
    write_study(document(data), out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
