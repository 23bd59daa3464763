"""``netaudit compare``: its files, its exit codes, and what it prints."""

import json

import pytest
import torch

from netaudit.cli.main import main


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Two files in a folder that we are in: a layer, and the same with a little noise; and an int8 one."""
    monkeypatch.chdir(tmp_path)
    weight = torch.randn(40, 60)
    torch.save({"fc.weight": weight}, tmp_path / "a.pt")
    torch.save({"fc.weight": weight + 0.01 * torch.randn(40, 60)}, tmp_path / "b.pt")
    return tmp_path


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main(["compare", *map(str, arguments)])
        return leaving.value.code, capsys.readouterr()

    return call


def test_it_writes_and_says_what_changed(weights, run):
    code, told = run("a.pt", "b.pt")
    assert (code, told.err) == (0, "")
    assert "b.pt is a.pt, changed a little, as fine-tuning does." in told.out
    folder = weights / "reports" / "compare-a-b"
    assert {path.name for path in folder.iterdir()} >= {"compare.html", "compare.pdf", "compare.json", "figures"}
    assert json.loads((folder / "compare.json").read_text())["pairs"][0]["word"] == "fine_tuned"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("a.pt", "b.pt", "--fail-on", "changed"), 1),
        (("a.pt", "b.pt", "--fail-on", "fine_tuned"), 1),
        (("a.pt", "b.pt", "--fail-on", "unrelated"), 0),
        (("a.pt", "a.pt", "--fail-on", "changed"), 0),
        (("a.pt", "--vs-init", "--fail-on", "unrelated"), 1),
    ],
)
def test_exit_codes(weights, run, arguments, code):
    found, told = run(*arguments, "--no-ladder", "--quiet", "--format", "json")
    assert (found, told.out, told.err) == (code, "", "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("a.pt",), "name two networks or more, or one with --vs-init"),
        (("a.pt", "b.pt", "--vs-init"), "name two networks or more, or one with --vs-init"),
        (("a.pt", "b.pt", "--fail-on", "verdict"), "--fail-on verdict needs the audits"),
        (("a.pt", "b.pt", "--format", "csv"), "'csv': a comma-separated choice of html, pdf, text, latex, json"),
        (("a.pt", "none.pt"), "none.pt: no such file or directory"),
        (("a.pt", "b.pt", "--layers", "no*"), "there is no fully connected layer to compare"),
    ],
)
def test_what_cannot_be_compared_is_said_in_one_line(weights, run, arguments, says):
    code, told = run(*arguments)
    assert code == 2
    assert says in told.err.splitlines()[0]
    assert "Traceback" not in told.err


def test_a_comparison_is_rendered_again_from_its_json(weights, run, capsys):
    run("a.pt", "b.pt", "--format", "json,html,text", "--out", "first")
    made = {path.name: path.read_bytes() for path in (weights / "first").iterdir() if path.is_file()}
    for arguments, code, says in (
        (("first/compare.json", "--format", "html,text", "--out", "again"), 0, "Report: again/compare.html"),
        (("first/compare.json", "--format", "latex,json", "--out", "paper"), 0, "Report: paper/paper"),
        (("first/compare.json", "--format", "csv"), 2, "a comparison has no format csv: choose of html, pdf"),
    ):
        with pytest.raises(SystemExit) as leaving:
            main(["render", *arguments])
        told = capsys.readouterr()
        assert (leaving.value.code, says in told.out + told.err) == (code, True), told
    again = {path.name: path.read_bytes() for path in (weights / "again").iterdir() if path.is_file()}
    assert again == {name: made[name] for name in ("compare.html", "compare.txt")}
    assert (weights / "paper" / "compare.json").read_bytes() == made["compare.json"]
    assert (weights / "paper" / "paper" / "appendix.tex").is_file()
    assert {path.name for path in (weights / "first").iterdir() if path.is_file()} == set(made)
