"""The committed study, made again with today's code: its plan, its page, its theory, and a few of its layers.

After a change of what is measured, it is run again: ``make calibrate``. Whether its criteria are met is its own to say.
"""

import json
import re
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from readers import without_drawings

from netaudit.report.renderers.html import to_html
from netaudit.studies.calibration import asymptotics
from netaudit.studies.calibration.cells import CLAIMS, LayerCell
from netaudit.studies.calibration.claims import tolerances
from netaudit.studies.calibration.criteria import POWER
from netaudit.studies.calibration.effects import EFFECTS
from netaudit.studies.calibration.measure import judge
from netaudit.studies.calibration.page import document
from netaudit.studies.calibration.plan import full
from netaudit.studies.calibration.summary import rate

FOLDER = Path(__file__).parents[3] / "reports" / "calibration"
DATA = json.loads((FOLDER / "calibration.json").read_text(encoding="ascii"))
CELLS = {cell["key"]: cell for cell in DATA["cells"]}


@pytest.fixture(scope="module")
def again():
    return document(DATA).document()


def test_the_tolerances_are_those_of_today():
    assert DATA["tolerances"] == tolerances()


def test_it_judged_all_that_is_asked_today():
    asked = [(each.requirement, each.cell, each.claim, each.measure, each.low, each.high) for each in full().criteria]
    assert asked == [
        (each["requirement"], each["cell"], each["claim"], each["measure"], each["bar"]["low"], each["bar"]["high"])
        for each in DATA["bars"]
    ]


def test_its_intervals_are_those_of_today():
    found = {
        (verdict["count"], cell["seeds"]): verdict
        for cell in DATA["cells"]
        for claim in cell["claims"].values()
        for verdict in claim["verdicts"].values()
    }
    assert len(found) > 30
    for (count, seeds), kept in found.items():
        today = rate(count, seeds)
        assert (kept["rate"], kept["interval"]) == (today["rate"], pytest.approx(today["interval"], abs=1e-9))


def test_a_layer_drawn_and_judged_today_lies_where_it_lay():
    """The first layer of a cell is the same one as then, so that its figures lie within the range of the cell's."""
    for scenario, shape in (("gaussian", (64, 64)), ("correlated", POWER)):
        cell = LayerCell(scenario, shape, 0.0 if scenario == "gaussian" else 0.5, CLAIMS, 1)
        kept = CELLS[cell.key]["claims"]
        for claim, found in judge(cell, 0)["findings"].items():
            assert kept[claim]["verdicts"][found["verdict"]]["count"] > 0
            for metric, value in found["values"].items():
                spread = kept[claim]["values"][metric]
                assert spread["min"] * (1 - 1e-5) <= value <= spread["max"] * (1 + 1e-5), (claim, metric)


def test_rendered_again_it_is_the_same(again):
    committed = (FOLDER / "calibration.html").read_text(encoding="utf-8")
    assert without_drawings(to_html(again)) == without_drawings(committed)
    assert {path.name for path in (FOLDER / "figures").iterdir()} == {f"{stem}.svg" for stem in again.figures}
    with pikepdf.open(BytesIO((FOLDER / "calibration.pdf").read_bytes())) as pdf:
        attached = pdf.attachments["calibration.json"].get_file().read_bytes()
    assert attached == (FOLDER / "calibration.json").read_bytes()


def test_numbers_of_figures_and_tables_run_without_gaps(again):
    page = without_drawings(to_html(again))
    for kind, tag in (("Figure", "figcaption"), ("Table", "caption")):
        numbers = [int(number) for number in re.findall(rf"<{tag}>{kind} (\d+)\.", page)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= 7


def shown(section):
    """Every text of a section's tables and paragraphs."""
    for block in section.blocks:
        for row in getattr(block, "rows", ()):
            yield from (run.text for run in row)
        yield from (run.text for run in getattr(block, "spans", ()))


def test_a_criterion_that_is_not_met_is_told_first():
    spoiled = json.loads(json.dumps(DATA))
    missed = next(each for each in spoiled["bars"] if each["measure"] == "undecided")
    missed |= {"value": 0.5, "interval": [0.4, 0.6], "met": False}
    for data, answer, times in (
        (DATA, f"All {len(DATA['bars'])} bars are met.", 0),
        (spoiled, f"1 of {len(DATA['bars'])} bars are not met.", 1),
    ):
        summary, alarms, *_ = document(data).sections
        texts = list(shown(summary))
        assert texts[0] == answer
        assert texts.count("× not met") == list(shown(alarms)).count("× not met") == times
        assert ("50% [40%, 60%]" in texts) is bool(times)


def test_today_s_theory_is_what_was_measured_where_the_effect_is_large():
    """The measured means lie on the lines, once the effect is far above the noise of the layer's size."""
    laws = {
        "ks_gaussian": asymptotics.student_t_distance,
        "ks_marchenko_pastur": lambda strength: asymptotics.correlated_distance(strength, *POWER),
        "bulk_variance_share": lambda strength: asymptotics.correlated_outside(strength, *POWER),
    }
    compared = set()
    for curve in (curve for curve in DATA["curves"] if curve["scenario"] in ("student_t", "correlated")):
        for effect in EFFECTS[curve["claim"]]:
            for cell in (CELLS[key] for key in curve["points"]):
                expected = laws[effect.metric](cell["strength"])
                if expected > 0.03:
                    measured = effect.of(cell["claims"][curve["claim"]]["values"][effect.metric]["mean"])
                    assert measured == pytest.approx(expected, rel=0.15), cell["key"]
                    compared.add(effect.metric)
    assert compared == set(laws)
