"""The study end to end at its quick size, and its page."""

import json

import pytest
import torch
from charts_of import charts_of

from netaudit.studies.theory import baby, noise_variance, run, theorem_2_3, universality
from netaudit.studies.theory.lab import Lab
from netaudit.studies.theory.one_layer import LayerGrid
from netaudit.studies.theory.page import document, verdict_of
from netaudit.studies.theory.plan import STATEMENTS
from netaudit.studies.theory.scale import SCALES

IDS = [
    "baby", "lemma_2.5", "noise_variance", "theorem_2.3", "theorem_2.1", "theorem_3.1", "dropout_robustness",
    "universality",
]  # fmt: skip


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def data(told):
    return run.run_theory(quick=True, device="cpu", progress=lambda *message: told.append(message))


def test_every_statement_is_there_and_holds(data):
    assert [statement["id"] for statement in data["statements"]] == IDS
    assert {statement["id"]: statement["holds"] for statement in data["statements"]} == dict.fromkeys(IDS, True)
    for statement in data["statements"]:
        low, high = statement["interval"]
        assert low <= statement["value"] <= high
        assert statement["settings"]
        assert statement["statement"].endswith(".")
        assert "Tested" in statement["statement"]


def test_progress_reaches_its_total(data, told):
    shares = [done / total for _, done, total in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert 0.9 < shares[-1] <= 1
    assert {message for message, _, _ in told} == {entry.name for entry in STATEMENTS}


def test_the_page_comes_from_the_json_alone(data):
    page = document(data)
    again = json.loads(page.to_json())
    assert again == data
    assert document(again) == page


def test_every_panel_says_which_statement_it_tests_and_whether_it_holds(data):
    page = document(data)
    panels = [(s["title"], panel) for s in data["statements"] for panel in s["panels"]]
    assert len(panels) == len(charts_of(page)) >= 16
    for (title, _), chart in zip(panels, charts_of(page), strict=True):
        assert chart.caption.startswith(f"{title}, ● holds. ")
        assert any(part.low is not None for part in chart.series)
        assert chart.alt


@pytest.mark.parametrize(("holds", "word"), [(None, "▲ undecided"), (False, "× fails")])
def test_a_statement_that_does_not_hold_is_said_so(data, holds, word):
    changed = json.loads(json.dumps(data))
    changed["statements"][0]["holds"] = holds
    page = document(changed)
    assert word in charts_of(page)[0].caption
    first = page.sections[0].blocks[0].spans[0].text
    assert first == f"Of 8 statements: 7 hold, 1 {'are undecided' if holds is None else 'do not hold'}. "
    assert verdict_of(changed["statements"][0]) in ("undecided", "fails")


def test_the_same_numbers_for_the_same_seed(data):
    def statement(seed):
        return baby.run(baby.SIZES["quick"], Lab(seed, torch.device("cpu"))).to_dict()

    assert statement(0) == data["statements"][0]
    assert statement(1) != data["statements"][0]


def test_no_time_and_no_path_in_the_json(data):
    text = json.dumps(data)
    assert data["provenance"]["seed"] == 0
    assert not {"seconds", "started", "command"} & set(data["provenance"])
    assert "/tmp" not in text


def test_every_statement_has_every_scale():
    for entry in STATEMENTS:
        assert set(entry.sizes) == set(SCALES)


def test_the_full_study_asks_for_5_percent_in_a_layer_of_real_size():
    for sizes in (noise_variance.SIZES["full"], theorem_2_3.SIZES["full"]):
        [grid] = [value for value in vars(sizes).values() if isinstance(value, LayerGrid)]
        assert (grid.m, grid.n, sizes.tolerance) == (4096, 9216, 0.05)


def test_cuda_gets_the_larger_sizes(monkeypatch):
    asked = []

    class Recorder(dict):
        def __getitem__(self, scale):
            asked.append(scale)
            return baby.SIZES["quick"]

    entry = run.STATEMENTS[0]
    monkeypatch.setattr(run, "STATEMENTS", (type(entry)("baby", baby.run, Recorder(), 1),))
    monkeypatch.setattr(run.devices, "choose", lambda name: torch.device(name))
    monkeypatch.setattr(run.Lab, "__init__", _on_the_cpu(run.Lab.__init__))
    for device in ("cuda", "cpu"):
        run.run_theory(device=device)
    run.run_theory(device="cuda", quick=True)
    assert asked == ["large", "full", "quick"]


def _on_the_cpu(init):
    def wrapped(self, seed, device):
        init(self, seed, torch.device("cpu"))

    return wrapped


def test_the_theorem_s_region():
    assert theorem_2_3.in_region(100, 921)
    assert not theorem_2_3.in_region(10, 921)
    assert not theorem_2_3.in_region(1000, 921)


def test_heavy_tails_are_told_apart(monkeypatch):
    """Judging Student-t(3) entries, the statement must not hold."""
    monkeypatch.setattr(universality, "LIGHT", (universality.STUDENT_T3,))
    found = universality.run(universality.SIZES["quick"], Lab(0, torch.device("cpu")))
    assert found.holds is not True
