"""The README's commands and code run as they stand."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

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
    assert (tmp_path / "reports/top/audit.txt").exists()
    assert (tmp_path / "reports/two/audit.json").exists()


def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})
    out = capsys.readouterr().out
    assert "singular_law.spikes" in out
    assert (tmp_path / "audited" / "audit.html").exists()
