"""Answers, wishes and coverage, from records that were made up to the words on the page."""

from netaudit.studies.calibration import claims, wide_tables
from netaudit.studies.calibration.cells import LADDER, CalibrationPlan, Criterion, LayerCell
from netaudit.studies.calibration.summary import study_data
from netaudit.studies.calibration.wishes import Wish

CELL = LayerCell("three_of_4", (64, 64), 0.5, (), 10, (LADDER,))


def study(words, wanted=("directions 3", "undecided"), counts=None):
    def records(key, seeds):
        return [
            {
                "seconds": 0.1,
                "findings": {},
                "answers": {
                    LADDER: {
                        "answer": words[seed],
                        "count": (counts or [3] * 10)[seed],
                        "intervals": {"ratio": {"value": seed, "interval": [seed - 2, seed + 2], "level": 0.95}},
                    }
                },
            }
            for seed in seeds
        ]

    criteria = (
        Criterion("rung: directions", CELL.key, LADDER, "otherwise", high=0.1, wanted=wanted),
        Criterion("rung: directions", CELL.key, LADDER, "undecided", high=0.1),
    )
    wish = Wish("three_of_4", 0.5, {LADDER: ("directions",)}, (64, 64))
    plan = CalibrationPlan((CELL,), criteria, (), 400, (wish,))
    return study_data(plan, records, claims.tolerances(), {"netaudit": "1"}, [])


WORDS = ["directions 3"] * 7 + ["directions 2", "undecided", "undecided"]


def test_wrong_answers_and_undecided_ones_are_apart():
    data = study(WORDS, counts=[0] + [3] * 9)
    wrong, undecided = data["bars"]
    assert (wrong["count"], wrong["met"]) == (1, True)
    assert (undecided["count"], undecided["met"]) == (2, False)
    [cell] = data["cells"]
    found = cell["answers"][LADDER]
    assert list(found["answers"]) == ["directions 3", "undecided", "directions 2"]
    assert found["with_directions"]["count"] == 9
    assert (found["coverage"]["ratio"]["count"], found["coverage"]["ratio"]["level"]) == (4, 0.95)


def test_a_wish_is_granted_by_any_number_of_directions_where_it_names_none():
    data = study(WORDS)
    cells = {cell["key"]: cell for cell in data["cells"]}
    [wish] = data["wishes"]
    assert wish["wished"][LADDER]["count"] == 8
    told = wide_tables.granted(data["wishes"], cells)
    assert told.startswith("Of 1 wishes at least 95% of the layers agree with 0. The others are Random-like")
    assert "(80%)" in told
    [row] = wide_tables.wishes(data["wishes"], cells).rows
    assert row[-1].text == "up to directions: 80%"


def test_the_bound_is_of_all_shapes_together_and_of_wrong_answers_alone():
    [told] = wide_tables.together(study(WORDS)["bars"])
    assert told.startswith("Rung: directions, all together: 1 of 10 layers got a wrong answer")
    [row] = wide_tables.answers(study(WORDS)["bars"], {c["key"]: c for c in study(WORDS)["cells"]}, "x").rows
    assert row[3].text == "up to 3 directions 70%; undecided 20%; up to 2 directions 10%"
    assert row[-1].text == "× not met"


def test_coverage_names_the_layers_that_are_held_worst():
    [row] = wide_tables.coverage(study(WORDS)["cells"]).rows
    assert [span.text for span in row][1:4] == ["ratio", "95%", "–"]
    assert row[4].text.startswith("40% of 10: 3 directions of strength 4")
