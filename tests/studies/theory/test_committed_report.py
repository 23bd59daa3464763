"""The committed run of the theory study: rendered again it is the same, and it meets its constants at full size.

After a change that is meant to move it, run ``make theory``.
"""

import json
import re
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
import torch

from netaudit.studies.harness.page import write_study
from netaudit.studies.theory import baby
from netaudit.studies.theory.lab import Lab
from netaudit.studies.theory.page import build_page

FOLDER = Path(__file__).parents[3] / "reports" / "theory"
DATA = json.loads((FOLDER / "theory.json").read_text(encoding="ascii"))
STATEMENTS = {statement["id"]: statement for statement in DATA["statements"]}


def without_drawings(page):
    """The HTML without its SVG paths: they move with Matplotlib's version, the words and numbers do not."""
    return re.sub(r"<svg.*?</svg>", lambda svg: "".join(re.findall(r"<title.*?</title>", svg[0])), page, flags=re.S)


def checks(statement):
    return {check["what"].split(" (")[0]: check for check in STATEMENTS[statement]["checks"]}


def test_rendered_again_it_is_the_same(tmp_path):
    write_study(build_page(DATA), tmp_path)
    assert (tmp_path / "theory.json").read_bytes() == (FOLDER / "theory.json").read_bytes()
    again, committed = ((where / "theory.html").read_text(encoding="utf-8") for where in (tmp_path, FOLDER))
    assert without_drawings(again) == without_drawings(committed)
    assert [path.name for path in sorted((tmp_path / "figures").iterdir())] == [
        path.name for path in sorted((FOLDER / "figures").iterdir())
    ]
    with pikepdf.open(BytesIO((FOLDER / "theory.pdf").read_bytes())) as pdf:
        assert pdf.attachments["theory.json"].get_file().read_bytes() == (FOLDER / "theory.json").read_bytes()
    assert {path.name for path in FOLDER.iterdir()} == {"figures", "theory.html", "theory.json", "theory.pdf"}


def test_it_is_the_full_study():
    assert DATA["scale"] == "full"
    assert DATA["provenance"]["seed"] == 0
    assert STATEMENTS["noise_variance"]["settings"]["shape"] == "4096 × 9216"
    assert STATEMENTS["theorem_2.3"]["settings"]["shape"] == "4096 × 9216"


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("noise_variance", "variance off the support / s²"),
        ("noise_variance", "variance on the support / sᵢ²"),
        ("lemma_2.5", "constant / √2 E max|g|"),
        ("theorem_2.3", "error / predicted, best offset"),
        ("theorem_2.3", "error / predicted, no offset"),
        ("theorem_2.3", "error / predicted, offset √2 s"),
        ("dropout_robustness", "variance / 2 s², one layer"),
    ],
)
def test_the_closed_forms_are_met_within_5_percent_at_full_size(statement, what):
    found = checks(statement)[what]
    assert found["low"] == 0.95
    assert found["high"] == 1.05
    assert 0.95 <= found["interval"][0] <= found["value"] <= found["interval"][1] <= 1.05


def test_the_wide_nets_give_the_errors_measured_when_the_method_was_written():
    """Relative errors of independent simulations; one is 1.03 of the other in units of tau^2 at k_2 = 5."""
    panel = next(panel for panel in STATEMENTS["theorem_2.1"]["panels"] if panel["stem"] == "theorem_2_1")
    wide = dict(zip(panel["series"][0]["x"], panel["series"][0]["y"], strict=True))
    for k1, relative in ((200, 0.76), (400, 0.53), (800, 0.28), (1600, 0.14)):
        assert wide[5 / k1] / 1.03 == pytest.approx(relative, rel=0.1)


def test_a_verdict_follows_from_its_checks():
    for statement in DATA["statements"]:
        passed = [check["passed"] for check in statement["checks"]]
        assert statement["holds"] is (False if False in passed else None if None in passed else True)
        for check in statement["checks"]:
            low, high = check["interval"]
            inside = (check["low"] is None or low >= check["low"]) and (check["high"] is None or high <= check["high"])
            assert (check["passed"] is True) == inside


def test_a_fresh_run_of_the_first_statement_gives_the_same_numbers():
    fresh = baby.run(baby.SIZES["full"], Lab(DATA["provenance"]["seed"], torch.device("cpu"))).to_dict()
    committed = STATEMENTS["baby"]
    assert fresh["statement"] == committed["statement"]
    for one, other in zip(fresh["checks"], committed["checks"], strict=True):
        assert one["what"] == other["what"]
        assert one["value"] == pytest.approx(other["value"], rel=1e-3)
        assert one["interval"] == pytest.approx(other["interval"], rel=1e-3)
