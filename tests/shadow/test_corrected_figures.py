"""The table of docs/method.md: what the corrected reverse pass restores on the bundled networks."""

import re
from pathlib import Path

import pytest
import torch

from netaudit.analyses.head import up
from netaudit.network.reader import LayerReader
from netaudit.numerics import device as devices
from netaudit.shadow.activations import recover
from netaudit.shadow.gauge import fixed_gauge
from netaudit.shadow.reverse import reverse_pass
from netaudit.sources.hubs.zoo import open_zoo

METHOD = Path(__file__).parents[2] / "docs" / "method.md"
ROW = re.compile(r"^\| `([\w-]+)`, `(\w+)` \| (.*) \|$", re.MULTILINE)


def measured(name):
    """Cosine and share of own activations that are nearest: as stored, corrected, through Gaussian layers."""
    net = open_zoo(name)
    read, x = LayerReader(net), net.backbone(torch.from_numpy(net.sample.x))
    for step in net.head.layers[:-1]:
        layer = read(step.name)
        x = up(x, layer, "relu")
        found = recover(
            reverse_pass(layer.weight),
            fixed_gauge(layer.weight),
            x,
            (1.0,),
            devices.generator(0, "corrected"),
            corrected=reverse_pass(layer.weight, corrected=True),
        )
        rows = {row.kind: row for row in found.rows}
        kinds = [rows[kind] for kind in ("stored", "corrected", "gaussian")]
        yield step.name, [f"{row.cosine:.2f}" for row in kinds] + [f"{row.retrieval:.0%}" for row in kinds]


@pytest.mark.parametrize("name", ["mnist-mlp", "cifar10-mlp", "alexnet-cifar10"])
def test_the_table_says_what_is_measured(name):
    written = {(net, layer): cells.split(" | ") for net, layer, cells in ROW.findall(METHOD.read_text())}
    for layer, figures in measured(name):
        print(f"| `{name}`, `{layer}` | " + " | ".join(figures) + " |")
        for figure, cell in zip(figures, written[name, layer], strict=True):
            low = float(cell.strip().rstrip("%").strip())
            assert float(figure.rstrip("%")) == pytest.approx(low, abs=1.5 if "%" in figure else 0.015)
