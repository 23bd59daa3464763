"""The committed study of recurrent networks: its page comes from its JSON, and its verdicts are those of the rule."""

from __future__ import annotations

import json
from math import nan
from pathlib import Path

import pytest
from readers import without_drawings

from netaudit.recurrent.line_verdict import Estimate, LineEvidence, judge
from netaudit.report.renderers.html import to_html
from netaudit.studies.recurrent.page import document
from netaudit.studies.recurrent.run import JOURNAL, VERSION

FOLDER = Path(__file__).parents[2] / "reports" / "recurrent"
NONE = Estimate(nan, nan, nan)


@pytest.fixture(scope="module")
def data():
    return json.loads((FOLDER / "recurrent.json").read_text("ascii"))


def test_made_again_the_page_is_the_same(data):
    made = document(data)
    assert made.to_json() == (FOLDER / "recurrent.json").read_text("ascii")
    committed = (FOLDER / "recurrent.html").read_text("utf-8")
    assert without_drawings(to_html(made.document())) == without_drawings(committed)


def test_the_journal_holds_the_same(data):
    lines = [json.loads(line) for line in (FOLDER / JOURNAL).read_text("utf-8").splitlines()]
    assert lines[0]["fingerprint"].startswith(VERSION)
    assert [line["run"] for line in lines if "run" in line] == data["runs"]
    kept = {(line["cell"], line["seed"]): line for line in lines if "cell" in line}
    shown = [*data["networks"], *data["tasks"], *data["bags"].values()]
    assert len(kept) == len(shown)
    assert all(kept[one["cell"], one["seed"]] == one for one in shown)


def test_each_verdict_is_that_of_the_rule(data):
    """A change of the rule, or of a threshold, must reach the study as well."""
    of_tasks = [(task, task["nulls"], task["length"]) for task in data["tasks"]]
    of_networks = [
        (network[part], {} if part == "untrained" else network["zero" if part == "shuffled" else part]["nulls"], length)
        for network in data["networks"]
        for length in (network["zero"]["length"],)
        for part in ("zero", "mean", "shuffled", "untrained")
    ]
    for found, nulls, length in (*of_tasks, *of_networks):
        known = {name: [null(draw, length) for draw in draws] for name, draws in nulls.items()}
        judged = judge(evidence(found["evidence"], length), known, length)
        assert judged.verdict == found["verdict"]
        assert list(judged.against) == found.get("against", list(judged.against))


def evidence(found, length):
    """What the rule looks at, from a record, whose time constants are in lengths of a sequence."""
    if found is None:
        return None
    units = {"share": 1, "slowest": length, "gap": 1, "second": length}
    figures = {name: Estimate(*(number(one) * unit for one in found[name])) for name, unit in units.items()}
    return LineEvidence(found["slow"], found["fixed"], found["stable"], **figures)


def null(found, length):
    if found is None:
        return None
    units = {"share": 1, "slowest": length, "gap": 1}
    figures = {name: Estimate(number(found[name]) * unit, nan, nan) for name, unit in units.items()}
    return LineEvidence(0, 0, 0, **figures, second=NONE)


def number(value):
    return nan if value is None else value
