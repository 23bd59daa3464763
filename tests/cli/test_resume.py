"""An audit that was interrupted, killed or out of disk goes on with the same command, to the same bytes."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import save_file

from netaudit.cli.main import main
from netaudit.report.folder import WORK

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals")

HOLDING = '''
"""An analysis that stops at one layer, in a call that no signal interrupts, as an eigensolver does."""
import hashlib, os, pathlib
from netaudit import Analysis
from netaudit.report.document.model import Presentation
from netaudit.results import Payload

class Norm(Payload, frozen=True):
    """One number."""
    value: float
    """The norm."""

def measure(context):
    if context.layer.name == os.environ.get("HOLD_AT"):
        pathlib.Path(os.environ["HELD"]).touch()
        hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)
    return Norm(float(context.layer.weight.double().norm()))

ANALYSIS = Analysis("holding", "Holding", "?", "layer", (), Norm, measure, lambda payload, place: Presentation())
'''
OPTIONS = ("--analyses", "gaussian_weights,holding", "--nulls", "none", "--format", "json,text", "--out", "out")


@pytest.fixture
def net(tmp_path):
    """A file with three layers, in the folder that the audits run in."""
    random = torch.Generator().manual_seed(0)
    layers = {f"{name}.weight": torch.randn(60, 80, generator=random) for name in "abc"}
    save_file(layers, tmp_path / "net.safetensors")
    return tmp_path / "net.safetensors"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with a package that adds the analysis above."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "holding.py").write_text(HOLDING)
    info = folder / "holding-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: holding\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[netaudit.analyses]\nholding = holding:ANALYSIS\n")
    return folder


def start(net, site, *options, hold_at="", **popen):
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
    held = net.parent / "held"
    process = subprocess.Popen(
        [sys.executable, "-m", "netaudit", net.name, *(options or OPTIONS)],
        cwd=net.parent, env=os.environ | {"PYTHONPATH": path, "HOLD_AT": hold_at, "HELD": str(held)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **popen,
    )  # fmt: skip
    deadline = time.monotonic() + 300
    while hold_at and not held.exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    held.unlink(missing_ok=True)
    return process


def when(path):
    """Which file it is, and when it was written."""
    return path.stat().st_ino, path.stat().st_mtime_ns


def report(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "run.json"}


def test_an_audit_that_was_killed_interrupted_and_stopped_gives_the_bytes_of_one_that_was_not(net, site):
    out, kept = net.parent / "out", lambda: sorted((net.parent / "out" / WORK / "layers").glob("*.json"))
    killed = start(net, site, hold_at="b")
    killed.kill()
    assert killed.communicate() == ("", "")
    assert len(kept()) == 1
    first = when(kept()[0])

    interrupted = start(net, site, hold_at="c")
    began = time.monotonic()
    interrupted.send_signal(signal.SIGINT)
    says = "2 of 3 layers are kept in out; the same command goes on from there, with --fresh it begins anew"
    assert interrupted.communicate() == ("", f"netaudit: error: interrupted: {says}\n")
    assert interrupted.returncode == 130
    assert time.monotonic() - began < 5
    assert {path.name for path in out.iterdir()} == {WORK}
    assert {path.name for path in (out / WORK).iterdir()} == {"layers", "lock"}
    assert first in map(when, kept())  # not measured again

    whole = start(net, site)
    _, err = whole.communicate()
    assert err == "netaudit: note: 2 of 3 layers were kept from an audit that was interrupted\n"
    undisturbed = start(net, site, *OPTIONS[:-1], "other")
    _, err = undisturbed.communicate()
    assert (whole.returncode, undisturbed.returncode, err) == (0, 0, "")
    assert report(out) == report(net.parent / "other")
    assert set(report(out)) == {"audit.json", "audit.txt"}


def test_a_second_run_into_the_folder_is_refused_and_changes_nothing(net, site):
    first = start(net, site, hold_at="b")
    second = start(net, site)
    _, err = second.communicate()
    assert second.returncode == 2
    assert err.splitlines() == [
        "netaudit: error: out: another netaudit is at work in this folder",
        "hint: wait until it is done, or write elsewhere: --out DIR",
    ]
    first.send_signal(signal.SIGTERM)
    first.send_signal(signal.SIGTERM)
    assert first.communicate()[1].startswith("netaudit: error: interrupted: 1 of 3 layers is kept in out; ")
    assert first.returncode == 130


def test_a_full_disk_costs_no_measured_layer(net, site):
    """The JSON of these layers fits, a PDF does not."""
    resource = pytest.importorskip("resource")
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (80_000, 80_000))  # noqa: E731
    options = [*OPTIONS]
    options[options.index("json,text")] = "json,pdf"
    process = start(net, site, *options, preexec_fn=limit)
    _, err = process.communicate()
    assert process.returncode == 2
    lines = err.splitlines()
    assert re.fullmatch(r"netaudit: error: out/\S+: cannot write: the file is larger than is allowed here", lines[0])
    assert lines[1] == "hint: audit.json is written"
    assert lines[2].startswith("hint: 3 of 3 layers are kept in out; the same command goes on from there")
    assert json.loads((net.parent / "out" / "audit.json").read_text())["layers"]


@pytest.fixture
def run(capsys, monkeypatch, net):
    """Run a command line in the folder of the file: ``(exit code, stdout, stderr)``."""
    monkeypatch.chdir(net.parent)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def call(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main([*map(str, arguments), "--analyses", "gaussian_weights", "--nulls", "none"])
        captured = capsys.readouterr()
        return leaving.value.code, captured.out, captured.err

    yield call
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def stopped(run, net, monkeypatch):
    """An audit into ``out`` that ended when its report was written."""
    with monkeypatch.context() as patched:
        patched.setattr("netaudit.report.write.write_document", None)
        code, _, err = run(net.name, "--format", "json", "--out", "out")
    assert code == 2
    assert "unexpected TypeError" in err
    assert "hint: audit.json is written\nhint: 3 of 3 layers are kept in out; the same command goes on" in err
    (net.parent / "out" / "audit.json").unlink()
    return sorted((net.parent / "out" / WORK / "layers").iterdir())


def test_what_a_stopped_audit_kept_is_used_or_not_as_asked(run, net, stopped):
    assert len(stopped) == 3
    code, _, err = run(net.name, "--format", "json", "--out", "out", "--fresh")
    assert (code, err) == (0, "")
    assert not (net.parent / "out" / WORK).exists()


def test_an_error_before_the_layers_says_what_is_kept_all_the_same(run, net, stopped):
    code, _, err = run(net.name, "--format", "json", "--out", "out", "--data", "missing.npz")
    assert code == 2
    assert "hint: 3 layers are kept in out; the same command goes on" in err
    assert sorted((net.parent / "out" / WORK / "layers").iterdir()) == stopped


def test_quiet_is_quiet(run, net, stopped):
    assert run(net.name, "--format", "json", "--out", "out", "--quiet") == (0, "", "")


def test_what_is_damaged_is_measured_again_and_said(run, net, stopped):
    text = stopped[0].read_text()
    stopped[0].write_text(text[:-100])
    [name] = re.findall(r'"layer": {"name": "(\w)"', text)
    code, _, err = run(net.name, "--format", "json", "--out", "out")
    assert code == 0
    assert err.splitlines() == [
        "netaudit: note: 2 of 3 layers were kept from an audit that was interrupted",
        f"netaudit: note: what was kept of layer {name} is damaged; it was measured again",
    ]


def test_nothing_of_an_earlier_report_stays_beside_the_new_one(run, net):
    run(net.name, "--format", "html,text,json", "--out", "out")
    assert len(list((net.parent / "out" / "figures").iterdir())) == 4  # the picture of page one, and one a layer
    assert run(net.name, "--format", "html", "--layers", "a", "--out", "out", "--no-run-file")[0] == 0
    assert {path.name for path in (net.parent / "out").iterdir()} == {"audit.html", "figures"}
    assert len(list((net.parent / "out" / "figures").iterdir())) == 2


def test_an_earlier_report_stays_where_an_audit_fails(run, net):
    run(net.name, "--format", "json", "--out", "out")
    before = report(net.parent / "out")
    code, _, err = run(net.name, "--format", "json", "--out", "out", "--layers", "none-such")
    assert code == 2
    assert "kept" not in err
    assert report(net.parent / "out") == before


def test_two_targets_of_one_name_do_not_overwrite_each_other(run, net):
    options = ("--format", "json")
    torch.save({"a.weight": torch.randn(40, 30)}, net.parent / "net.pt")
    assert run("net.safetensors", *options)[0] == 0
    assert run("net.safetensors", *options, "--layers", "a")[0] == 0  # of the same target
    before = report(net.parent / "reports" / "net")
    code, _, err = run("net.pt", *options)
    assert code == 2
    assert err.splitlines() == [
        "netaudit: error: reports/net holds the report of net.safetensors, which would be overwritten",
        "hint: write elsewhere: --out DIR; --out reports/net overwrites it",
    ]
    assert report(net.parent / "reports" / "net") == before
    assert run("net.pt", *options, "--out", "reports/net")[0] == 0
    (net.parent / "reports" / "net" / "run.json").unlink()
    assert "it is not known what the report there is of" in run("net.pt", *options)[2]


@pytest.mark.parametrize("command", [["net.safetensors"], ["render", "x.json"], ["train", "mnist-mlp"]])
def test_an_empty_name_of_the_folder_is_refused(run, command, capsys):
    with pytest.raises(SystemExit) as leaving:
        main([*command, "--out", ""])
    assert leaving.value.code == 2
    assert "the name of the folder is empty" in capsys.readouterr().err


def test_after_a_refusal_nothing_is_kept_and_no_hint_says_to_go_on(run, net):
    save_file({"a.weight": torch.full((60, 80), torch.nan)}, net)
    for _ in range(2):  # the same again, and not from what was kept
        code, _, err = run(net.name, "--out", "out")
        assert code == 2
        assert "no layer has a claim that can be judged" in err
        assert "kept" not in err
        assert not (net.parent / "out").exists()


def test_what_another_command_had_kept_is_not_removed_without_a_word(run, net, site):
    killed = start(net, site, hold_at="c")
    killed.kill()
    killed.communicate()
    code, _, err = run(net.name, "--layers", "a", "--out", "out", "--format", "json")
    assert code == 0
    assert "an interrupted audit with other settings had kept here is removed (2 layers)" in err
    assert not (net.parent / "out" / WORK).exists()
