"""Running the study: from the command line, again, interrupted, and after a change of a tolerance."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from netaudit.cli.main import main
from netaudit.studies.calibration import claims, fingerprint, run
from netaudit.studies.calibration.cells import Criterion, LayerCell
from netaudit.studies.calibration.measure import Task
from netaudit.studies.calibration.plan import full, quick
from netaudit.studies.calibration.run import JOURNAL
from netaudit.studies.harness import provenance as origins
from netaudit.studies.harness.journal import Journal


@pytest.fixture
def calibrate(capsys, monkeypatch, tmp_path, tiny):
    """Run ``netaudit study calibration --quick`` on the tiny plan: ``(exit code, stdout, stderr)``."""
    monkeypatch.chdir(tmp_path)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def call(*arguments, plan=tiny):
        monkeypatch.setattr("netaudit.studies.calibration.plan.quick", lambda: plan)
        with pytest.raises(SystemExit) as leaving:
            main(["study", "calibration", "--quick", *arguments])
        captured = capsys.readouterr()
        return leaving.value.code, captured.out, captured.err

    yield call
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_study_is_run_once_and_goes_on_where_it_was(calibrate, tmp_path, monkeypatch, tiny):
    code, out, err = calibrate()
    assert (code, err) == (0, "")
    folder = tmp_path / "reports" / "calibration-quick"
    assert {path.name for path in folder.iterdir()} == {
        JOURNAL, "figures", "calibration.html", "calibration.pdf", "calibration.json",
    }  # fmt: skip
    assert out.splitlines() == [
        f"{len(tiny.criteria)} of {len(tiny.criteria)} bars are met.",
        "Report: reports/calibration-quick/calibration.html, reports/calibration-quick/calibration.pdf, "
        "reports/calibration-quick/calibration.json",
    ]
    first = (folder / "calibration.json").read_bytes()
    assert [entry["command"] for entry in json.loads(first)["runs"]] == ["netaudit study calibration --quick --jobs 1"]
    data = json.loads(first)
    [made] = data["runs"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", made["date"])
    assert set(data["versions"]) == {"netaudit", "python", "torch", "numpy", "scipy"}
    assert str(tmp_path) not in first.decode()
    asked = []
    monkeypatch.setattr(run, "run_tasks", lambda tasks, jobs, work: (record for record in asked.extend(tasks) or []))
    assert calibrate("--quiet") == (0, "", "")
    assert asked == []
    assert (folder / "calibration.json").read_bytes() == first

    more = replace(tiny, cells=(replace(tiny.cells[0], seeds=4), *tiny.cells[1:]))
    assert calibrate(plan=more)[0] == 2  # nobody does the work now: the record is not there
    assert asked == [Task(more.cells[0], (3,))]


def test_exit_code_1_when_a_criterion_is_not_met(calibrate, tiny, monkeypatch):
    monkeypatch.setattr(run, "run_tasks", lambda tasks, jobs, work: (r for task in tasks for r in work(task)))
    criteria = (*tiny.criteria, Criterion("impossible", "gaussian 64x64 0", "singular_law", "holds", high=0.5))
    cells = tuple(cell for cell in tiny.cells if cell.scenario == "gaussian" or cell.scenario == "bias")
    kept = tuple(each for each in criteria if each.cell in {cell.key for cell in cells})
    code, out, _ = calibrate(plan=replace(tiny, cells=cells, criteria=kept, tracy_widom=(), wishes=()))
    assert code == 1
    assert "impossible" in out
    assert f"{len(kept) - 1} of {len(kept)} bars are met." in out


def test_quick_takes_no_numbers_of_seeds(calibrate):
    code, _, err = calibrate("--seeds", "3")
    assert code == 2
    assert "--quick has its own numbers of seeds" in err


def test_another_tolerance_discards_what_was_measured(monkeypatch, tmp_path, tiny):
    def seeds_left():
        with Journal(tmp_path / JOURNAL, fingerprint.fingerprint()) as journal:
            return sum(len(task.seeds) for task in run.missing(tiny, journal))

    with Journal(tmp_path / JOURNAL, fingerprint.fingerprint()) as journal:
        journal.add({"cell": tiny.cells[0].key, "seed": 0})
    everything = sum(cell.seeds for cell in tiny.cells)
    assert seeds_left() == everything - 1
    changed = {claim: {name: 1.01 * v for name, v in values.items()} for claim, values in claims.tolerances().items()}
    monkeypatch.setattr(fingerprint, "tolerances", lambda: changed)
    assert seeds_left() == everything


def test_expensive_layers_come_first_and_alone(tmp_path):
    with Journal(tmp_path / JOURNAL, "x") as journal:
        tasks = run.missing(full(), journal)
    assert tasks[0].cell.shape == (4096, 9216)
    assert {len(task.seeds) for task in tasks if task.cell and task.cell.shape[1] == 9216} == {1}
    cheap = [task for task in tasks if task.cell and task.cell.key == "gaussian 64x64 0"]
    assert [task.seeds for task in cheap] == [tuple(range(start, start + 20)) for start in range(0, 200, 20)]
    assert [task.shape for task in tasks if task.cell is None] == list(full().tracy_widom)


def test_effort_grows_with_the_layer_and_the_claims():
    few, many = (
        LayerCell("gaussian", (512, 512), 0.0, claims, 1) for claims in (("gaussian_weights",), ("singular_law",))
    )
    assert run.effort(few) < run.effort(many) < run.effort(replace(many, shape=(512, 2048)))


def test_progress_reaches_its_total(tmp_path, tiny, monkeypatch):
    monkeypatch.setattr(run, "run_tasks", lambda tasks, jobs, work: (r for task in tasks for r in work(task)))
    told = []
    plan = replace(tiny, cells=tiny.cells[-3:], criteria=(), tracy_widom=(), wishes=())
    run.calibrate(plan, tmp_path, command="x", progress=lambda *values: told.append(values))
    *steps, last = told
    assert last == ("writing the study", 0.0, 0.0)
    assert steps[0][1] == 0
    assert steps[-1][1] == pytest.approx(steps[-1][2])
    assert len({total for _, _, total in steps}) == 1


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_interrupted_it_keeps_what_it_has(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "netaudit", "study", "calibration", "--quick", "--out", "out", "--jobs", "2"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    journal, deadline = tmp_path / "out" / JOURNAL, time.monotonic() + 120
    while time.monotonic() < deadline and not (journal.exists() and journal.read_text().count('"seed"') >= 2):
        time.sleep(0.05)
    assert process.poll() is None
    assert journal.read_text().count('"seed"') >= 2
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.splitlines()) == (130, "", ["netaudit: error: interrupted"])
    while time.monotonic() < deadline and _left(process.pid):  # multiprocessing's own tracker ends a moment later
        time.sleep(0.05)
    assert _left(process.pid) == []
    assert {path.name for path in (tmp_path / "out").iterdir()} == {JOURNAL}
    with Journal(tmp_path / "out" / JOURNAL, fingerprint.fingerprint()) as kept:
        left = sum(len(task.seeds) for task in run.missing(quick(), kept))
    assert 0 < left <= sum(cell.seeds for cell in quick().cells) - 2


def _left(group):
    """The processes of a group that run on; one that has ended and waits to be collected does not count."""
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat=,args="], capture_output=True, text=True, check=True)
    processes = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
    return [words for words in processes if words[0] == str(group) and not words[1].startswith("Z")]


def test_the_commit_is_that_of_our_own_checkout(tmp_path, monkeypatch):
    here = origins.commit()
    git = subprocess.run(["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True)
    if git.returncode == 0:
        assert here.removesuffix("-dirty") == git.stdout.strip()
    # installed into a folder of someone else's repository
    other = tmp_path / "venv" / "netaudit"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("")
    settings = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    for command in (["init", "--quiet"], [*settings, "commit", "--quiet", "--allow-empty", "-m", "theirs"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    monkeypatch.setattr(origins.resources, "files", lambda name: other)
    assert origins.commit() is None
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    subprocess.run(["git", *settings, "commit", "--quiet", "-m", "ours"], cwd=tmp_path, check=True)
    assert len(origins.commit()) == 40
    (other / "new.py").write_text("")
    assert origins.commit().endswith("-dirty")


def test_without_git_there_is_no_commit(monkeypatch):
    def missing(*arguments, **options):
        raise FileNotFoundError("git")

    monkeypatch.setattr(origins.subprocess, "run", missing)
    assert origins.commit() is None
