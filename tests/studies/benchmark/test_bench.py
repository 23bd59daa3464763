"""The benchmark runs, at toy size and without the peer; and what is committed is what its JSON says."""

import argparse
import json
import re
import sys
from pathlib import Path
from statistics import median

import pytest

from netaudit.report.renderers.html import to_html
from netaudit.studies.benchmark import run
from netaudit.studies.benchmark.arm import measure
from netaudit.studies.benchmark.page import document
from netaudit.studies.harness.page import write_study

COMMITTED = Path(__file__).parents[3] / "reports" / "benchmark"


def test_it_measures_and_writes_a_page(monkeypatch, tmp_path):
    monkeypatch.setattr(run, "ALEXNET", {"fc6": (60, 90), "fc7": (60, 60), "fc8": (40, 60)})
    monkeypatch.setattr(run, "matrix_rate", lambda: 1e9)
    monkeypatch.setattr(run, "run", lambda arm, path, *more, **options: measure(arm, path, *more))  # in this process
    data = run.measure(argparse.Namespace(peer_python=None, rounds=1, quick=True))
    assert set(data["rounds"]) == {"floor", "analyses", "audit", "reports"}
    [ratio] = data["ratios"].values()
    assert (
        ratio["values"]
        == [data["rounds"]["analyses"][0]["seconds"] / data["rounds"]["floor"][0]["seconds"]]
        == [ratio["median"]]
    )
    write_study(document(data), tmp_path)
    assert json.loads((tmp_path / "benchmark.json").read_text()) == data


def test_what_other_commands_measured_stays_on_the_page(monkeypatch, tmp_path):
    committed = json.loads((COMMITTED / "benchmark.json").read_text("ascii"))
    (tmp_path / "benchmark.json").write_text(json.dumps(committed | {"date": "2000-01-01", "other": 1}))
    fresh = {key: value for key, value in committed.items() if key != "rungs"}
    monkeypatch.setattr(run, "measure", lambda arguments: fresh)
    monkeypatch.setattr(sys, "argv", ["run", "--out", str(tmp_path)])
    run.main()
    written = json.loads((tmp_path / "benchmark.json").read_text("ascii"))
    assert written == committed


def test_an_arm_that_fails_is_named(tmp_path):
    with pytest.raises(SystemExit, match=r"floor: .*missing\.safetensors"):
        run.run("floor", tmp_path / "missing.safetensors")


def test_lanczos_is_compared_with_the_exact_values_in_a_process_of_its_own(tmp_path):
    found = run.compare(300, tmp_path)
    assert 0 < found["distance"] <= found["bound"] < 0.2
    assert min(found["exact_seconds"], found["lanczos_seconds"]) > 0


def measured(ratio=6.5, peak=1.4e9, vgg16=2.4e9):
    """A run that meets all that is asked, unless told otherwise."""
    name = "times as fast as WeightWatcher"
    return {
        "ratios": {name: {"median": ratio, "bar": 6.0, "goal": 10.0, "met": ratio >= 6}},
        "rounds": {"analyses": [{"peak_bytes": 1e9}, {"peak_bytes": peak}]},
        "cost": {"vgg16_fc6": None if vgg16 is None else {"peak_bytes": vgg16}},
    }


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, []),
        ({"vgg16": None}, []),
        ({"ratio": 5.5}, ["5.50 times as fast as WeightWatcher, asked 6"]),
        ({"peak": 1.6e9}, ["1.60 GB for AlexNet, at most 1.5"]),
        ({"peak": 1.6e9, "vgg16": 3e9}, ["1.60 GB for AlexNet, at most 1.5", "3.00 GB for VGG-16's fc6, at most 2.5"]),
    ],
)
def test_a_criterion_that_is_missed_is_told_and_fails_the_command(monkeypatch, capsys, tmp_path, changes, reasons):
    data = measured(**changes)
    assert run.missed(data) == reasons
    monkeypatch.setattr(run, "measure", lambda arguments: data)
    monkeypatch.setattr(run, "document", lambda data: data)
    monkeypatch.setattr(run, "write_study", lambda page, out: None)
    monkeypatch.setattr("sys.argv", ["run", "--out", str(tmp_path)])
    assert run.main() == bool(reasons)
    assert capsys.readouterr().err.splitlines() == [f"missed: {reason}" for reason in reasons]


