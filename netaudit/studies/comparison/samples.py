"""Make the committed comparisons again: ``python -m netaudit.studies.comparison.samples [FOLDER]``.

The bundled mnist-mlp beside itself after 50 steps of fine-tuning on the digits that ship with it, and beside itself in
int8. A network of three layers takes seconds.
"""

from __future__ import annotations

import copy
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from netaudit.comparing.compare import compare
from netaudit.comparing.result import Comparison
from netaudit.comparing.roundings import rounded
from netaudit.numerics import device as devices
from netaudit.sources.open import open_network

SAMPLES = ("fine-tuned", "int8")
"""Their folders."""
STEPS, BATCH, RATE, MOMENTUM = 50, 64, 0.01, 0.9


def main(out: Path) -> None:
    """Write the samples below the folder."""
    network = open_network("zoo:mnist-mlp")
    before = network.module().float().eval()
    sample = network.sample
    assert sample is not None
    assert sample.y is not None
    x, y = torch.from_numpy(sample.x).float(), torch.from_numpy(sample.y)
    after = _fine_tuned(copy.deepcopy(before), x, y)
    with tempfile.TemporaryDirectory() as folder:
        places = [
            _saved(Path(folder) / f"{name}.pt", state)
            for name, state in (
                ("mnist-mlp-float32", before.state_dict()),
                ("mnist-mlp-fine-tuned", after.state_dict()),
                ("mnist-mlp-int8", _int8(before.state_dict())),
            )
        ]
        for name, other in zip(SAMPLES, places[1:], strict=True):
            compare(places[0], other, deterministic=True).write(out / name)


def again(reports: Path) -> None:
    """Lay the committed samples out again from their JSON."""
    for name in SAMPLES:
        Comparison.from_json(reports / name / "compare.json").write(reports / name)


def _fine_tuned(net: nn.Module, x: Tensor, y: Tensor) -> nn.Module:
    generator = devices.generator(0, "comparison", "sample")
    optimiser = torch.optim.SGD(net.parameters(), lr=RATE, momentum=MOMENTUM)
    for _ in range(STEPS):
        batch = torch.randint(len(x), (BATCH,), generator=generator)
        optimiser.zero_grad()
        loss: Any = nn.functional.cross_entropy(net(x[batch]), y[batch])
        loss.backward()
        optimiser.step()
    return net


def _int8(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The state with every weight rounded to int8, row by row."""
    return {
        name: rounded(tensor.double(), "int8 per row").float() if tensor.ndim == 2 else tensor
        for name, tensor in state.items()
    }


def _saved(path: Path, state: dict[str, Tensor]) -> Path:
    torch.save({name: tensor.clone() for name, tensor in state.items()}, path)
    return path


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "reports/comparison"))
