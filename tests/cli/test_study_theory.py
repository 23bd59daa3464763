"""``netaudit study theory`` as a user meets it, on one small statement; the README's test runs all of them."""

import json
import signal

import pytest

from netaudit.cli.main import main
from netaudit.studies.theory import baby
from netaudit.studies.theory.plan import STATEMENTS


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run a command line in a folder of its own: ``(exit code, stdout, stderr)``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("netaudit.studies.theory.run.STATEMENTS", STATEMENTS[:1])
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def call(*arguments, name=("study", "theory")):
        with pytest.raises(SystemExit) as leaving:
            main([*name, *arguments])
        captured = capsys.readouterr()
        return leaving.value.code, captured.out, captured.err

    yield call
    for number, handler in before.items():
        signal.signal(number, handler)


def test_what_is_written_and_printed(run, tmp_path):
    code, out, err = run("--quick", "--device", "cpu")
    assert (code, err) == (0, "")
    folder = tmp_path / "reports" / "theory-run"
    written = {path.name for path in folder.iterdir()}
    assert written == {"theory.json", "theory.html", "theory.pdf", "figures", "run.json"}
    assert "Baby theorem" in out
    assert "● holds" in out
    assert "reports/theory-run/theory.html" in out
    started = json.loads((folder / "run.json").read_text())
    assert started["seconds"]["theory"] > 0
    [statement] = json.loads((folder / "theory.json").read_text())["statements"]
    assert statement["id"] == "baby"
    assert f"{statement['value']:.3g}" in out


def test_the_same_bytes_for_the_same_command(run, tmp_path):
    for folder, seed in (("one", "3"), ("two", "3"), ("other", "4")):
        run("--quick", "--device", "cpu", "--out", folder, "--seed", seed, "--quiet")
    one, two, other = (
        {p.name: p.read_bytes() for p in (tmp_path / d).glob("theory.*")} for d in ("one", "two", "other")
    )
    assert one == two
    assert one["theory.json"] != other["theory.json"]


def test_a_statement_that_does_not_hold_is_a_finding(run, monkeypatch):
    monkeypatch.setattr(baby, "gaussian", lambda m, n, generator: _doubled(m, n, generator))
    code, out, err = run("--quick", "--device", "cpu")
    assert (code, err) == (0, "")
    assert "× fails" in out


def _doubled(m, n, generator):
    import torch

    return 2 * torch.randn(m, n, generator=generator)


def test_quiet_prints_nothing_and_no_run_file_is_left_where_none_is_wanted(run, tmp_path):
    assert run("--quick", "--device", "cpu", "--quiet", "--no-run-file", "--out", "new") == (0, "", "")
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        "theory.json", "theory.html", "theory.pdf", "figures",
    }  # fmt: skip
    assert run("--quick", "--device", "cpu", "--quiet", "--out", "earlier", name=("theory",)) == (0, "", "")
    assert (tmp_path / "earlier/theory.json").read_bytes() == (tmp_path / "new/theory.json").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--device", "cuda:7"], "cuda:7"),
        (["--seed", "many"], "many"),
        (["--out", "taken"], "cannot write"),
        (["--no-such-option"], "--no-such-option"),
        (["something"], "something"),
    ],
)
def test_errors_are_one_line(run, tmp_path, arguments, says):
    (tmp_path / "taken").write_text("a file")
    code, out, err = run("--quick", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("netaudit: error: ")
    assert says in err.splitlines()[0]
    assert "Traceback" not in err
