"""The README's commands and code run as they stand."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands(language):
    lines = [line for block in blocks(language) for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.strip()]


def test_the_netaudit_commands_run_in_order(tmp_path):
    ran = [words for words in commands("sh") if words[0] == "netaudit"]
    assert len(ran) >= 5
    for words in ran:
        done = subprocess.run(
            [sys.executable, "-m", "netaudit", *words[1:]], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
    assert (tmp_path / "reports/mnist-mlp/audit.pdf").exists()
    assert (tmp_path / "reports/top/audit.html").exists()
    assert (tmp_path / "reports/theory-run/theory.pdf").exists()


def test_the_make_targets_exist():
    targets = {words[1] for words in commands("sh") if words[0] == "make"}
    assert targets == {"audit", "test", "test-slow", "test-peers", "gpu-check", "calibrate"}
    for target in targets:
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)


def test_commands_that_need_a_file_or_a_network_have_options_that_exist():
    import click

    from netaudit.cli.main import cli

    for words in commands("text"):
        assert words[0] == "netaudit"
        assert cli.main([*words[1:], "--help"], standalone_mode=False) == 0
        with pytest.raises(click.UsageError):
            cli.main([*words[1:], "--no-such-option"], standalone_mode=False)


def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})
    out = capsys.readouterr().out
    assert "singular_law.spikes" in out
    assert "'shadow_error': " in out
    assert (tmp_path / "audit.html").exists()


def test_what_the_readme_links_to_is_there():
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_thresholds_in_the_claims_table_are_the_ones_used():
    from netaudit.analyses.table import ANALYSERS

    by_claim = {analyser.claim: analyser for analyser in ANALYSERS}
    assert set(by_claim) == set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE))
    assert f"within {by_claim['gaussian_weights'].tolerance} of a Gaussian" in README
    assert f"within {by_claim['singular_law'].tolerance} of the Marchenko-Pastur law" in README
    assert f"at least {1 - by_claim['singular_law'].outside:.0%}".replace("%", " %") in README
    assert f"factor {by_claim['shadow_inversion'].tolerance}" in README
