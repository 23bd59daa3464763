"""The exact line beside dense sampling: both count the breakpoints of one network, and the page shows their ratio."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from netaudit.geometry import exact_line
from netaudit.report.document.model import Table
from netaudit.studies.benchmark import lines
from netaudit.studies.benchmark.page import document

COMMITTED = Path(__file__).parents[3] / "reports" / "benchmark" / "benchmark.json"


def network(*widths):
    generator = torch.Generator().manual_seed(0)
    layers = [
        (torch.randn(m, n, generator=generator), torch.randn(m, generator=generator)) for n, m in pairwise(widths)
    ]
    one, other = 4 * torch.randn(2, widths[0], generator=generator)
    return layers, (one, 0.5 * other - one)  # beyond 0, so that most neurons change their state


def test_so_many_points_see_every_breakpoint_of_the_exact_line():
    layers, ends = network(5, 20, 20, 3)
    found = lines.compared(layers, ends, (50, 20_000))
    line = exact_line(layers, *ends)
    step = np.diff(np.unique(line.event_t)).min()
    assert found["widths"] == [5, 20, 20, 3]
    assert found["exact"]["breakpoints"] == len(line.events) > 15
    assert found["exact"]["steps"] == line.pieces - 1
    assert [(run["points"], run["dtype"]) for run in found["sampled"]] == [
        (points, dtype) for dtype in ("float32", "float64") for points in (50, 20_000)
    ]
    *_, coarse, fine = found["sampled"]
    assert step > 1 / 20_000
    assert (fine["breakpoints"], fine["steps"]) == (len(line.events), line.pieces - 1)
    assert coarse["steps"] < fine["steps"]
    assert coarse["breakpoints"] >= coarse["steps"]


def test_a_breakpoint_between_two_batches_counts_once(monkeypatch):
    monkeypatch.setattr(lines, "BATCH", 2)
    tent = [(torch.tensor([[1.0], [1.0]]), torch.tensor([-0.5, -0.6])), (torch.ones(1, 2), torch.zeros(1))]
    ends = torch.tensor([0.0]), torch.tensor([1.0])
    assert lines.sampled(tent, ends, 4) == (2, 1)  # at 0, 1/3, 2/3, 1: both change between the second and the third
    assert lines.sampled(tent, ends, 21) == (2, 2)


def test_the_networks_are_those_of_the_page():
    layers, ends = lines.bundled()
    assert [tuple(weight.shape) for weight, _ in layers] == [(1000, 784), (1000, 1000), (10, 1000)]
    assert all(end.shape == (784,) for end in ends)
    assert not torch.equal(*ends)


def test_the_page_shows_seconds_over_those_of_the_exact_line():
    run = {"points": 100, "dtype": "float32", "breakpoints": 15, "steps": 5, "seconds": 3.0}
    one = {"network": "net", "widths": [2, 3, 1], "exact": {"breakpoints": 20, "steps": 10, "seconds": 1.5}}
    found = {"date": "2026-01-01", "torch": "2.14.1", "networks": [one | {"sampled": [run, run | {"steps": 0}]}]}
    page = document(json.loads(COMMITTED.read_text("ascii")) | {"lines": found})
    [section] = [section for section in page.sections if section.identifier == "lines"]
    [costs] = [block for block in section.blocks if isinstance(block, Table)]
    assert [cell.text for cell in costs.rows[0]] == ["net", "100", "float32", "75%", "50%", "3", "2", "4"]
    assert costs.rows[1][-1].text == "–"


def test_the_result_goes_onto_the_page(monkeypatch, tmp_path):
    committed = json.loads(COMMITTED.read_text("ascii"))
    (tmp_path / "benchmark.json").write_text(json.dumps(committed))
    one = {"network": "net", "widths": [2, 1], "exact": {"breakpoints": 2, "steps": 2, "seconds": 1.0}, "sampled": []}
    fresh = {"date": "2026-01-01", "torch": "2.14.1", "networks": [one]}
    monkeypatch.setattr(lines, "measure", lambda: fresh)
    monkeypatch.setattr("sys.argv", ["lines", "--out", str(tmp_path)])
    assert lines.main() == 0
    written = json.loads((tmp_path / "benchmark.json").read_text("ascii"))
    assert written == committed | {"lines": fresh}
    assert "2 breakpoints" in (tmp_path / "benchmark.html").read_text("utf-8")


def test_what_is_committed_holds_both_networks():
    found = json.loads(COMMITTED.read_text("ascii"))["lines"]["networks"]
    assert {one["network"]: [run["points"] for run in one["sampled"]] for one in found} == {
        name: [*points, *points] for name, points in lines.POINTS.items()
    }
    assert all(
        one["exact"]["steps"] >= run["steps"] for one in found for run in one["sampled"] if run["dtype"] == "float64"
    )
