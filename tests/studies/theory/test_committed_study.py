"""The committed run of the theory study, made again with today's code: its page, and what is quick to measure.

After a change that is meant to move it, run ``make theory``. Whether a statement holds is the study's own to say.
"""

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
import torch
from readers import without_drawings

from netaudit.studies.harness.page import write_study
from netaudit.studies.theory import baby, theorem_2_1
from netaudit.studies.theory.deep import predicted_error
from netaudit.studies.theory.lab import Lab
from netaudit.studies.theory.page import document

FOLDER = Path(__file__).parents[3] / "reports" / "theory"
DATA = json.loads((FOLDER / "theory.json").read_text(encoding="ascii"))
STATEMENTS = {statement["id"]: statement for statement in DATA["statements"]}


def test_rendered_again_it_is_the_same(tmp_path):
    write_study(document(DATA), tmp_path, ("html", "json"))
    assert (tmp_path / "theory.json").read_bytes() == (FOLDER / "theory.json").read_bytes()
    again, committed = ((where / "theory.html").read_text(encoding="utf-8") for where in (tmp_path, FOLDER))
    assert without_drawings(again) == without_drawings(committed)
    assert [path.name for path in sorted((tmp_path / "figures").iterdir())] == [
        path.name for path in sorted((FOLDER / "figures").iterdir())
    ]
    with pikepdf.open(BytesIO((FOLDER / "theory.pdf").read_bytes())) as pdf:
        assert pdf.attachments["theory.json"].get_file().read_bytes() == (FOLDER / "theory.json").read_bytes()


def test_a_fresh_run_of_its_small_layers_gives_the_same_numbers():
    """Every shape has random numbers of its own, so that a few of them can be measured alone."""
    full = baby.SIZES["full"]
    few = replace(full, m=full.m[:2], aspects=full.aspects[:2])
    [fresh] = baby.run(few, Lab(DATA["provenance"]["seed"], torch.device("cpu"))).to_dict()["panels"]
    committed = {series["label"]: series for series in STATEMENTS["baby"]["panels"][0]["series"] if series["label"]}
    for series in (series for series in fresh["series"] if series["label"]):
        kept = committed[series["label"]]
        assert series["x"] == kept["x"][:2]
        for name in ("y", "low", "high"):
            assert series[name] == pytest.approx(kept[name][:2], rel=1e-3)


def test_the_closed_form_of_a_net_is_the_one_that_was_measured():
    """The errors of the wide net were measured; they and today's prediction must agree where the error is small."""
    panel = next(panel for panel in STATEMENTS["theorem_2.1"]["panels"] if panel["stem"] == "theorem_2_1")
    measured = dict(zip(panel["series"][0]["x"], panel["series"][0]["y"], strict=True))
    shapes = theorem_2_1.SIZES["full"].wide[0].shapes
    compared = [shape for shape in shapes if predicted_error(shape) < 0.3]
    assert len(compared) >= 3
    for shape in compared:
        ratio = float(f"{shape.top / shape.kept[1]:.6g}")
        assert measured[ratio] == pytest.approx(predicted_error(shape), rel=theorem_2_1.SIZES["full"].tolerance)
