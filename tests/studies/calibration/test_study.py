"""The study says what it must and is made again from its JSON: the committed one, or a quick one until there is one."""

import json
import re
from io import BytesIO

import pikepdf
import pytest

from netaudit.report.renderers.html import to_html
from netaudit.studies.calibration.effects import EFFECTS
from netaudit.studies.calibration.page import document
from netaudit.studies.calibration.plan import full, quick
from netaudit.studies.calibration.provenance import tolerances
from netaudit.studies.harness.page import prepare_study


@pytest.fixture(scope="session")
def data(study_folder):
    return json.loads((study_folder / "calibration.json").read_text(encoding="ascii"))


def without_drawings(page):
    """The HTML without its SVG paths: they move with Matplotlib's version, the words and numbers do not."""
    return re.sub(r"<svg.*?</svg>", lambda svg: "".join(re.findall(r"<title.*?</title>", svg[0])), page, flags=re.S)


def test_the_tolerances_are_those_of_today(data):
    """After a change of a tolerance, false alarms and power are run again: ``make calibrate``."""
    assert data["tolerances"] == tolerances()


def test_every_bar_of_the_plan_is_there_and_met(data):
    is_quick = any("--quick" in run["command"] for run in data["runs"])
    plan = quick() if is_quick else full()
    asked = [(bar.requirement, bar.cell, bar.claim, bar.measure, bar.low, bar.high) for bar in plan.bars]
    judged = [
        (bar["requirement"], bar["cell"], bar["claim"], bar["measure"], bar["bar"]["low"], bar["bar"]["high"])
        for bar in data["bars"]
    ]
    assert judged == asked
    assert [bar for bar in data["bars"] if not bar["met"]] == []


def test_rates_have_their_intervals_and_counts(data):
    for cell in data["cells"]:
        for found in cell["claims"].values():
            rates = found["verdicts"].values()
            assert sum(rate["count"] for rate in rates) == cell["seeds"]
            for rate in rates:
                assert rate["rate"] == rate["count"] / cell["seeds"]
                assert rate["interval"][0] <= rate["rate"] <= rate["interval"][1]


def test_it_says_when_from_what_and_how(data):
    assert data["runs"]
    for run in data["runs"]:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", run["date"])
        assert run["commit"] is None or re.fullmatch(r"[0-9a-f]{40}(-dirty)?", run["commit"])
        assert run["command"].startswith("netaudit calibrate")
    assert set(data["versions"]) == {"netaudit", "python", "torch", "numpy", "scipy"}
    assert not re.search(r"/(home|tmp|work|root|Users)/", json.dumps(data))


def test_rendered_again_it_is_the_same(study_folder, data):
    again = prepare_study(document(data))
    committed = (study_folder / "calibration.html").read_text(encoding="utf-8")
    assert without_drawings(to_html(again)) == without_drawings(committed)
    assert sorted(path.name for path in (study_folder / "figures").iterdir()) == sorted(
        f"{stem}.svg" for stem in again.figures
    )
    with pikepdf.open(BytesIO((study_folder / "calibration.pdf").read_bytes())) as pdf:
        attached = pdf.attachments["calibration.json"].get_file().read_bytes()
    assert attached == (study_folder / "calibration.json").read_bytes()


def test_the_first_section_answers(study_folder, data):
    page = (study_folder / "calibration.html").read_text(encoding="utf-8")
    summary = page[page.index('<section id="summary"') : page.index('<section id="false-alarms"')]
    assert f"<strong>All {len(data['bars'])} bars are met.</strong>" in summary
    assert summary.count("● met") == summary.count('<th scope="row">')
    assert "not met" not in summary


def test_numbers_of_figures_and_tables_run_without_gaps(data):
    page = without_drawings(to_html(prepare_study(document(data))))
    for kind, tag in (("Figure", "figcaption"), ("Table", "caption")):
        numbers = [int(number) for number in re.findall(rf"<{tag}>{kind} (\d+)\.", page)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= 7


def test_a_bar_that_is_not_met_is_told_first(data):
    spoiled = json.loads(json.dumps(data))
    bar = next(bar for bar in spoiled["bars"] if bar["measure"] == "undecided")
    bar |= {"value": 0.5, "interval": [0.4, 0.6], "met": False}
    page = to_html(prepare_study(document(spoiled)))
    assert f"<strong>1 of {len(data['bars'])} bars are not met.</strong>" in page
    assert page.count("× not met") == 2  # in the summary and in the table of its section
    assert "50% [40%, 60%]" in page


def test_theory_and_measurement_agree_where_the_effect_is_large(data):
    """The points lie on the lines, once the effect is far above the noise of the layer's size."""
    cells = {cell["key"]: cell for cell in data["cells"]}
    compared = set()
    for curve in data["curves"]:
        for found in curve["theory"]:
            effect = next(e for e in EFFECTS[curve["claim"]] if e.metric == found["metric"])
            for cell in (cells[key] for key in curve["points"]):
                x, expected = min(found["line"], key=lambda point: abs(point[0] - cell["strength"]))
                if found["name"] == "law" and expected > 0.03 and x == pytest.approx(cell["strength"], rel=0.01):
                    measured = effect.of(cell["claims"][curve["claim"]]["values"][effect.metric]["mean"])
                    assert measured == pytest.approx(expected, rel=0.15), cell["key"]
                    compared.add(effect.metric)
    assert compared == {"ks_gaussian", "ks_marchenko_pastur", "bulk_variance_share"}
