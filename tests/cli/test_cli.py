"""The command line as a user meets it: exit codes, one line of error, files written."""

import hashlib
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

from netaudit.analyses.table import BUILT_IN
from netaudit.api import AuditReport
from netaudit.cli.main import main


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run a command line in a folder of its own: ``(exit code, stdout, stderr)``."""
    monkeypatch.chdir(tmp_path)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def call(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return leaving.value.code, captured.out, captured.err

    yield call
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def checkpoint(mlp, tmp_path):
    path = tmp_path / "net.pt"
    torch.save(mlp.state_dict(), path)
    return path


def spawn(*arguments, cwd, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "netaudit", *map(str, arguments)],
        cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def test_a_file_gives_every_report(run, checkpoint, tmp_path):
    code, out, err = run(checkpoint)
    assert code == 0
    assert err == ""
    folder = tmp_path / "reports" / "net"
    written = {path.name for path in folder.iterdir()}
    assert written == {"audit.json", "audit.html", "audit.pdf", "figures", "run.json"}
    assert list((folder / "figures").glob("*.svg"))
    assert "× fails" in out
    assert "● holds" in out
    assert "Hidden units, by the correlation r" in out
    assert str(tmp_path / "reports") not in out  # relative, as it was asked for
    assert "reports/net/audit.html" in out
    started = json.loads((folder / "run.json").read_text())
    assert started["seconds"]["audit"] > 0
    assert started["command"][0] == "netaudit"


def test_the_same_bytes_whatever_the_folder(run, checkpoint, tmp_path):
    run(checkpoint, "--format", "json", "--out", "one", "--quiet")
    run("audit", checkpoint, "--format", "json", "--out", "two/deep", "--quiet")
    one, two = tmp_path / "one", tmp_path / "two" / "deep"
    assert (one / "audit.json").read_bytes() == (two / "audit.json").read_bytes()
    assert {path.name for path in one.iterdir()} == {"audit.json", "run.json"}
    assert str(tmp_path) not in (one / "audit.json").read_text()


def test_quiet_prints_nothing(run, checkpoint):
    assert run(checkpoint, "--quiet", "--format", "json") == (0, "", "")


@pytest.mark.parametrize(("claim", "code"), [("gaussian_weights", 1), ("singular_law", 0)])
def test_fail_on(run, checkpoint, claim, code):
    assert run(checkpoint, "--format", "json", "--fail-on", claim, "--quiet")[0] == code


def test_an_untrained_network_can_be_refused(run, tmp_path):
    torch.manual_seed(0)
    layer = torch.nn.Linear(100, 50)
    asked = ("--format", "json", "--analyses", "initialisation", "--fail-on", "untrained", "--quiet")
    torch.save(layer.state_dict(), tmp_path / "drawn.pt")
    layer.weight.data += 0.3 * torch.outer(torch.rand(50), torch.rand(100))
    torch.save(layer.state_dict(), tmp_path / "trained.pt")
    codes = [run(tmp_path / name, *asked)[0] for name in ("drawn.pt", "trained.pt")]
    assert codes == [1, 0]


def test_render_needs_only_the_json(run, checkpoint, tmp_path):
    run(checkpoint, "--quiet")
    first = {name: (tmp_path / "reports/net" / name).read_bytes() for name in ("audit.html", "audit.pdf")}
    checkpoint.unlink()
    code, out, _ = run("render", "reports/net/audit.json", "--out", "again")
    assert code == 0
    assert "again/audit.html" in out
    for name, data in first.items():
        assert (tmp_path / "again" / name).read_bytes() == data


def test_render_replaces_a_folder_as_a_whole_and_leaves_the_json_that_it_is_made_from(run, checkpoint, tmp_path):
    out, other = tmp_path / "reports/net", tmp_path / "other"
    run(checkpoint, "--quiet", "--format", "html,json", "--analyses", "gaussian_weights", "--nulls", "none")
    html, json = (out / "audit.html").read_bytes(), (out / "audit.json").stat().st_ino
    (out / "audit.html").write_text("of an earlier version")
    assert run("render", "reports/net/audit.json", "--format", "text")[0] == 0
    assert {path.name for path in out.iterdir()} == {"audit.html", "audit.json", "audit.txt", "figures", "run.json"}
    assert ((out / "audit.html").read_bytes(), (out / "audit.json").stat().st_ino) == (html, json)
    other.mkdir()
    for name in ("audit.json", "audit.pdf", "run.json", "notes.txt"):
        (other / name).write_text("of another network")
    assert run("render", "reports/net/audit.json", "--format", "text", "--out", "other")[0] == 0
    assert {path.name for path in other.iterdir()} == {"audit.txt", "notes.txt"}


def test_a_figure_that_fails_is_said_and_costs_nothing_else(run, checkpoint, tmp_path, monkeypatch):
    def exhausted(figure):
        raise MemoryError

    monkeypatch.setattr("netaudit.report.document.finish.draw_figure", exhausted)
    options = ("--format", "html,json", "--analyses", "gaussian_weights", "--nulls", "none")
    for command in ((checkpoint, *options), ("render", "reports/net/audit.json")):
        code, out, err = run(*command)
        assert code == 0
        assert "Report: reports/net/audit.html" in out
        assert [line for line in err.splitlines() if "warning" in line] == [
            "netaudit: warning: Figure 1, Figure 2, Figure 3 and 1 more could not be drawn: memory ran out."
        ]
        page = (tmp_path / "reports/net/audit.html").read_text()
        assert "This figure could not be drawn: memory ran out." in page


def test_render_refuses_a_report_of_format_1_in_one_line_with_a_hint(run, tmp_path):
    (tmp_path / "audit.json").write_text('{"$schema": "urn:netaudit-dnn:audit:1", "format_version": 1}')
    code, out, err = run("render", "audit.json")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "netaudit: error: audit.json: written in format 1, which this netaudit no longer reads; it reads format 2",
        "hint: audit the weights again (netaudit TARGET): the same numbers are written in the new format",
    ]


def test_the_text_format_is_what_is_printed(run, checkpoint, tmp_path):
    _, out, _ = run(checkpoint, "--format", "text,json", "--out", "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"audit.txt", "audit.json", "run.json"}
    printed, report = out.rsplit("\n", 2)[:2]
    assert printed + "\n" == (tmp_path / "out" / "audit.txt").read_text(encoding="utf-8")
    assert report == "Report: out/audit.txt, out/audit.json"


def test_analyses_are_listed_with_what_they_ask_and_need(run):
    code, out, err = run("analyses")
    assert (code, err) == (0, "")
    for analysis in BUILT_IN:
        rows = [line for line in out.splitlines() if line.startswith(f"{analysis.name} ")]
        assert any(analysis.scope in row for row in rows)
    assert "the fully connected head" in out


def test_only_the_analyses_asked_for_are_run_in_the_order_of_the_report(run, checkpoint, tmp_path):
    options = ("--analyses", "edge_tests,constant_bias", "--format", "json", "--out", "out", "--quiet")
    assert run(checkpoint, *options) == (0, "", "")
    data = json.loads((tmp_path / "out" / "audit.json").read_text())
    assert [list(layer["analyses"]) for layer in data["layers"]] == [["constant_bias"]] * 3
    assert list(data["analyses"]) == ["edge_tests"]
    assert list(data["summary"]["claims"]) == ["constant_bias"]


def test_layers_lists_what_is_skipped_too(run, tmp_path):
    state = {"fc.weight": torch.randn(40, 30), "fc.bias": torch.zeros(40), "conv.weight": torch.zeros(4, 3, 5, 5)}
    torch.save(state, tmp_path / "small.pt")
    code, out, err = run("layers", "small.pt")
    assert (code, err) == (0, "")
    assert "40 x 30" in out
    assert "skipped" in out
    assert "convolution" in out
    assert "1,240 of 1,540" in out


def test_layers_of_a_folder_of_shards(run, tmp_path):
    folder = tmp_path / "net"
    folder.mkdir()
    save_file({"h.1.fc.weight": torch.zeros(40, 30)}, folder / "a.safetensors")
    save_file({"h.0.fc.weight": torch.zeros(20, 30), "h.0.norm.weight": torch.zeros(30)}, folder / "b.safetensors")
    weight_map = {"h.0.fc.weight": "b.safetensors", "h.1.fc.weight": "a.safetensors"}
    (folder / "net.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    outputs = [run("layers", target) for target in ("net", "./net", "net/net.safetensors.index.json")]
    assert outputs[0] == outputs[1] == outputs[2]
    code, out, err = outputs[0]
    assert (code, err) == (0, "")
    assert out.index("h.0.fc") < out.index("20 x 30") < out.index("h.1.fc") < out.index("40 x 30")
    assert "skipped: in a shard, but not named by the index: not read" in out
    assert "1,800 of 1,830" in out


def test_layers_says_what_the_file_is_and_what_else_lies_in_it(run, tmp_path):
    state = {"a.weight": torch.randn(4, 6), "b.weight": torch.randn(2, 4)}
    torch.save({"model": state, "generator": {"out.weight": torch.randn(3, 5)}}, tmp_path / "net.pt")
    code, out, err = run("layers", "net.pt", "--hash")
    assert (code, err) == (0, "")
    assert out.startswith(f"net.pt, PyTorch, {(tmp_path / 'net.pt').stat().st_size:,} bytes\n")
    assert "Taken: what lies under model\n" in out
    assert f"SHA-256: {hashlib.sha256((tmp_path / 'net.pt').read_bytes()).hexdigest()}\n" in out
    assert "skipped: not taken: 1 tensor, 15 parameters: --state generator audits it" in out
    assert "32 of 47" in out
    assert "generator.out" in run("layers", "net.pt", "--state", "generator")[1]
    save_file(
        {"b.weight": torch.zeros(4, 4), "a.weight": torch.zeros(4, 4)}, tmp_path / "n.safetensors", {"epoch": "3"}
    )
    _, out, _ = run("layers", "n.safetensors")
    assert "Metadata: epoch = 3\n" in out
    assert "No head: the order of the layers is not known" in out
    assert "b relu > a linear" in run("layers", "n.safetensors", "--order", "b,a")[1]
    assert "not a layer, by --not-layer" in run("layers", "n.safetensors", "--not-layer", "a")[1]


def test_layers_says_how_the_head_was_told(run, tmp_path):
    save_file({"a.weight": torch.zeros(3, 4), "lm_head.weight": torch.zeros(9, 3)}, tmp_path / "model.safetensors")
    assert "Head (inferred): a relu > lm_head linear" in run("layers", "model.safetensors")[1]
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    told = "Head: lm_head linear\nThe head was told by the names that a llama of transformers has.\n"
    assert told in run("layers", "model.safetensors")[1]


def test_layers_of_a_named_network_need_no_weights(run):
    code, out, _ = run("layers", "alexnet")
    assert code == 0
    assert "classifier.1" in out
    assert "4096 x 9216" in out


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["net.pt", "--layers", "1,4"], "hint: for several repeat the option: --layers 1 --layers 4\n"),
        (["layer", "net.pt"], "hint: did you mean `netaudit layers`?\n"),
    ],
)
def test_what_was_meant_is_hinted_at(run, checkpoint, arguments, hint):
    code, _, err = run(*arguments)
    assert code == 2
    assert hint in err


def test_zoo_lists_the_bundled_networks(run):
    code, out, _ = run("zoo")
    assert code == 0
    assert "mnist-mlp" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["no-such-net"], "no-such-net"),
        (["alexnett"], "alexnett"),
        (["missing.pt"], "missing.pt"),
        (["net.pt", "--device", "cuda:7"], "cuda:7"),
        (["net.pt", "--format", "docx"], "docx"),
        (["net.pt", "--fail-on", "nothing"], "nothing"),
        (["net.pt", "--analyses", "nothing"], "a comma-separated choice of special_weights"),
        (["net.pt", "--analyses", ","], "a comma-separated choice of special_weights"),
        (["net.pt", "--analyses", "power_law", "--fail-on", "singular_law"], "--fail-on singular_law needs that"),
        (["net.pt", "--analyses", "power_law", "--fail-on", "untrained"], "add initialisation to --analyses"),
        (["net.pt", "--init", "missing.pt"], "missing.pt"),
        (["net.pt", "--layers", "zzz"], "--layers zzz matches no layer"),
        (["net.pt", "--exclude", "*"], "leave no fully connected layer"),
        ([""], "the name of the target is empty"),
        (["net.pt", "--out", "net.pt"], "cannot write"),
        (["net.pt", "--seed", "many"], "many"),
        (["net.pt", "--data", "missing.npz"], "missing.npz"),
        (["render", "missing.json"], "missing.json"),
        (["render", "net.pt"], "net.pt"),
        (["net.onnx"], "net.onnx"),
        (["net.pt", "--no-such-option"], "--no-such-option"),
    ],
)
def test_errors_are_one_line_with_a_hint(run, checkpoint, arguments, says):
    code, out, err = run(*arguments)
    lines = err.splitlines()
    assert code == 2
    assert out == ""
    assert lines[0].startswith("netaudit: error: ")
    assert says in lines[0]
    assert len(lines) <= 3
    assert all(line.startswith("hint: ") for line in lines[1:])
    assert "Traceback" not in err


def test_the_closest_names_are_a_hint(run):
    assert "alexnet" in run("alexnett")[2].splitlines()[1]


def test_a_bug_is_one_line_too(run, checkpoint, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError("secret\nsecond line")

    monkeypatch.setattr("netaudit.api.audit", broken)
    code, _, err = run(checkpoint)
    assert code == 2
    assert err.splitlines()[0] == "netaudit: error: unexpected ZeroDivisionError: secret second line"
    assert "NETAUDIT_DEBUG=1" in err
    monkeypatch.setenv("NETAUDIT_DEBUG", "1")
    assert "Traceback" in run(checkpoint)[2]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: 9 bytes"),
    ],
    ids=["Python", "CUDA", "CPU"],
)
def test_out_of_memory_is_no_bug(run, checkpoint, monkeypatch, error):
    def large(*args, **kwargs):
        raise error

    monkeypatch.setattr("netaudit.api.audit", large)
    code, _, err = run(checkpoint)
    assert code == 2
    assert err == "netaudit: error: out of memory\nhint: audit fewer layers at a time: --layers\n"


@pytest.mark.parametrize(
    ("chosen", "spins"), [({}, "1000"), ({"GOMP_SPINCOUNT": "77"}, "77"), ({"OMP_WAIT_POLICY": "passive"}, "0")]
)
def test_threads_that_wait_sleep_soon_unless_the_user_chose_otherwise(chosen, spins):
    """GNU OpenMP says itself what it was told when PyTorch was loaded; others have no such setting."""
    kept = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    program = "import netaudit.cli.main as cli; cli.main(['layers', 'mnist-mlp'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=kept | chosen | {"OMP_DISPLAY_ENV": "VERBOSE"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = re.search(r"GOMP_SPINCOUNT = '(.*)'", done.stderr)
    if told is None:
        pytest.skip("not GNU OpenMP")
    assert told[1] == spins


def test_a_name_cannot_write_to_the_terminal(run, tmp_path):
    names = ("a\x1b[31mred\u202e", "b\x1b[31mred\u202e")  # two: failing layers are named in the summary too
    torch.save({f"{name}.weight": torch.rand(200, 200) for name in names}, tmp_path / "evil.pt")
    _, out, _ = run("evil.pt", "--format", "json")
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert all(out.count(f"{first}\\x1b[31mred\\u202e") >= 2 for first in "ab")  # in the table, and where it fails


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], []])
def test_version_and_help(run, arguments):
    code, out, err = run(*arguments)
    assert (code, err) == (0, "")
    assert "netaudit" in out


def test_interrupting_leaves_one_line_and_no_report(checkpoint, tmp_path):
    torch.save({"fc.weight": torch.randn(3000, 3000)}, tmp_path / "large.pt")
    process = spawn("large.pt", cwd=tmp_path)
    deadline = time.monotonic() + 60
    while not (tmp_path / "reports" / "large" / ".netaudit-work").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines() == ["netaudit: error: interrupted: no layer was done yet, so nothing is kept"]
    assert not (tmp_path / "reports" / "large").exists()


def test_a_closed_pipe_is_quiet(tmp_path):
    state = {f"layer{i}.weight": torch.zeros(2, 2) for i in range(3000)}
    torch.save(state, tmp_path / "many.pt")
    with spawn("layers", "many.pt", cwd=tmp_path) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == ""


def test_progress_is_drawn_on_a_terminal_only(checkpoint, tmp_path):
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "netaudit", str(checkpoint), "--format", "json"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=follower, env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )  # fmt: skip
    os.close(follower)
    seen = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    process.communicate()
    os.close(leader)
    assert process.returncode == 0
    assert b"left" in seen
    assert b"opening" in seen


def test_the_json_is_what_the_library_gives(run, checkpoint, tmp_path):
    import netaudit

    run(checkpoint, "--format", "json", "--quiet")
    written = AuditReport.from_json(tmp_path / "reports/net/audit.json")
    assert written.to_json() == netaudit.audit(checkpoint).to_json()


def test_without_a_hash_the_report_says_so(run, checkpoint, tmp_path, monkeypatch):
    first = tmp_path / "first.pt"
    first.write_bytes(checkpoint.read_bytes())
    options = ("--no-hash", "--init", first, "--analyses", "constant_bias", "--format", "json,html", "--out", "out")
    assert run(checkpoint, *options)[0] == 0
    report = json.loads((tmp_path / "out" / "audit.json").read_text())["provenance"]
    assert report["file_sha256"] is None
    assert report["settings"]["hash"] is False
    assert report["settings"]["init"]["sha256"] is None
    assert len(report["weights_sha256"]) == 64
    page = (tmp_path / "out" / "audit.html").read_text()
    assert page.count("not computed (--no-hash)") == 2
    assert "the name holds no hash" not in page