@pytest.mark.parametrize(("seconds", "met"), [(6.0, True), (5.9, False)])
def test_a_ratio_is_met_on_the_right_side(monkeypatch, seconds, met):
    times = {"weightwatcher": seconds, "analyses": 1.0, "floor": 1 / (8.5 - seconds), "audit": 2.0, "reports": 1.0}
    monkeypatch.setattr(run, "run", lambda arm, *more, **options: {"seconds": times[arm], "peak_bytes": 1})
    monkeypatch.setattr(run, "matrix_rate", lambda: 1e9)
    monkeypatch.setattr(run, "save", lambda path, shapes: path)
    data = run.measure(argparse.Namespace(peer_python="python", rounds=3, quick=True))
    faster, slower = data["ratios"].values()
    assert (faster["met"], slower["met"]) == (met, met)
    assert faster["median"] == pytest.approx(seconds)
    assert slower["median"] == pytest.approx(8.5 - seconds)


def test_the_exponent_of_a_power_is_found():
    costs = [{"shape": [side, side], "seconds": 1e-9 * side**2.5} for side in (512, 1024, 4096)]
    assert run.fitted_exponent(costs) == pytest.approx(2.5)


@pytest.mark.skipif(not COMMITTED.exists(), reason="no run is committed")
def test_the_committed_page_is_the_one_its_json_gives():
    data = json.loads((COMMITTED / "benchmark.json").read_text())
    again, committed = to_html(document(data).document()), (COMMITTED / "benchmark.html").read_text("utf-8")
    plain = [re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL) for page in (again, committed)]
    assert plain[0] == plain[1]


@pytest.mark.skipif(not COMMITTED.exists(), reason="no run is committed")
def test_the_limits_say_what_was_measured():
    data = json.loads((COMMITTED / "benchmark.json").read_text())
    limits = (COMMITTED.parent.parent / "docs" / "limits.md").read_text("utf-8")
    said = " ".join(limits[limits.index("## Time and memory") :].split())
    seconds, gigabytes, times, reports, fc7, square, square_gigabytes, fc6, fc6_gigabytes = map(
        float,
        re.search(
            r"take (\S+) s and (\S+) GB: (\S+) times as .* reports take (\S+) s\. A layer of 4096 × 4096 takes "
            r"(\S+) s, one of 8192 × 8192 (\S+) s and (\S+) GB, and VGG-16's fc6 (\S+) s and (\S+) GB\.",
            said,
        ).groups(),
    )
    runs = {arm: [entry["seconds"] for entry in rounds] for arm, rounds in data["rounds"].items()}
    cost = {entry["shape"][0]: entry for entry in data["cost"]["square"]}
    vgg16 = data["cost"]["vgg16_fc6"]
    peak = max(entry["peak_bytes"] for entry in data["rounds"]["analyses"])
    assert (seconds, reports) == pytest.approx((median(runs["analyses"]), median(runs["reports"])), rel=0.05)
    assert times == pytest.approx(data["ratios"]["times as fast as WeightWatcher"]["median"], rel=0.05)
    assert (fc7, square, fc6) == pytest.approx(
        (cost[4096]["seconds"], cost[8192]["seconds"], vgg16["seconds"]), rel=0.05
    )
    assert (gigabytes, square_gigabytes, fc6_gigabytes) == pytest.approx(
        (peak / 1e9, cost[8192]["peak_bytes"] / 1e9, vgg16["peak_bytes"] / 1e9), rel=0.05
    )
