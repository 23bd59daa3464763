"""The page's example gives what it says, and its numbers are those of the code."""

import re
from pathlib import Path

from netaudit.recurrent import cycles, line_verdict, search

PAGE = (Path(__file__).parents[2] / "docs" / "recurrent.md").read_text(encoding="utf-8")
WORDS = " ".join(PAGE.split())


def test_the_example_prints_what_stands_there(capsys):
    [example] = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    wanted = re.findall(r"^```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0]
    exec(compile(example, "recurrent.md", "exec"), {})
    assert capsys.readouterr().out == wanted


def test_the_numbers_are_those_of_the_code():
    assert search.THRESHOLDS == (1e-6, 1e-8, 1e-12)
    assert "first passes $10^{-6}$ and $10^{-8}$" in WORDS
    assert "at most $10^{-12}$ is a fixed point" in WORDS
    assert search.TOLERANCE == 1e-3
    assert "nearer to each other than $10^{-3}$ are one" in WORDS
    assert search.OUTSIDE == 10
    assert cycles.LARGEST == 16
    assert "up to 16 units" in WORDS
    assert (line_verdict.SHARE, line_verdict.LASTS, line_verdict.NEVER, line_verdict.GAP) == (0.9, 0.5, 0.1, 2.0)
    assert "at least 0.9 of their variance" in WORDS
